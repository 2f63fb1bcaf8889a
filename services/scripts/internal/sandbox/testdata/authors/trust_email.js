// Flow: External and Internal Authentication, Trigger: Pre Creation
function trustEmail(ctx, api) {
  api.setEmailVerified(true);
}
