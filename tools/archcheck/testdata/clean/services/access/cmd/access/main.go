// Command access runs it.
package main

import _ "example.test/services/access"

func main() {}
