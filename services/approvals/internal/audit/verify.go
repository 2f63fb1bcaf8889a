package audit

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
)

// Row is an entry as it is stored.
type Row struct {
	Sequence int64
	Entry    []byte
	Previous []byte
	Hash     []byte
}

// Kind is what was done to a chain.
type Kind string

// The kinds.
const (
	Edited    Kind = "edited"
	Deleted   Kind = "deleted"
	Reordered Kind = "reordered"
	Truncated Kind = "truncated"
)

// Fault names the row that is not what was written.
type Fault struct {
	Sequence int64
	Kind     Kind
	Detail   string
}

// maxFaults bounds a report: a chain that is broken throughout is broken.
const maxFaults = 100

// Verifier reads a chain row by row, in order of their sequence. The zero
// value is not ready; see NewVerifier.
type Verifier struct {
	organization string
	anchors      map[int64][][]byte // hashes that were told outside, by sequence
	last         int64
	hash         []byte
	faults       []Fault
}

// NewVerifier returns a verifier of an organization's chain. anchors are the
// hashes that are kept outside, by sequence; nil: they are not known.
func NewVerifier(organization string, anchors map[int64][][]byte) *Verifier {
	return &Verifier{organization: organization, anchors: anchors, hash: make([]byte, 32)}
}

// Row reads the next row.
func (v *Verifier) Row(r Row) {
	for missing := v.last + 1; missing < r.Sequence && len(v.faults) < maxFaults; missing++ {
		v.report(missing, Deleted, "there is no such entry")
	}
	gap := r.Sequence != v.last+1
	switch kind, detail := v.judge(r, gap); {
	case kind != "":
		v.report(r.Sequence, kind, detail)
	case v.contradicts(r):
		v.report(r.Sequence, Edited, "its hash is not the one that is kept outside: the chain was written anew from here on")
		v.anchors = nil // everything behind it differs as well
	}
	v.last, v.hash = r.Sequence, r.Hash
}

func (v *Verifier) judge(r Row, gap bool) (Kind, string) {
	var told struct {
		Sequence     int64  `json:"sequence"`
		Organization string `json:"organizationId"`
	}
	if json.Unmarshal(r.Entry, &told) != nil {
		return Edited, "the entry is no JSON"
	}
	switch {
	case !bytes.Equal(Hash(r.Previous, r.Entry), r.Hash) && told.Sequence == r.Sequence:
		return Edited, "the hash does not fit the entry"
	case told.Sequence != r.Sequence:
		return Reordered, fmt.Sprintf("the entry is the %d.", told.Sequence)
	case told.Organization != v.organization:
		return Edited, "the entry is another organization's"
	case !gap && !bytes.Equal(r.Previous, v.hash):
		return Edited, "it does not follow the entry before: one of the two was written anew"
	}
	return "", ""
}

// contradicts reports whether another hash was told outside.
func (v *Verifier) contradicts(r Row) bool {
	told := v.anchors[r.Sequence]
	return len(told) > 0 && slices.ContainsFunc(told, func(hash []byte) bool { return !bytes.Equal(hash, r.Hash) })
}

// Close returns what is wrong, in order of the chain; nil: nothing.
func (v *Verifier) Close() []Fault {
	if newest := v.newest(); newest > v.last {
		v.report(v.last+1, Truncated, fmt.Sprintf("entries up to %d were told of outside, and are gone", newest))
	}
	return v.faults
}

func (v *Verifier) newest() int64 {
	var newest int64
	for sequence := range v.anchors {
		newest = max(newest, sequence)
	}
	return newest
}

func (v *Verifier) report(sequence int64, kind Kind, detail string) {
	if len(v.faults) < maxFaults {
		v.faults = append(v.faults, Fault{Sequence: sequence, Kind: kind, Detail: detail})
	}
}

// Head returns the last row's sequence and hash.
func (v *Verifier) Head() (sequence int64, hash []byte) { return v.last, v.hash }
