package executions

import (
	"context"
	"strings"

	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/actionplane/actionplane/libs/fault"
	"github.com/actionplane/actionplane/libs/tenant"
	actionplanev1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/v1"
	"github.com/actionplane/actionplane/services/executions/internal/store"
)

// kindProto are the kinds of the catalog on the wire.
var kindProto = map[store.Kind]actionplanev1.CatalogKind{
	store.Method:   actionplanev1.CatalogKind_CATALOG_KIND_METHOD,
	store.Function: actionplanev1.CatalogKind_CATALOG_KIND_FUNCTION,
	store.Event:    actionplanev1.CatalogKind_CATALOG_KIND_EVENT,
}

// ListCatalog lists what was announced, when and by whom. A page's token is
// its last entry, "function/name".
func (s *Service) ListCatalog(ctx context.Context, in *actionplanev1.ListCatalogRequest) (*actionplanev1.ListCatalogResponse, error) {
	after, err := entryFrom(in.GetPageToken())
	if err != nil {
		return nil, err
	}
	limit, err := pageLimit(in.GetLimit())
	if err != nil {
		return nil, err
	}
	entries, err := s.store.ListCatalog(ctx, string(tenant.From(ctx).Tenant), kindFrom(in.GetKind()), after, limit+1)
	if err != nil {
		return nil, err
	}
	out := &actionplanev1.ListCatalogResponse{}
	if len(entries) > limit {
		entries = entries[:limit]
		out.NextPageToken = string(entries[limit-1].Kind) + "/" + entries[limit-1].Name
	}
	for _, e := range entries {
		out.Entries = append(out.Entries, &actionplanev1.CatalogEntry{
			Kind: kindProto[e.Kind], Name: e.Name,
			FirstAnnounced: timestamppb.New(e.First), FirstAnnouncedBy: e.FirstBy,
			LastAnnounced: timestamppb.New(e.Last), LastAnnouncedBy: e.LastBy,
		})
	}
	return out, nil
}

func kindFrom(wire actionplanev1.CatalogKind) store.Kind {
	for kind, number := range kindProto {
		if number == wire {
			return kind
		}
	}
	return "" // all
}

func entryFrom(token string) (store.CatalogEntry, error) {
	if token == "" {
		return store.CatalogEntry{}, nil
	}
	kind, name, ok := strings.Cut(token, "/")
	if !ok {
		return store.CatalogEntry{}, fault.Invalid("page_token: is not one")
	}
	return store.CatalogEntry{Kind: store.Kind(kind), Name: name}, nil
}

// pageLimit is how many results a page of our own lists has.
func pageLimit(asked uint32) (int, error) {
	switch {
	case asked == 0:
		return defaultLimit, nil
	case asked > maxLimit:
		return 0, fault.Invalid("limit: at most %d results", maxLimit)
	}
	return int(asked), nil
}
