// Flow: External Authentication, Trigger: Post Authentication
function hubProfile(ctx, api) {
    if (ctx.v1.externalUser.externalIdpId != "111") {
        return;
    }
    let name = ctx.v1.providerInfo.name.split(" ", 2);
    api.setFirstName(name[0]);
    api.setLastName(name[1]);
}
