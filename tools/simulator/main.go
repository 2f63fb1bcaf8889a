// Command simulator replays a day of traffic against measured costs and prints
// how many replicas of what it needs, what gives first, how long those wait who
// wait, and how long what an outage left takes to be worked off.
//
//	simulator [-costs costs.json] [-seed 1] [-times 1] [-brief] [-json] profile.json
//
// A profile says what comes in (internal/traffic), the costs what a piece of
// work takes of every part (internal/cost); simulator/measure writes them, as
// the end of `make bench`. From both follow
//
//	internal/demand    what rates need of every part, and so replicas: pure sums
//	internal/delay     queues in front of every replica, request by request, for
//	                   the busiest hour, the same with a replica of each service
//	                   missing, and every burst
//	internal/day       86,400 seconds of stream, retries and circuits, with
//	                   whole events: backlogs, dead letters, troubles and their end
//	internal/forecast  all of it as a table, or JSON
//
// The same seed and files give the same output. What is assumed stands where it
// is: packages delay and day say what they leave out. The costs were measured
// at full load, where batches are large; an idle house needs more for each
// event, and has it to spare. Costs scale with a core's speed (house.speed of
// the profile), replicas do not slow each other down, and one process uses all
// its cores: none of that holds for ever, so measure again where it matters.
package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/actionplane/actionplane/tools/simulator/internal/cost"
	"github.com/actionplane/actionplane/tools/simulator/internal/forecast"
	"github.com/actionplane/actionplane/tools/simulator/internal/traffic"
)

func main() {
	if err := run(os.Args[1:], os.Stdout, time.Now()); err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}

func run(args []string, out io.Writer, now time.Time) error {
	flags := flag.NewFlagSet("simulator", flag.ContinueOnError)
	costs := flags.String("costs", "simulator/costs.json", "`file` of measured costs")
	seed := flags.Uint64("seed", 1, "of chance")
	times := flags.Float64("times", 1, "how many times the profile's traffic")
	brief := flags.Bool("brief", false, "leave out the delays")
	asJSON := flags.Bool("json", false, "for programs")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if flags.NArg() != 1 {
		return errors.New("one profile must be given")
	}
	sheet, err := read(*costs, cost.Parse)
	if err != nil {
		return err
	}
	profile, err := read(flags.Arg(0), traffic.Parse)
	if err != nil {
		return err
	}
	profile = profile.Times(*times)
	if err := profile.Validate(); err != nil {
		return err
	}
	f, err := forecast.Make(profile, sheet, *seed, now)
	if err != nil {
		return err
	}
	if *brief {
		f.Moments = nil
	}
	if !*asJSON {
		return f.Print(out)
	}
	e := json.NewEncoder(out)
	e.SetIndent("", "  ")
	return e.Encode(f)
}

func read[T any](path string, parse func([]byte) (T, error)) (T, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		var none T
		return none, err
	}
	v, err := parse(text)
	if err != nil {
		return v, fmt.Errorf("%s: %w", path, err)
	}
	return v, nil
}
