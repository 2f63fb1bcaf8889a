package scripts

import (
	"context"
	"fmt"

	actionplanev1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/v1"
	"github.com/actionplane/actionplane/services/scripts/types"
)

// GetTypes returns the TypeScript declarations for authors.
func (*Service) GetTypes(context.Context, *actionplanev1.GetTypesRequest) (*actionplanev1.GetTypesResponse, error) {
	entries, err := types.Files.ReadDir(".")
	if err != nil {
		return nil, fmt.Errorf("list declarations: %w", err)
	}
	out := &actionplanev1.GetTypesResponse{}
	for _, e := range entries {
		content, err := types.Files.ReadFile(e.Name())
		if err != nil {
			return nil, fmt.Errorf("read declarations: %w", err)
		}
		out.Files = append(out.Files, &actionplanev1.TypesFile{Name: e.Name(), Content: string(content)})
	}
	return out, nil
}
