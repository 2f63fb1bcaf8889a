// Package bus is a library.
package bus

import _ "example.test/proto/contract"
