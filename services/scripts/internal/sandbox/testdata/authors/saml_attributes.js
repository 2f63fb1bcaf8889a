// Flow: Complement SAMLResponse
function samlAttributes(ctx, api) {
  const owner = ctx.v1.getUser().resourceOwner
  api.v1.attributes.setCustomAttribute('Owner', 'urn:format', owner)
  let values = ['one', 'two', 'three']
  api.v1.attributes.setCustomAttribute('Several', '', ...values)
}
