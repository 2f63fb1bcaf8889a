let http = require('zitadel/http')
let logger = require("zitadel/log")
// Any flow.
function notify_backend(ctx, api) {
  var answer = http.fetch('BACKEND/users', {
    method: 'POST',
    body: {
      "name": "visitor",
      "tags": ["a", "b"]
    }
  }).json();
  logger.info(answer.id);
}
