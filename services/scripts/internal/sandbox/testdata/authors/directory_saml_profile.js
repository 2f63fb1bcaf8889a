// Flow: External Authentication, Trigger: Post Authentication
function directorySamlProfile(ctx, api) {
  if (ctx.v1.externalUser.externalIdpId != '111') {
    return
  }
  const ns = 'http://schemas.example.org/identity/claims/'
  let first = ctx.v1.providerInfo.attributes[ns + 'givenname'][0]
  let last = ctx.v1.providerInfo.attributes[ns + 'surname'][0]
  let mail = ctx.v1.providerInfo.attributes[ns + 'emailaddress'][0]
  let name = ctx.v1.providerInfo.attributes["http://schemas.example.org/identity/displayname"][0]
  api.setFirstName(first)
  api.setLastName(last)
  api.setEmail(mail)
  api.setDisplayName(name)
  api.setPreferredUsername(mail)
}
