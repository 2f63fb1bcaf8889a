package pg

import (
	"encoding/binary"
	"math"
	"slices"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
)

// Table is a table, and the columns that new rows of it have values for. Make it
// once.
type Table struct {
	name      string
	columns   []string
	statement string    // that reads rows into it
	stored    sync.Pool // of *Rows: the room of those that are stored serves the next
}

// NewTable returns a table.
func NewTable(name string, columns ...string) *Table {
	into := "COPY " + pgx.Identifier{name}.Sanitize() + " ("
	for i, column := range columns {
		if i > 0 {
			into += ", "
		}
		into += pgx.Identifier{column}.Sanitize()
	}
	return &Table{name: name, columns: columns, statement: into + ") FROM STDIN (FORMAT binary);"}
}

// Rows returns no rows, and room for so many bytes of them.
func (t *Table) Rows(room int) *Rows {
	r, ok := t.stored.Get().(*Rows)
	if !ok {
		r = &Rows{table: t}
	}
	r.buf = append(slices.Grow(r.buf[:0], len(copyHeader)+room+2), copyHeader...)
	return r
}

// maxKept is the most room, in bytes, that is kept for the next rows.
const maxKept = 4 << 20

// free gives the room back. The rows must not be used afterwards.
func (r *Rows) free() {
	if r.n = 0; cap(r.buf) <= maxKept {
		r.table.stored.Put(r)
	}
}

// Rows gathers new rows of one table in the format that COPY reads, value by
// value: an array for each column, which a driver is given, costs several
// allocations for every value.
type Rows struct {
	table *Table
	buf   []byte
	n     int
}

// Source: PostgreSQL manual, COPY, binary format: signature, flags, length of
// what extends the header; a row is the number of its values, and each of those
// its length, or -1 for null, and its bytes.
const (
	copyHeader  = "PGCOPY\n\xff\r\n\x00" + "\x00\x00\x00\x00" + "\x00\x00\x00\x00"
	copyTrailer = math.MaxUint16 // -1
	copyNull    = math.MaxUint32 // -1
)

// epoch is when Postgres' time begins.
var epoch = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC).UnixMicro()

// Begin begins a row: the values of all columns follow, in their order.
func (r *Rows) Begin() {
	r.n++
	r.buf = binary.BigEndian.AppendUint16(r.buf, uint16(len(r.table.columns)))
}

func (r *Rows) length(n int) { r.buf = binary.BigEndian.AppendUint32(r.buf, uint32(n)) }

// Null adds no value.
func (r *Rows) Null() { r.buf = binary.BigEndian.AppendUint32(r.buf, copyNull) }

// Text adds a text or json, which must be what Postgres takes for one.
func (r *Rows) Text(text string) {
	r.length(len(text))
	r.buf = append(r.buf, text...)
}

// TextOrNull adds a text, or none where it is empty.
func (r *Rows) TextOrNull(text string) {
	if text == "" {
		r.Null()
	} else {
		r.Text(text)
	}
}

// BytesOrNull adds a bytea, or none for nil.
func (r *Rows) BytesOrNull(b []byte) {
	if b == nil {
		r.Null()
		return
	}
	r.length(len(b))
	r.buf = append(r.buf, b...)
}

// Bigint adds a bigint.
func (r *Rows) Bigint(n int64) {
	r.length(8)
	r.buf = binary.BigEndian.AppendUint64(r.buf, uint64(n))
}

// Integer adds an integer.
func (r *Rows) Integer(n int32) {
	r.length(4)
	r.buf = binary.BigEndian.AppendUint32(r.buf, uint32(n))
}

// Boolean adds a boolean.
func (r *Rows) Boolean(is bool) {
	r.length(1)
	if is {
		r.buf = append(r.buf, 1)
	} else {
		r.buf = append(r.buf, 0)
	}
}

// Time adds a timestamptz, to the microsecond.
func (r *Rows) Time(t time.Time) { r.Bigint(t.UnixMicro() - epoch) }

// TimeOrNull adds a timestamptz, or none for the zero time.
func (r *Rows) TimeOrNull(t time.Time) {
	if t.IsZero() {
		r.Null()
	} else {
		r.Time(t)
	}
}

// data returns the rows and the end of them.
func (r *Rows) data() []byte { return binary.BigEndian.AppendUint16(r.buf, copyTrailer) }
