#!/usr/bin/env bash
# Checks that a backup is whole and can be read; it needs no servers.
#
#   verify.sh <backup>
set -euo pipefail

die() { echo "verify: $*" >&2; exit 1; }

[ $# -eq 1 ] || die "usage: verify.sh <backup>"
cd "$1" || die "there is no $1"
for file in SHA256SUMS master-key.fingerprint database.dump streams/EVENTS.stream; do
	[ -s "$file" ] || die "$1: $file is missing"
done
sha256sum --quiet --strict --check SHA256SUMS || die "$1 is damaged"
[ "$(find . -type f ! -name SHA256SUMS | wc -l)" -eq "$(wc -l <SHA256SUMS)" ] || die "$1 holds files that are not its own"
pg_restore --file=/dev/null database.dump || die "$1: database.dump cannot be read"
