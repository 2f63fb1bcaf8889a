package main

import (
	"regexp"
	"strings"

	"google.golang.org/protobuf/compiler/protogen"

	contractv1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/contract/v1"
)

// prose is what the comments of a declaration say, one paragraph per line.
func prose(c protogen.CommentSet) string {
	return paragraphs(string(c.Leading) + "\n" + string(c.Trailing))
}

func paragraphs(text string) string {
	var out []string
	for _, paragraph := range strings.Split(strings.TrimSpace(text), "\n\n") {
		var lines []string
		for line := range strings.Lines(paragraph) {
			if line = strings.TrimSpace(line); line != "" {
				lines = append(lines, line)
			}
		}
		out = append(out, strings.Join(lines, " "))
	}
	return strings.TrimSpace(strings.Join(out, "\n\n"))
}

var hump = regexp.MustCompile(`([a-z])([A-Z])`)

// words turns CreateTarget into "Create target".
func words(name string) string {
	spaced := strings.ToLower(hump.ReplaceAllString(name, "$1 $2"))
	return strings.ToUpper(spaced[:1]) + spaced[1:]
}

// access says who may call.
func access(c *contractv1.Method) string {
	where := " for the instance."
	if c.GetScope() == contractv1.Scope_SCOPE_ORGANIZATION {
		where = " in the organization that the call is about: " + organization(c)
	}
	if c.GetPermission() == public {
		return "Needs no token."
	}
	text := "Needs permission " + c.GetPermission() + where
	if c.GetPermission() == "authenticated" {
		text = "Needs any valid token."
	}
	if gate := c.GetGate(); gate != nil {
		text += " An organization may demand other people's approval (" + gate.GetDisplayName() + "); then the answer is 202 with the request for it."
	}
	return text
}

// scope says where the permission must hold; "" for methods that need none.
func scope(c *contractv1.Method) string {
	switch {
	case c.GetPermission() == public || c.GetPermission() == "authenticated":
		return ""
	case c.GetScope() == contractv1.Scope_SCOPE_ORGANIZATION:
		return "organization"
	}
	return "instance"
}

func organization(c *contractv1.Method) string {
	if f := c.GetOrganizationField(); f != "" {
		return "the one that " + f + " names."
	}
	return "the one that header x-zitadel-orgid names, else the caller's own."
}
