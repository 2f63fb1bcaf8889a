let logger = require("zitadel/log")
// Flow: External Authentication, Trigger: Post Authentication
function corporateProfile(ctx, api) {
  if (ctx.v1.externalUser.externalIdpId != "111") {
    return
  }
  logger.info("mapping " + ctx.v1.providerInfo.preferred_username)
  let words = ctx.v1.providerInfo.name.split(" ")
  api.setFirstName(words.shift())
  api.setLastName(words.join(" "))
  api.setEmail(ctx.v1.providerInfo.email)
  api.setPreferredUsername(ctx.v1.providerInfo.preferred_username)
  api.setEmailVerified(true)
}
