// Package payload shows a JSON document to a script and prints what the script
// made of it.
//
// Parsing inside the VM is dear (JSON.parse and JSON.stringify of 1 KiB cost
// over 100 us), and most scripts read two fields of twenty. So an object of the
// document becomes an object that keeps its raw bytes: a member is decoded when
// it is read, and one that was never assigned is printed by copying its bytes.
// Arrays become plain JavaScript arrays when they are first read.
//
// Numbers. JavaScript has no 64-bit integers: a script that reads
// 9007199254740993 sees 9007199254740992, as with JSON.parse. Printing keeps
// the digits nevertheless: values that were not assigned are copied, and a
// number that equals an integer of the input which JavaScript cannot hold is
// printed with the input's digits, wherever the script put it. Only arithmetic
// on such a number can go wrong. Two integers of one document that JavaScript
// cannot tell apart lose this protection where they were moved.
//
// Differences to what JSON.parse returns, all of them rare: an object of the
// document cannot be frozen, takes no accessors and no symbols, and lists
// integer-like keys in the document's order.
package payload

import (
	"math"

	"github.com/dop251/goja"
)

// maxExact is the largest integer up to which JavaScript can tell neighbours
// apart: 2^53-1.
const maxExact = 1<<53 - 1

// Document is what one invocation got as its input. It belongs to one VM and
// is used from that VM's goroutine only.
type Document struct {
	vm  *goja.Runtime
	big map[float64]string // digits of integers beyond maxExact; "" where two look the same

	reader Reader // of shapes; nil where there are none
}

// New returns an empty document of vm.
func New(vm *goja.Runtime) *Document { return &Document{vm: vm} }

// Decode checks that raw is one JSON value and returns it as a value of the
// script. raw must not change while the VM lives. Empty input is undefined.
func (d *Document) Decode(raw []byte) (goja.Value, error) {
	if len(raw) == 0 {
		return goja.Undefined(), nil
	}
	value, err := scanDocument(raw)
	if err != nil {
		return nil, err
	}
	return d.value(value), nil
}

// remember keeps the digits of an integer that JavaScript cannot hold.
func (d *Document) remember(f float64, digits string) {
	if math.Abs(f) <= maxExact {
		return
	}
	if d.big == nil {
		d.big = make(map[float64]string)
	}
	if old, ok := d.big[f]; ok && old != digits {
		digits = ""
	}
	d.big[f] = digits
}
