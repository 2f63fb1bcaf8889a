// Package sdk drags a library along.
package sdk

import _ "example.test/libs/fault"
