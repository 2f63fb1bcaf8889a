// Flow: External Authentication, Trigger: Post Authentication
function corporateSamlProfile(ctx, api) {
  const a = ctx.v1.providerInfo.attributes
  api.setFirstName(a["FirstName"][0])
  api.setLastName(a["LastName"][0])
  api.setEmail(a["Email"][0])
  api.setEmailVerified(true)
}
