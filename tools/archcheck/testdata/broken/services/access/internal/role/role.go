// Package role asks its own service.
package role

import _ "example.test/services/access"
