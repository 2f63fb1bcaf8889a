// Flow: External Authentication, Trigger: Post Authentication
function forgeProfile(ctx, api) {
    if (ctx.v1.externalUser.externalIdpId != "111") {
        return;
    }
    var parts = ctx.v1.providerInfo.name.split(' ');
    api.setFirstName(parts[0]);
    api.setLastName(parts[1]);
}
