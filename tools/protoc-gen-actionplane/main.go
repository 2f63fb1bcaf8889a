// Command protoc-gen-actionplane turns the contract options of proto methods
// into Go: a typed client over any contract.Caller, one server interface per
// owner of methods, and, for services that are offered at the edge, the list
// of them that the gateway mounts.
//
// Parameters: edge=<dir> writes that list to <dir>/edge.go.
package main

import (
	"flag"

	"google.golang.org/protobuf/compiler/protogen"
	"google.golang.org/protobuf/types/pluginpb"
)

const (
	contextPackage  = protogen.GoImportPath("context")
	contractPackage = protogen.GoImportPath("github.com/actionplane/actionplane/proto/contract")
	protoPackage    = protogen.GoImportPath("google.golang.org/protobuf/proto")
)

func main() {
	var flags flag.FlagSet
	edge := flags.String("edge", "", "directory of the generated edge package, relative to the output")
	protogen.Options{ParamFunc: flags.Set}.Run(func(p *protogen.Plugin) error {
		p.SupportedFeatures = uint64(pluginpb.CodeGeneratorResponse_FEATURE_PROTO3_OPTIONAL)
		var offered []service
		for _, f := range p.Files {
			if !f.Generate {
				continue
			}
			services, err := servicesOf(f)
			if err != nil {
				return err
			}
			if len(services) > 0 {
				writeBus(p, f, services)
				offered = append(offered, services...)
			}
		}
		if *edge != "" {
			writeEdge(p, *edge, offered)
		}
		return nil
	})
}
