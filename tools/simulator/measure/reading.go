package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/actionplane/actionplane/tools/simulator/internal/cost"
)

// ticksPerSecond is USER_HZ, which is 100 on every Linux that Go runs on.
const ticksPerSecond = 100

// reading is how far every counter has come.
type reading struct {
	at time.Time
	cost.Amounts
}

// read reads all counters.
func (h *house) read(ctx context.Context) (reading, error) {
	r := reading{at: time.Now(), Amounts: cost.Amounts{}}
	all, err := processes()
	if err != nil {
		return r, err
	}
	for part, roots := range h.roots {
		for _, pid := range roots {
			r.Amounts[cost.CPU(part)] += 1e6 / ticksPerSecond * float64(all.ticks(pid))
		}
	}
	for _, from := range []func(context.Context, cost.Amounts) error{h.readPostgres, h.readNATS, h.readRedis} {
		if err := from(ctx, r.Amounts); err != nil {
			return r, err
		}
	}
	return r, nil
}

// process is what /proc says of one.
type process struct {
	ticks    int // user and system, of children that have ended too
	children []int
}

type table map[int]*process

// processes reads all of this machine.
func processes() (table, error) {
	files, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		return nil, err
	}
	all := table{}
	of := func(pid int) *process {
		if all[pid] == nil {
			all[pid] = &process{}
		}
		return all[pid]
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			continue // it has ended
		}
		pid, parent, ticks, ok := parseStat(string(text))
		if !ok {
			return nil, fmt.Errorf("%s is not as proc(5) says", file)
		}
		of(pid).ticks = ticks
		of(parent).children = append(of(parent).children, pid)
	}
	return all, nil
}

// parseStat reads a line of /proc/<pid>/stat, proc(5): after the name, which
// may hold anything, the parent is the second field, and user and system time,
// its own and of children waited for, are the 12th to the 15th.
func parseStat(line string) (pid, parent, ticks int, ok bool) {
	open, end := strings.IndexByte(line, '('), strings.LastIndexByte(line, ')')
	if open < 1 || end < open {
		return 0, 0, 0, false
	}
	fields := strings.Fields(line[end+1:])
	if len(fields) < 15 {
		return 0, 0, 0, false
	}
	ok = true
	number := func(s string) int {
		n, err := strconv.Atoi(strings.TrimSpace(s))
		ok = ok && err == nil
		return n
	}
	pid, parent = number(line[:open]), number(fields[1])
	for _, f := range fields[11:15] {
		ticks += number(f)
	}
	return pid, parent, ticks, ok
}

// ticks of a process and all below it.
func (t table) ticks(pid int) int {
	p := t[pid]
	if p == nil {
		return 0
	}
	sum := p.ticks
	for _, child := range p.children {
		sum += t.ticks(child)
	}
	return sum
}

// peakMemory of a process and all below it, in bytes.
func (t table) peakMemory(pid int) (bytes int64) {
	p := t[pid]
	if p == nil {
		return 0
	}
	text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid)) // gone: nothing
	for line := range strings.Lines(string(text)) {
		if rest, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			kib, _ := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(rest), " kB"), 10, 64)
			bytes = kib << 10
		}
	}
	for _, child := range p.children {
		bytes += t.peakMemory(child)
	}
	return bytes
}

const readCounters = `SELECT (pg_current_wal_lsn() - '0/0'::pg_lsn)::float8,
    (SELECT xact_commit::float8 FROM pg_stat_database WHERE datname = current_database())`

const readSizes = `SELECT n.nspname, sum(pg_total_relation_size(c.oid))::float8
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind = 'r' AND n.nspname = ANY($1) GROUP BY 1`

func (h *house) readPostgres(ctx context.Context, a cost.Amounts) error {
	conn, err := pgx.Connect(ctx, h.database)
	if err != nil {
		return fmt.Errorf("read postgres: %w", err)
	}
	defer func() { _ = conn.Close(ctx) }()
	var wal, transactions float64
	if err := conn.QueryRow(ctx, readCounters).Scan(&wal, &transactions); err != nil {
		return fmt.Errorf("read postgres: %w", err)
	}
	a[cost.WALBytes], a[cost.Transactions] = wal, transactions
	rows, err := conn.Query(ctx, readSizes, cost.Services)
	if err != nil {
		return fmt.Errorf("read sizes: %w", err)
	}
	var schema string
	var size float64
	_, err = pgx.ForEachRow(rows, []any{&schema, &size}, func() error {
		a[cost.Disk(schema)] = size
		return nil
	})
	if err != nil {
		return fmt.Errorf("read sizes: %w", err)
	}
	return nil
}

func (h *house) readNATS(ctx context.Context, a cost.Amounts) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, h.monitor+"/varz", nil)
	if err != nil {
		return err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return fmt.Errorf("read nats: %w", err)
	}
	defer func() { _ = resp.Body.Close() }()
	var v struct {
		InMsgs   float64 `json:"in_msgs"`
		OutMsgs  float64 `json:"out_msgs"`
		InBytes  float64 `json:"in_bytes"`
		OutBytes float64 `json:"out_bytes"`
	}
	if err := json.NewDecoder(resp.Body).Decode(&v); err != nil {
		return fmt.Errorf("read nats: %w", err)
	}
	a[cost.NATSMessages], a[cost.NATSBytes] = v.InMsgs+v.OutMsgs, v.InBytes+v.OutBytes
	return nil
}

func (h *house) readRedis(ctx context.Context, a cost.Amounts) error {
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", h.redis)
	if err != nil {
		return fmt.Errorf("read redis: %w", err)
	}
	defer func() { _ = conn.Close() }()
	if _, err := conn.Write([]byte("INFO stats\r\nQUIT\r\n")); err != nil {
		return fmt.Errorf("read redis: %w", err)
	}
	lines := bufio.NewScanner(conn)
	for lines.Scan() {
		if rest, ok := strings.CutPrefix(lines.Text(), "total_commands_processed:"); ok {
			a[cost.RedisCommands], err = strconv.ParseFloat(strings.TrimSpace(rest), 64)
			return err
		}
	}
	return fmt.Errorf("read redis: no statistics: %w", lines.Err())
}
