package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"

	"perfmon/bench/measure"
)

// subject is one of those that are compared in a section.
type subject struct {
	name  string
	about string
	// argv is the command that measures one round and prints a Report.
	argv []string
}

// slow is how much processor time a pass takes of a subject that has its turn
// in every second round only.
const slow = 3 * time.Second

// inRounds gives each subject its turn, round by round, so that what else the
// machine does meets them all alike. unit is what the figures are in, and per
// how many of it are in a pass.
func (b *bench) inRounds(ctx context.Context, section, unit string, per float64, subjects []subject) ([]Figure, error) {
	figures := make([]Figure, len(subjects))
	for i, s := range subjects {
		figures[i] = Figure{Section: section, Name: s.name, About: s.about, Unit: unit}
	}
	for round := range b.rounds {
		for i, s := range subjects {
			f := &figures[i]
			if round%2 == 1 && f.Samples[0]*per > float64(slow) {
				continue
			}
			r, err := start(ctx, s.argv)
			if err != nil {
				return nil, err
			}
			f.add(r, per)
			say("  round %d of %d  %-28s %12.4g %s", round+1, b.rounds, s.name, f.Samples[len(f.Samples)-1], unit)
		}
	}
	for i := range figures {
		figures[i].settle()
	}
	return figures, nil
}

// start runs a driver to its end and reads what it prints.
func start(ctx context.Context, argv []string) (measure.Report, error) {
	var r measure.Report
	var stderr bytes.Buffer
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return r, fmt.Errorf("run %s: %w: %s", strings.Join(argv, " "), err, strings.TrimSpace(stderr.String()))
	}
	if err := json.Unmarshal(out, &r); err != nil {
		return r, fmt.Errorf("read what %s printed, %q: %w", strings.Join(argv, " "), out, err)
	}
	if u, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage); ok {
		r.Peak = u.Maxrss << 10
	}
	return r, nil
}

// self is the command that measures in a process of this very program.
func self(args ...string) []string {
	program, err := os.Executable()
	if err != nil {
		program = os.Args[0]
	}
	return append([]string{program, "drive"}, args...)
}
