package main

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"syscall"
	"testing"
	"time"
)

const (
	// diary is the file in which services write down how they fare.
	diary = "UP_TEST_DIARY"
	// doomed is the service that ends as soon as it starts.
	doomed = "UP_TEST_DOOMED"
)

// TestMain makes the test binary a service where it is called by the name of
// one, and the launcher where it is called up.
func TestMain(m *testing.M) {
	switch name := filepath.Base(os.Args[0]); {
	case slices.Contains(services, name):
		service(name)
	case name == "up":
		launcher()
	default:
		// Under the race detector a process waits a second before it exits.
		if err := os.Setenv("GORACE", "atexit_sleep_ms=0"); err != nil {
			panic(err)
		}
		os.Exit(m.Run())
	}
}

// service is ready at once and ends when it is told to.
func service(name string) {
	if os.Getenv(doomed) == name {
		fmt.Println("first line")
		fmt.Println("there is no luck in this world")
		os.Exit(3)
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	ready := http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})
	server := &http.Server{Addr: os.Getenv("ACTIONPLANE_OPS_ADDR"), Handler: ready, ReadHeaderTimeout: time.Second}
	go func() {
		<-ctx.Done()
		note("stopped " + name)
		os.Exit(0)
	}()
	fmt.Println(server.ListenAndServe())
	os.Exit(4)
}

func note(line string) {
	if os.Getenv(diary) == "" {
		return
	}
	f, err := os.OpenFile(os.Getenv(diary), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		os.Exit(5)
	}
	if _, err := f.WriteString(line + "\n"); err != nil {
		os.Exit(6)
	}
}

// launcher is main, with the services beside the link that it was called by.
func launcher() {
	cfg, err := load(os.LookupEnv)
	if err == nil {
		cfg.binaries, cfg.summary = filepath.Dir(os.Args[0]), os.Args[1]
		err = up(context.Background(), cfg, os.Stdout)
	}
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}
