let log = require("zitadel/log")
// Flow: External and Internal Authentication, all triggers
function onlyForOneApplication(ctx, api) {
  if (ctx.v1.authRequest.applicationId !== "app-1") {
    log.info("another application: nothing to do 🙈")
    return
  }
  log.info("the right application 🎯")
}
