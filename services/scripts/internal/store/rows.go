package store

import (
	"encoding/json"
	"log/slog"
	"time"

	"github.com/actionplane/actionplane/services/scripts/internal/invocation"
)

// logRow is a line as it is kept. Names are short because there are many.
type logRow struct {
	Time    time.Time  `json:"t"`
	Level   slog.Level `json:"l"`
	Message string     `json:"m"`
}

// callRow is a call as it is kept.
type callRow struct {
	Start    time.Time     `json:"t"`
	Method   string        `json:"m"`
	URL      string        `json:"u"`
	Status   int           `json:"s,omitempty"`
	Sent     int           `json:"o,omitempty"`
	Received int           `json:"i,omitempty"`
	Duration time.Duration `json:"d"`
	Error    string        `json:"e,omitempty"`
	Denied   string        `json:"-"`
}

// encode returns a list as JSON, nil where it is empty.
func encode[From, Row any](list []From, row func(From) Row) (*string, error) {
	if len(list) == 0 {
		return nil, nil
	}
	rows := make([]Row, len(list))
	for i, one := range list {
		rows[i] = row(one)
	}
	text, err := json.Marshal(rows)
	if err != nil {
		return nil, err
	}
	s := string(text)
	return &s, nil
}

// decode is the reverse of encode.
func decode[Row, To any](text []byte, from func(Row) To) ([]To, error) {
	if len(text) == 0 {
		return nil, nil
	}
	var rows []Row
	if err := json.Unmarshal(text, &rows); err != nil {
		return nil, err
	}
	list := make([]To, len(rows))
	for i, row := range rows {
		list[i] = from(row)
	}
	return list, nil
}

func rowOfLog(l invocation.LogEntry) logRow { return logRow(l) }
func logOfRow(r logRow) invocation.LogEntry { return invocation.LogEntry(r) }

func rowOfCall(c invocation.Call) callRow { return callRow(c) }
func callOfRow(r callRow) invocation.Call { return invocation.Call(r) }
