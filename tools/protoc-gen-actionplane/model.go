package main

import (
	"fmt"
	"slices"
	"strings"

	"google.golang.org/protobuf/compiler/protogen"
	"google.golang.org/protobuf/proto"

	contractv1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/contract/v1"
)

// service is a proto service whose methods carry the contract option.
type service struct {
	file    *protogen.File
	desc    *protogen.Service
	methods []method
}

// method is a proto method with its contract.
type method struct {
	desc     *protogen.Method
	contract *contractv1.Method
}

// owner is the second token of the subject.
func (m method) owner() string {
	return strings.Split(m.contract.GetSubject(), ".")[1]
}

// fullName is "/pkg.Service/Method".
func (m method) fullName() string {
	return fmt.Sprintf("/%s/%s", m.desc.Parent.Desc.FullName(), m.desc.Desc.Name())
}

// variable is the name of the generated contract.Method.
func (m method) variable() string {
	return m.desc.Parent.GoName + m.desc.GoName
}

// owners returns the distinct owners of the service's methods, sorted.
func (s service) owners() []string {
	var names []string
	for _, m := range s.methods {
		names = append(names, m.owner())
	}
	slices.Sort(names)
	return slices.Compact(names)
}

func servicesOf(f *protogen.File) ([]service, error) {
	var services []service
	for _, sd := range f.Services {
		s := service{file: f, desc: sd}
		for _, md := range sd.Methods {
			c, _ := proto.GetExtension(md.Desc.Options(), contractv1.E_Method).(*contractv1.Method)
			if err := check(md, c); err != nil {
				return nil, err
			}
			s.methods = append(s.methods, method{desc: md, contract: c})
		}
		services = append(services, s)
	}
	return services, nil
}

// check refuses a method that the edge or the bus could not place.
func check(md *protogen.Method, c *contractv1.Method) error {
	tokens := strings.Split(c.GetSubject(), ".")
	switch {
	case len(tokens) != 5 || tokens[0] != "actionplane" || tokens[3] != "rpc":
		return fmt.Errorf("%s: subject %q is not actionplane.<owner>.<version>.rpc.<name>", md.Desc.FullName(), c.GetSubject())
	case c.GetPermission() == "":
		return fmt.Errorf("%s: no permission", md.Desc.FullName())
	case md.Desc.IsStreamingClient() || md.Desc.IsStreamingServer():
		return fmt.Errorf("%s: the bus carries unary calls only", md.Desc.FullName())
	}
	return nil
}
