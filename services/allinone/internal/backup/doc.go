// Package backup is what the scripts of deploy/backup cannot do with Postgres's
// own tools: it saves and loads the streams, and tells whether a master key is
// the one that a backup was made under, without keeping it. It is two
// subcommands of the binary actionplane:
//
//	actionplane streams save <directory>
//	actionplane streams load <directory> [--events-after <sequence>]
//	actionplane key fingerprint
//	actionplane key check <fingerprint>
//
// Why the streams are saved in the order they are, and before the database, is
// told in deploy/backup/backup.sh.
package backup
