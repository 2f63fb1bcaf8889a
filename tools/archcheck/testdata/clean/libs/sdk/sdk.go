// Package sdk is for strangers.
package sdk

import _ "example.test/proto/gen/go/v1"
