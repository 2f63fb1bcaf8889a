package executions

import (
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/actionplane/actionplane/libs/fault"
	"github.com/actionplane/actionplane/libs/validation"
	"github.com/actionplane/actionplane/libs/wirejson"
	actionplanev1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/v1"
	"github.com/actionplane/actionplane/services/executions/internal/condition"
)

// FuzzBatchIsRefusedOrUnderstood reads batches as they come in, in JSON and in
// protobuf: every one is refused with the name of a field, or has nothing that
// a condition or a target could stumble over.
func FuzzBatchIsRefusedOrUnderstood(f *testing.F) {
	rules, err := validation.New()
	if err != nil {
		f.Fatal(err)
	}
	s := &Service{cfg: DefaultConfig()}
	for _, seed := range []string{
		`{"events":[{"id":"1","type":"user.human.added","payload":{"a":1}},{"type":"a"}]}`, `{"events":[null]}`, `{"events":[]}`,
		`{"events":[{"type":"a","payload":[]}]}`, `{"events":[{"type":"a..b"}]}`, `{"events":[{"id":"1","type":"a"},{"id":"1","type":"a"}]}`,
		`{"events":[{"type":"a","attributes":{"source":"/x"}}]}`, "{\"events\":[{\"type\":\"a\u200b\"}]}", `{"events":`, "\x0a\x03\x12\x01a",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		in := new(actionplanev1.PublishEventsRequest)
		if wirejson.Default().Unmarshal(data, in) != nil && proto.Unmarshal(data, in) != nil {
			return
		}
		err := rules.Check(in)
		if err == nil {
			err = s.checkBatch(in.GetEvents())
		}
		if err != nil {
			if fault.CodeOf(err) != fault.CodeInvalid || !strings.Contains(err.Error(), "events") {
				t.Fatalf("got %v", err)
			}
			return
		}
		ids := map[string]bool{}
		for _, e := range in.GetEvents() {
			if strings.ContainsAny(e.GetId(), ". \n") || e.GetId() != "" && ids[e.GetId()] || (condition.Trigger{Kind: condition.Event, Name: e.GetType()}).Validate() != nil {
				t.Fatalf("%v was taken", e)
			}
			ids[e.GetId()] = true
		}
	})
}

func TestRanges(t *testing.T) {
	t.Parallel()
	for want, places := range map[string][]bool{
		"": {false, false}, "0": {true}, "0-1": {true, true}, "1,3-5": {false, true, false, true, true, true}, "0,2": {true, false, true},
	} {
		if got := ranges(places); got != want {
			t.Errorf("%v: %q", places, got)
		}
	}
}
