// Package contract reaches up.
package contract

import _ "example.test/libs/fault"
