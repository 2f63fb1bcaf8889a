let logger = require("zitadel/log")
// Flow: External Authentication, Trigger: Post Authentication
function networkProfile(ctx, api) {
  logger.log("raw: " + JSON.stringify(ctx.v1.providerInfo.rawInfo))
  api.setFirstName(ctx.v1.providerInfo.rawInfo.localizedFirstName)
  api.setLastName(ctx.v1.providerInfo.rawInfo.localizedLastName)
  api.setEmail(ctx.v1.providerInfo.rawInfo.email)
  api.setEmailVerified(true)
}
