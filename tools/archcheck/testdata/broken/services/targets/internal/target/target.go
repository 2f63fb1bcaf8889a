// Package target should decide, and looks at the world.
package target

import (
	"os"
	clock "time"
)

// Home is read.
func Home() string { return os.Getenv("HOME") }

// Now is not given.
func Now() clock.Time { return clock.Now() }

// Tick hides the same in a value.
var Tick = clock.Now

type fault struct{}

func (f fault) WithReason(string) fault { return f }

// IDs are what clients are answered.
var (
	IDs    = []string{"COMMAND-l1sted", "COMMAND-unl1sted", "ZITADEL-Signature", "RSA-OAEP"}
	Reason = fault{}.WithReason("UNLISTED_REASON")
)

const codeUnlisted = "UNLISTED_CONSTANT"
