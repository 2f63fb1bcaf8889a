// Command targets runs it.
package main

import _ "example.test/services/targets"

func main() {}
