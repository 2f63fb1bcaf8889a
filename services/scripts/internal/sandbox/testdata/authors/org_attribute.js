// Flow: Complement SAMLResponse
function orgAttribute(ctx, api) {
  let all = ctx.v1.org.getMetadata()
  all.metadata.forEach(m => {
    api.v1.attributes.setCustomAttribute('org_' + m.key, '', m.value)
  })
}
