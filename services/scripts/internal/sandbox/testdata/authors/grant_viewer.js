// Flow: External and Internal Authentication, Trigger: Post Creation
function grantViewer(ctx, api) {
  api.userGrants.push({
    projectID: '230000000000000001',
    roles: ['viewer', 'reader']
  });
}
