// Flow: External Authentication, Trigger: Post Authentication
function samlProfileByOid(ctx, api) {
    let given = ctx.v1.providerInfo.attributes["urn:oid:2.5.4.42"];
    if (given != undefined) {
        api.setFirstName(given[0]);
    }
    let mail = ctx.v1.providerInfo.attributes["urn:oid:0.9.2342.19200300.100.1.3"];
    if (mail != undefined) {
        api.setEmail(mail[0]);
        api.setEmailVerified(true);
    }
}
