let logger = require("zitadel/log")
/* Writes a line about each login.
 *
 * Flow: External and Internal Authentication, Trigger: Post Authentication
 */
function login_protocol(ctx, api) {
  if (ctx.v1.authError == "none") {
    logger.info("login of " + ctx.v1.authRequest.userName + " at " + ctx.v1.authRequest.creationDate + " from " + ctx.v1.httpRequest.remoteAddr)
  } else {
    logger.error("login failed: " + ctx.v1.authError)
  }
  logger.info("request " + JSON.stringify(ctx.v1.httpRequest))
}
