// Flow: External and Internal Authentication, Triggers: Pre Creation, Post Authentication
function remember_origin(ctx, api) {
    if (api.metadata === undefined) {
        return;
    }
    api.v1.user.appendMetadata('origin', 'portal');
}
