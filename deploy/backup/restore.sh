#!/usr/bin/env bash
# Makes what backup.sh saved, where there is nothing yet.
#
#   restore.sh <backup>
#
#   DATABASE_URL   an empty database with the services' roles in it (see
#                  deploy/postgres/roles.sql), for a superuser
#   NATS_URL       a NATS with JetStream and none of our streams
#   ACTIONPLANE_STREAM_REPLICAS
#                  as the services have it; default 1
#   ACTIONPLANE_MASTER_KEY, or ACTIONPLANE_MASTER_KEY_FILE
#                  that of the backup; another is refused
#   ACTIONPLANE    the binary `actionplane`; default: the one on PATH
#
#   1. stop every service: none may run before this is done
#   2. new stores: an empty database with roles.sql, an empty NATS
#   3. restore.sh <backup>
#   4. start the services, of the version of the backup or a later one, with the
#      same master key; Redis may be empty, and must not be that of before
#      (FLUSHDB): its entries would count as newer than what was restored
#   5. restart what uses the SDK and has been up since before
#   6. GET /api/v0/organizations/{id}/adminActions:verify, and look at
#      the deliveries that are over since the backup: they are sent again, under
#      the webhook-id that receivers know
#
# When it fails half way, begin again at 2: it takes nothing back.
set -euo pipefail

die() { echo "restore: $*" >&2; exit 1; }

[ $# -eq 1 ] || die "usage: restore.sh <backup>"
: "${DATABASE_URL:?is not set}" "${NATS_URL:?is not set}"
actionplane=${ACTIONPLANE:-actionplane}
here=$(cd "$(dirname "$0")" && pwd)
backup=$(cd "$1" && pwd) || die "there is no $1"
sql() { psql --no-psqlrc --no-password --quiet --tuples-only --no-align -v ON_ERROR_STOP=1 --dbname="$DATABASE_URL" --command="$1"; }

"$here/verify.sh" "$backup"
"$actionplane" key check "$(cat "$backup/master-key.fingerprint")"
tables=$(sql "SELECT count(*) FROM pg_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema', 'public')")
[ "$tables" -eq 0 ] || die "DATABASE_URL: the database is not empty, it has $tables tables"

# roles.sql has made the schemas already, empty ones: they are made anew.
pg_restore --no-password --single-transaction --exit-on-error --clean --if-exists --dbname="$DATABASE_URL" "$backup/database.dump" ||
	die "the database could not be restored; are the services' roles there (deploy/postgres/roles.sql)?"
sql ANALYZE

# Events that come from now on are later than all that the database knows.
after=$(sql "SELECT coalesce(max(event_sequence), 0) FROM dispatch.deliveries")
"$actionplane" streams load "$backup/streams" "--events-after=$after"
echo "restore: $backup is restored; the services may be started"
