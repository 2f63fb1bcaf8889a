package forecast

import (
	"fmt"
	"io"
	"math"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/actionplane/actionplane/tools/simulator/internal/day"
	"github.com/actionplane/actionplane/tools/simulator/internal/demand"
)

// shownUses is how many of the most used things are shown of a moment.
const shownUses = 4

// Print writes the forecast for people.
func (f Forecast) Print(w io.Writer) error {
	p := &printer{tabs: tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)}
	p.line("%s: %s", f.Profile, f.About)
	p.line("%s; seed %d", f.Costs, f.Seed)
	p.services(f)
	p.stores(f)
	p.moments(f)
	p.day(f)
	if p.err != nil {
		return p.err
	}
	return p.tabs.Flush()
}

// printer keeps the first error.
type printer struct {
	tabs *tabwriter.Writer
	err  error
}

func (p *printer) line(format string, args ...any) {
	if p.err == nil {
		_, p.err = fmt.Fprintf(p.tabs, format+"\n", args...)
	}
}

func (p *printer) services(f Forecast) {
	p.line("\nservice\treplicas\tcores needed\tbusiest hour %02d:00\tone replica less\tbursts\tmemory each", f.Busiest)
	total := 0
	for _, s := range f.Services {
		less := percent(s.OneLess)
		if s.Replicas < 2 {
			less = "none left"
		}
		p.line("%s\t%d\t%.3f\t%s\t%s\t%s\t%.0f MiB", s.Name, s.Replicas, s.Cores, percent(s.Busiest), less, percent(s.Burst), s.Memory)
		total += s.Replicas
	}
	p.line("\t%d", total)
}

func (p *printer) stores(f Forecast) {
	pg, n, r := f.Postgres, f.NATS, f.Redis
	p.line("\nPostgres\t%.2f of %g cores, %d of %d connections, %.0f transactions/s, %.1f MiB/s of WAL",
		pg.Cores, pg.OfCores, pg.Connections, pg.OfConnections, pg.Transactions, pg.WALMiB)
	p.line("\tdisk grows %.1f GiB a day up to %.0f GiB with retention; %.0f GiB of WAL a day to archive", pg.GrowthGiB, pg.KeptGiB, pg.WALGiB)
	p.line("NATS\t%.2f of %g cores of the node that leads, %.0f messages/s, %.1f MiB/s, %.0f MiB stored on each node at most", n.Cores, n.OfCores, n.Messages, n.MiB, n.Storage)
	p.line("Redis\t%.2f of 1 core, %.0f commands/s, %.0f MiB", r.Cores, r.Commands, r.Memory)
	if f.First != "" {
		p.line("\nTraffic may come to %.1f times the busiest hour; first to give: %s.", f.Times, f.First)
	}
}

func (p *printer) moments(f Forecast) {
	for _, m := range f.Moments {
		p.line("\n%s: %.0f hooks/s, %.0f events/s, %.0f calls/s, %.0f flows/s", m.When, m.Rates.Hooks, m.Rates.Events, m.Rates.Calls, m.Rates.Flows)
		p.line("  most used: %s", uses(m.Uses))
		if m.Overloaded != "" {
			p.line("  %s has less than is needed: what somebody waits for is refused or late, events wait in their stream", m.Overloaded)
			continue
		}
		p.line("  \tin queues, p50\tp99\tin the house, p50\tp99")
		for _, d := range m.Delays {
			p.line("  %s\t%s\t%s\t%s\t%s", d.Kind, milli(d.WaitedP50), milli(d.WaitedP99), milli(d.AddedP50), milli(d.AddedP99))
		}
	}
}

func (p *printer) day(f Forecast) {
	l := f.Day.Ledger
	p.line("\nthe day: %d events, %d deliveries, %d attempts; at midnight %d succeeded, %d dead letters, %d wait, %d in stream EVENTS",
		l.Published, l.Deliveries, l.Attempts, l.Succeeded, l.Dead, l.Waiting, l.InEvents)
	a := f.Day.Age
	p.line("events waited in the stream, first attempts: p50 %s, p99 %s, at most %s; %d at most at once", seconds(a.P50), seconds(a.P99), seconds(a.Max), f.Day.MostBack)
	for _, t := range f.Day.Troubles {
		p.line("%s for %d minutes: %d at most late, %s", t.What, t.Minutes, t.Most, drained(t))
	}
}

func drained(t day.Trouble) string {
	switch {
	case t.DrainedIn < 0:
		return "not worked off within three days"
	case t.DrainedIn == 0:
		return "nothing left at its end"
	}
	return fmt.Sprintf("worked off %s after its end, %.0f/s", time.Duration(t.DrainedIn)*time.Second, t.DrainedRate)
}

func uses(all []demand.Use) string {
	var texts []string
	for _, u := range all[:min(shownUses, len(all))] {
		texts = append(texts, u.What+" "+percent(u.Share))
	}
	return strings.Join(texts, ", ")
}

func percent(share float64) string { return fmt.Sprintf("%.0f %%", 100*share) }

func milli(ms float64) string { return fmt.Sprintf("%.2f ms", math.Round(ms*100)/100) }

func seconds(s int) string {
	if s == 0 {
		return "under 1s"
	}
	return (time.Duration(s) * time.Second).String()
}
