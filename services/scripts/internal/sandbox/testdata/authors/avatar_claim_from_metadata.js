// Flow: Complement Token
function avatar_claim_from_metadata(ctx, api) {
  if (ctx.v1.claims.picture) {
    return;
  }
  const found = ctx.v1.user.getMetadata();
  if (found === undefined || found.count === 0) {
    return;
  }
  found.metadata.forEach(({ key, value }) => {
    if (key === 'avatar') {
      api.v1.claims.setClaim('picture', value);
    }
  });
}
