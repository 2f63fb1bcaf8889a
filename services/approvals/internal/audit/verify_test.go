package audit_test

import (
	"bytes"
	"testing"

	"pgregory.net/rapid"

	"github.com/actionplane/actionplane/services/approvals/internal/audit"
)

const organization = "95b11417-f18f-457f-8804-68e361f9164f"

// chain makes an intact chain of n entries and its anchors.
func chain(t interface{ Fatal(...any) }, n int) ([]audit.Row, map[int64][][]byte) {
	var rows []audit.Row
	anchors := map[int64][][]byte{}
	previous := make([]byte, 32)
	for i := range n {
		entry, err := audit.Entry{Sequence: int64(i + 1), Type: audit.Submitted, Organization: organization}.Bytes()
		if err != nil {
			t.Fatal(err)
		}
		hash := audit.Hash(previous, entry)
		rows = append(rows, audit.Row{Sequence: int64(i + 1), Entry: entry, Previous: previous, Hash: hash})
		anchors[int64(i+1)] = [][]byte{hash}
		previous = hash
	}
	return rows, anchors
}

func verify(rows []audit.Row, anchors map[int64][][]byte) []audit.Fault {
	v := audit.NewVerifier(organization, anchors)
	for _, r := range rows {
		v.Row(r)
	}
	return v.Close()
}

// TestNothingGoesUnnoticed damages intact chains in one place each.
func TestNothingGoesUnnoticed(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		rows, anchors := chain(t, rapid.IntRange(2, 12).Draw(t, "entries"))
		if faults := verify(rows, anchors); faults != nil {
			t.Fatalf("an intact chain: %v", faults)
		}
		at := rapid.IntRange(0, len(rows)-1).Draw(t, "at")
		kind := rapid.SampledFrom([]audit.Kind{audit.Edited, audit.Deleted, audit.Reordered, audit.Truncated}).Draw(t, "kind")
		want := int64(at + 1)
		switch kind {
		case audit.Edited:
			rows[at].Entry = bytes.Replace(rows[at].Entry, []byte("submitted"), []byte("approved"), 1)
			if rapid.Bool().Draw(t, "and everything behind it is hashed anew") {
				for i := at; i < len(rows); i++ {
					rows[i].Hash = audit.Hash(rows[i].Previous, rows[i].Entry)
					if i+1 < len(rows) {
						rows[i+1].Previous = rows[i].Hash
					}
				}
			}
		case audit.Deleted:
			if at == len(rows)-1 {
				kind = audit.Truncated
			}
			rows = append(rows[:at:at], rows[at+1:]...)
		case audit.Reordered:
			other := rapid.IntRange(0, len(rows)-1).Filter(func(i int) bool { return i != at }).Draw(t, "with")
			rows[at].Entry, rows[other].Entry = rows[other].Entry, rows[at].Entry
			want = int64(min(at, other) + 1)
		case audit.Truncated:
			rows = rows[:at]
		}
		faults := verify(rows, anchors)
		if len(faults) == 0 || faults[0].Sequence != want || faults[0].Kind != kind {
			t.Fatalf("%s at %d: got %v", kind, want, faults)
		}
	})
}

func TestAnEmptyChainIsIntact(t *testing.T) {
	t.Parallel()
	if faults := verify(nil, nil); faults != nil {
		t.Errorf("got %v", faults)
	}
}
