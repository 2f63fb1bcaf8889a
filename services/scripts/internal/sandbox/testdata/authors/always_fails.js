/**
 * Shows what a failing action looks like: "no luck today at always_fails (<eval>:6:3(2))"
 */
function always_fails(ctx, api) {

  throw "no luck today"
}
