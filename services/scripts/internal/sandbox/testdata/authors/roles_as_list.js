// Flow: Complement Token
function rolesAsList(ctx, api) {
  if (ctx.v1.user.grants == undefined || ctx.v1.user.grants.count == 0) {
    return;
  }
  let list = [];
  ctx.v1.user.grants.grants.forEach(grant => {
    grant.roles.forEach(role => {
      list.push(grant.projectId + ':' + role)
    })
  })
  api.v1.claims.setClaim('roles_list', list)
}
