package bus

import "github.com/actionplane/actionplane/proto/contract"

// EventsStream is stream EVENTS without limits, which executions sets. Others who
// need the stream ensure this one with EnsureSomeStream.
func EventsStream() Stream {
	return Stream{Name: contract.EventsStream, Subjects: []string{contract.EventSubjects}, WorkQueue: true}
}
