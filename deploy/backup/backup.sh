#!/usr/bin/env bash
# Saves everything that Actionplane must not lose, while it is used.
#
#   backup.sh <directory>            -> <directory>/<time>/, checked
#
#   DATABASE_URL   the database, for a role that may read all of it: a superuser,
#                  or one with pg_read_all_data and CONNECT (not the services'
#                  {service} URL)
#   NATS_URL       the streams
#   ACTIONPLANE_MASTER_KEY, or ACTIONPLANE_MASTER_KEY_FILE
#                  its fingerprint is kept, so that a restore knows it again; the
#                  key itself never is: keep it somewhere else. Who has both has
#                  every secret, who has one has none.
#   KEEP           how many backups stay; default 14
#   ACTIONPLANE    the binary `actionplane`; default: the one on PATH
#
# pg_dump must not be older than the server. All of it ends up in files that
# only their owner may read; they hold customers' payloads, so encrypt them
# where they are kept. Run it from cron or a CronJob, and restore one now and
# then (restore.sh): a backup that nobody has restored is a hope.
#
# What is saved, in this order, and why in this one
#
#   1. the stream EVENTS    accepted events whose deliveries are no rows yet
#   2. the stream RUNS      the same, resolved by executions of the release
#                           before; without those there are none
#   3. APPROVALS, CHANGES, AUDIT_HEADS
#   4. the database, all schemas in one snapshot: targets, executions, actions,
#      people, approvals and their audit, deliveries and when they are due
#
# An event leaves a place only once it has reached the next: EVENTS, RUNS,
# database. Whoever looks in that order meets it at least once, wherever it goes
# meanwhile; the other way round it could pass behind his back. What is met
# twice is one run all the same, for the event's id is unique among runs; so
# nothing is delivered again that had been delivered when the database was
# saved. Heads of audit chains are saved before the chains: a chain may have
# grown since, but must not be shorter than what was told of it.
#
# So: what was accepted before this began is in the backup. What is accepted
# while it runs may be in it or not. What is delivered after it is delivered
# again after a restore, under the same webhook-id.
#
# A change made in the last moments before the snapshot of the database, and
# told of by then, may lack its echo elsewhere: a target that was deleted just
# then may still stand in a list, where it counts as one that is not there, and
# a change that needed nobody's approval may lack its line in the audit. The
# moment is that from an announcement to its being heard, milliseconds.
#
# Not saved: Redis, which is a cache; consumers, which services make at their
# start; the secrets that services are configured with.
set -euo pipefail
umask 077

die() { echo "backup: $*" >&2; exit 1; }

[ $# -eq 1 ] || die "usage: backup.sh <directory>"
: "${DATABASE_URL:?is not set}" "${NATS_URL:?is not set}"
actionplane=${ACTIONPLANE:-actionplane}
keep=${KEEP:-14}
[[ $keep =~ ^[1-9][0-9]*$ ]] || die "KEEP must be a number, at least 1"
here=$(cd "$(dirname "$0")" && pwd)

mkdir -p "$1"
directory=$(cd "$1" && pwd)
name=$(date -u +%Y%m%dT%H%M%SZ)
[ ! -e "$directory/$name" ] || die "$directory/$name is there already"
part=$directory/.$name.part # becomes a backup only when it is whole
trap 'rm -rf "$part"' EXIT
# What one left that was killed goes first; one under way is younger than a day.
find "$directory" -mindepth 1 -maxdepth 1 -type d -name '.[0-9]*T[0-9]*Z.part' -mmin +1440 -exec rm -rf {} +
mkdir "$part"

"$actionplane" key fingerprint >"$part/master-key.fingerprint"
"$actionplane" streams save "$part/streams"
pg_dump --no-password --format=custom --exclude-schema=public --file="$part/database.dump" --dbname="$DATABASE_URL"
(cd "$part" && find . -type f ! -name SHA256SUMS -print0 | sort -z | xargs -0 sha256sum >SHA256SUMS)
"$here/verify.sh" "$part"
sync -f "$part"
mv "$part" "$directory/$name"
echo "backup: $directory/$name, $(du -sh "$directory/$name" | cut -f1)"

# Only now that there is a new one, the oldest go.
find "$directory" -mindepth 1 -maxdepth 1 -type d -name '[0-9]*T[0-9]*Z' -printf '%f\n' |
	sort -r | tail -n +"$((keep + 1))" | while read -r old; do
	rm -rf "${directory:?}/$old"
	echo "backup: $old is removed, $keep are kept"
done
