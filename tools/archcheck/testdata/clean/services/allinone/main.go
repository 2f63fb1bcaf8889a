// Command allinone runs all of them.
package main

import (
	_ "example.test/services/access"
	_ "example.test/services/targets"
)

func main() {}
