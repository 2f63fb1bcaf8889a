// Package types holds the TypeScript declarations of what scripts are offered,
// for authors' editors. Tests in internal/hostapi and internal/sandbox hold
// them against what there is.
package types

import "embed"

// Files are the declarations: globals.d.ts, modules.d.ts, flows.d.ts and
// targets.d.ts.
//
//go:embed *.d.ts
var Files embed.FS
