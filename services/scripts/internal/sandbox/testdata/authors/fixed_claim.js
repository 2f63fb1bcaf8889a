/**
 * Puts a constant number into the token.
 *
 * Flow: Complement Token, Triggers: Pre Userinfo creation, Pre access token creation
 *
 * @param ctx
 * @param api
 */
function fixedClaim(ctx, api) {
  api.v1.claims.setClaim('plan_level', 7)
}
