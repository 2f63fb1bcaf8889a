// Flow: External Authentication, Trigger: Post Authentication
function keep_picture(ctx, api) {
  const picture = ctx.getClaim('picture');
  if (picture !== null) {
    api.v1.user.appendMetadata('picture', picture);
  }
}
