# syntax=docker/dockerfile:1.9
# The scripts of deploy/backup with what they run: Postgres's client programs and
# the binary actionplane. The context is the root of the repository:
#
#   docker build -f deploy/docker/service.Dockerfile --build-arg SERVICE=allinone -t actionplane/allinone .
#   docker build -f deploy/docker/backup.Dockerfile -t actionplane/backup .

# Of the version that serves, or a later one.
ARG ALLINONE_IMAGE=actionplane/allinone
# Not older than the server; not Alpine, whose find, sort and sync are others.
ARG POSTGRES_IMAGE=postgres:17.5-bookworm

FROM ${ALLINONE_IMAGE} AS allinone

FROM ${POSTGRES_IMAGE}
COPY --from=allinone /service /usr/local/bin/actionplane
# The public authorities, which Postgres's image lacks.
COPY --from=allinone /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY deploy/backup /usr/local/lib/actionplane/backup
USER 65532:65532
ENTRYPOINT []
CMD ["/usr/local/lib/actionplane/backup/backup.sh", "/backups"]
