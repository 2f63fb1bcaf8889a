package flow_test

import (
	"testing"

	"github.com/actionplane/actionplane/services/actions/internal/flow"
)

// TestTypes holds the tables of the sheet, 2.1.
func TestTypes(t *testing.T) {
	t.Parallel()
	for _, want := range []struct {
		typ     flow.Type
		id      string
		key     string
		english string
	}{
		{0, "0", "Action.Flow.Type.Unspecified", "Unspecified"},
		{1, "1", "Action.Flow.Type.ExternalAuthentication", "External Authentication"},
		{2, "2", "Action.Flow.Type.CustomiseToken", "Complement Token"},
		{3, "3", "Action.Flow.Type.InternalAuthentication", "Internal Authentication"},
		{4, "4", "Action.Flow.Type.CustomizeSAMLResponse", "Complement SAMLResponse"},
	} {
		if want.typ.ID() != want.id || want.typ.Text() != (flow.Text{Key: want.key, English: want.english}) {
			t.Errorf("flow %d: got %s %v", want.typ, want.typ.ID(), want.typ.Text())
		}
	}
	for trigger, key := range map[flow.Trigger]string{
		1: "Action.TriggerType.PostAuthentication", 2: "Action.TriggerType.PreCreation",
		3: "Action.TriggerType.PostCreation", 4: "Action.TriggerType.PreUserinfoCreation",
		5: "Action.TriggerType.PreAccessTokenCreation", 6: "Action.TriggerType.PreSAMLResponseCreation",
	} {
		if trigger.Text().Key != key || trigger.Text().English == "" {
			t.Errorf("trigger %d: got %v", trigger, trigger.Text())
		}
	}
}

func TestParse(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]flow.Type{
		"1": 1, "2": 2, "3": 3, "4": 4, "FLOW_TYPE_EXTERNAL_AUTHENTICATION": flow.ExternalAuthentication,
		"": 0, "0": 0, "5": 0, "01": 0, " 1": 0, "+1": 0, "FLOW_TYPE_UNSPECIFIED": 0, "flow_type_external_authentication": 0,
	} {
		if got := flow.ParseType(text); got != want {
			t.Errorf("ParseType(%q) = %d, want %d", text, got, want)
		}
	}
	for text, want := range map[string]flow.Trigger{
		"1": 1, "6": 6, "TRIGGER_TYPE_POST_AUTHENTICATION": 1, "TRIGGER_TYPE_PRE_CREATION": 2, "TRIGGER_TYPE_POST_CREATION": 3,
		"": 0, "0": 0, "7": 0, "TRIGGER_TYPE_UNSPECIFIED": 0,
	} {
		if got := flow.ParseTrigger(text); got != want {
			t.Errorf("ParseTrigger(%q) = %d, want %d", text, got, want)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, seed := range []string{"1", "4", "6", "FLOW_TYPE_EXTERNAL_AUTHENTICATION", "TRIGGER_TYPE_PRE_CREATION", ""} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if typ := flow.ParseType(text); typ != flow.Unspecified && flow.ParseType(typ.ID()) != typ {
			t.Errorf("flow %q is %d, whose id is another's", text, typ)
		}
		if trigger := flow.ParseTrigger(text); trigger != 0 && flow.ParseTrigger(trigger.ID()) != trigger {
			t.Errorf("trigger %q is %d, whose id is another's", text, trigger)
		}
	})
}
