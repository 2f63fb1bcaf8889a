// Flow: Complement Token
function rolesByCustomer(ctx, api) {
  if (ctx.v1.user.grants === undefined || ctx.v1.user.grants.count === 0) {
    return;
  }
  let teams = [];
  ctx.v1.user.grants.grants.forEach((grant) => {
    const entry = grant.getOrgMetadata().metadata.find((m) => m.key === 'customer');
    grant.roles.forEach((role) => {
      teams.push(entry === undefined ? role : entry.value + '/' + role);
    });
  });
  api.v1.claims.setClaim('teams', teams);
}
