// Command xapisim runs a simulated toolstack, so that the agent can be
// watched at work on a machine that has none: a host with a few hundred VMs,
// load that raises alarms, restarts and faults, and a running commentary on
// what it does and what it is sent.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"perfmon/xapi/xapitest"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	err := run(ctx, os.Args[1:], os.Stdout)
	if errors.Is(err, flag.ErrHelp) {
		return
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "xapisim:", err)
		stop()
		os.Exit(1)
	}
}

// options are the flags.
type options struct {
	dir, version, listen, script string
	vms, srs, step               int
	seed                         uint64
	duration                     time.Duration
	quiet, recorded              bool
}

const usage = `Usage: xapisim [flags]

Runs a simulated toolstack until it is interrupted, and says what it does.
It prints the command line that lets perfmon watch it.

`

// parseFlags reads the command line. Help and mistakes are written to w.
func parseFlags(args []string, w io.Writer) (options, error) {
	var o options
	f := flag.NewFlagSet("xapisim", flag.ContinueOnError)
	f.SetOutput(w)
	f.Usage = func() {
		fmt.Fprint(w, usage)
		f.PrintDefaults()
		fmt.Fprint(w, "\n", scriptHelp)
	}
	f.StringVar(&o.dir, "dir", "", "make the sockets in `directory`; empty means a temporary one, removed at the end")
	f.StringVar(&o.version, "version", string(xapitest.Head), "toolstack to stand for: head, v25, v24, v23 or r2013")
	f.StringVar(&o.listen, "listen", "127.0.0.1:0", "loopback `address` of XAPI's port")
	f.StringVar(&o.script, "script", "demo", "what happens: a `file`, demo for the built-in one, or none")
	f.IntVar(&o.vms, "vms", 200, "how many VMs run on the host")
	f.IntVar(&o.srs, "srs", 4, "how many storage repositories are attached")
	f.IntVar(&o.step, "step", 5, "seconds that a row stands for, 5 or 60; the demo's times are in steps")
	f.Uint64Var(&o.seed, "seed", 1, "the same seed makes the same load")
	f.BoolVar(&o.recorded, "recorded", false, "make rows also of what a toolstack records only when it is told to: runstates of VMs, errors of network cards")
	f.DurationVar(&o.duration, "duration", 0, "stop after so long; 0 means never")
	f.BoolVar(&o.quiet, "quiet", false, "print how to connect and the final summary alone")
	if err := f.Parse(args); err != nil {
		return o, err
	}
	switch {
	case f.NArg() > 0:
		return o, fmt.Errorf("unexpected argument %q", f.Arg(0))
	case !slices.Contains(xapitest.Versions, xapitest.Version(o.version)):
		return o, fmt.Errorf("unknown version %q: it is one of %v", o.version, xapitest.Versions)
	case o.step != 5 && o.step != 60:
		return o, fmt.Errorf("step is %d: rows stand for 5 or 60 seconds", o.step)
	case o.vms < 0 || o.srs < 0 || o.vms > 2000 || o.srs > 100:
		return o, errors.New("at most 2000 VMs and 100 storage repositories")
	}
	return o, nil
}

// run is the whole program.
func run(ctx context.Context, args []string, out io.Writer) error {
	o, err := parseFlags(args, out)
	if err != nil {
		return err
	}
	script, err := loadScript(o)
	if err != nil {
		return err
	}
	if o.dir == "" {
		if o.dir, err = os.MkdirTemp("", "xapisim-"); err != nil {
			return fmt.Errorf("make a directory for the sockets: %w", err)
		}
		defer os.RemoveAll(o.dir)
	} else if o.dir, err = filepath.Abs(o.dir); err != nil {
		return fmt.Errorf("find the directory of the sockets: %w", err)
	}
	if err := os.MkdirAll(filepath.Join(o.dir, "state"), 0o700); err != nil {
		return fmt.Errorf("make a directory for the sockets: %w", err)
	}
	if o.duration > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, o.duration)
		defer cancel()
	}

	say := &commentary{w: out, quiet: o.quiet}
	s := xapitest.New(xapitest.Options{
		Dir: o.dir, TCP: o.listen, Version: xapitest.Version(o.version), History: 2 * time.Hour,
		KeepRequests: 100, KeepMessages: 10000, OnMessage: say.message, OnRequest: say.request,
	})
	sim := newSimulation(s, o)
	say.sim = sim
	if err := s.Start(); err != nil {
		return err
	}
	say.always("%d VMs, %d storage repositories, toolstack %s; sockets and port:\n  %s\n  %s\n  %s\nwatch it with:\n  %s\n",
		o.vms, o.srs, o.version, s.Addr(xapitest.XAPI), s.Addr(xapitest.RRDD), s.Addr(xapitest.TCP), sim.commandLine())
	err = sim.play(ctx, script, say)
	say.summary(s)
	return errors.Join(err, s.Close())
}

// commandLine is how perfmon watches the simulation.
func (sim *simulation) commandLine() string {
	s := sim.s
	args := []string{"go", "run", "./cmd/perfmon", "--source", "xapi", "--xapi-socket", s.Addr(xapitest.XAPI), "--rrdd-socket", s.Addr(xapitest.RRDD),
		"--xapi-http", s.Addr(xapitest.TCP), "--host-uuid", s.HostUUID(), "--state-dir", filepath.Join(sim.o.dir, "state")}
	if sim.o.step == 5 {
		args = append(args, "-s", "5")
	}
	return strings.Join(args, " ")
}
