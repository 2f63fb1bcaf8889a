module github.com/actionplane/actionplane/tools

go 1.26.0

require (
	github.com/actionplane/actionplane/proto v0.0.0
	google.golang.org/protobuf v1.36.12
)

replace github.com/actionplane/actionplane/proto => ../proto
