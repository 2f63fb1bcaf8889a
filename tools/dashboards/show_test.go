package dashboards

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// showPace is the pause between two scrapes of the show, which takes seconds.
const showPace = 100 * time.Millisecond

const (
	faultless = "nothing fails by our own fault in the show"
	unasked   = "nobody asks for changes that must wait in the show"
)

// withoutData are panels and alerts that the show gives nothing to tell, and
// why. Most of them say 0 then; what they ask for is there in TestEveryQueryHasData.
var withoutData = map[string]string{
	`overview.json, "API calls that failed by us"`: faultless,
	`overview.json, "Hooks that failed by us"`:     faultless,
	`bus.json, "Requests that failed by us"`:       faultless,
	`bus.json, "Requests that did not succeed"`:    faultless,
	`bus.json, "Messages not handled"`:             faultless,
	"ApiErrorsFast":                                faultless,
	"ApiErrorsSlow":                                faultless,
	"HooksFailFast":                                faultless,
	"HooksFailSlow":                                faultless,
	"PostgresFails":                                faultless,

	`approvals.json, "How long they take"`: unasked,
}

// TestTheShowHasData gives the show of `make run`, and nothing beside it: nearly
// every query has something to tell then. It goes by the clock of the show, and
// is not parallel, for it should not wait for others.
func TestTheShowHasData(t *testing.T) {
	if testing.Short() {
		t.Skip("a process of its own takes a while: not with -short")
	}
	newInquiry(liveShow(t), withoutData).everything(t)
}

// liveShow starts everything in one process, as `make run` does, and returns
// what Prometheus has seen of it from before the show until its end.
func liveShow(t *testing.T) *history {
	t.Helper()
	addr, out := freeAddr(t), new(printed)
	ended := startShow(t, addr, out)
	url := "http://" + addr
	await(t, "it is ready", func() bool { return isReady(t, url+"/readyz") })
	h := newHistory(t)
	next := time.NewTicker(showPace)
	defer next.Stop()
	for over := false; !over; <-next.C {
		select {
		case err := <-ended:
			t.Fatalf("it ended: %v\n%s", err, out)
		default:
		}
		over = strings.Contains(out.String(), "\ntoken: ")
		h.pass(interval)
		h.scrape(t, "allinone", addr, url+"/metrics")
	}
	return h
}

func startShow(t *testing.T, addr string, out *printed) (ended <-chan error) {
	t.Helper()
	dir := stateDir(t)
	show := exec.Command(filepath.Join(binaries(t), "actionplane"))
	show.Env = append(os.Environ(), "DEMO=1", "ACTIONPLANE_ADDR="+addr, "ACTIONPLANE_DATA_DIR="+dir, "ACTIONPLANE_LOG_LEVEL=ERROR")
	show.Stdout, show.Stderr = out, os.Stderr
	return start(t, show)
}

// printed is what a program has printed so far.
type printed struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (p *printed) Write(text []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.text.Write(text)
}

func (p *printed) String() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.text.String()
}
