// Package config fills a struct from environment variables and describes it.
//
// A service's Config is a plain struct with defaults; the tags name the
// variables:
//
//	type Config struct {
//		Workers int           `env:"DISPATCH_WORKERS" doc:"deliveries sent at the same time"`
//		Timeout time.Duration `env:"DISPATCH_TIMEOUT" doc:"longest wait for a target"`
//		DSN     config.Secret `env:"DATABASE_URL" doc:"Postgres of this service"`
//	}
//
// Load, Describe, Effective and Dump all read that one struct, so the code, the
// reference table, `actionplane config` and the start-up log cannot disagree.
// Fields without a tag that are structs are walked into, embedded ones too. A
// field may be a string, bool, integer, time.Duration, Secret, anything that
// implements encoding.TextUnmarshaler, or a slice of those (comma separated). A
// Secret may stand in a file instead: DATABASE_URL_FILE=/run/secrets/database.
//
// This is some hundred lines of reflection of our own instead of caarlos0/env:
// its parser would save the one switch in parse.go, but Describe and Dump need
// the same walk over the fields anyway, and two walks with two sets of rules
// are how documentation starts to lie.
package config
