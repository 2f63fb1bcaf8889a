module github.com/actionplane/actionplane/libs/sdk

go 1.26.0

require (
	github.com/actionplane/actionplane/proto v0.0.0
	github.com/nats-io/nats.go v1.55.0
	github.com/gofiber/fiber/v2 v2.52.15
	google.golang.org/grpc v1.85.0
	google.golang.org/protobuf v1.36.12
)

replace github.com/actionplane/actionplane/proto => ../../proto
