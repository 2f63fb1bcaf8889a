# An image of a static binary that is there already, for machines without a
# registry. `make images` builds one of each service with it and starts them as
# production would. The context is the folder that holds the binary:
#
#   CGO_ENABLED=0 go build -trimpath -o .tools/image/service ./services/targets/cmd/targets
#   mkdir -p .tools/image/data
#   podman build -f deploy/docker/binary.Dockerfile -t actionplane/targets .tools/image
#
# There is no CA bundle in it: for targets behind public certificates, mount
# one and name it with SSL_CERT_FILE, or build service.Dockerfile.
FROM scratch
COPY service /service
COPY --chown=65532:65532 data /data
ENV ACTIONPLANE_ADDR=:8080 ACTIONPLANE_OPS_ADDR=:9090 ACTIONPLANE_DATA_DIR=/data
EXPOSE 8080 9090
USER 65532:65532
ENTRYPOINT ["/service"]
