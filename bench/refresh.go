package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"perfmon/bench/measure"
	"perfmon/bench/toolstack"
)

// interval is the seconds between refreshes, which stand for so much more of
// the simulated toolstack's time.
const interval = 1

// together is how many refreshes make a round: the garbage collector does not
// come at each.
const together = 3

// warm is how many answers go by before the first that is measured: the
// first has hardly a row, and the configuration is read meanwhile.
const warm = 2

// daemon is one whose refreshes are measured.
type daemon struct {
	name, about string
	// each is done after each answer, nil for nothing.
	each func(ctx context.Context) error
	// argv is the command, for a toolstack that listens there. dir is for its
	// files.
	argv func(at toolstack.Line, dir string) []string
}

// agent is ours. It refreshes every so many seconds, and has its web port at an
// address, "" for none.
func (b *bench) agent(interval int, web string) daemon {
	return daemon{name: "perfmon", about: "perfmon", argv: func(at toolstack.Line, dir string) []string {
		return []string{filepath.Join(b.out, "perfmon"), "--source", "xapi", "--xapi-socket", at.XAPI, "--rrdd-socket", at.RRDD, "--xapi-http", at.TCP,
			"--host-uuid", at.Host, "--rrdstep", "5", "--interval", strconv.Itoa(interval), "--state-dir", dir, "--triggers", dir,
			"--settings-file", filepath.Join(dir, "none.yaml"), "--control-socket", "@perfmon-bench-" + strconv.Itoa(os.Getpid()),
			"--api-socket", filepath.Join(dir, "api"), "--pid-file", "", "--web.listen-address", web}
	}}
}

func (b *bench) stockLogic() daemon {
	return daemon{name: "python", about: "Python, the stock daemon's logic", argv: func(at toolstack.Line, _ string) []string {
		return []string{python, "py/daemon.py", at.TCP, strconv.Itoa(interval), "5"}
	}}
}

// refresh measures whole refreshes: fetched, decoded, evaluated.
func (b *bench) refresh(ctx context.Context) ([]Figure, error) {
	if err := b.buildAgent(ctx); err != nil {
		return nil, err
	}
	load := toolstack.Options{VMs: 1000, Sources: 13, Rows: 60}
	var figures []Figure
	for _, d := range []daemon{b.agent(interval, ""), b.stockLogic()} {
		f, err := b.refreshes(ctx, "refresh", d, load)
		if err != nil {
			return nil, err
		}
		figures = append(figures, f)
	}
	return figures, nil
}

// sizes are those of the chart of growth.
var sizes = []int{1000, 2000, 5000, 10000}

// growth measures refreshes of more and more VMs.
func (b *bench) growth(ctx context.Context) ([]Figure, error) {
	if err := b.buildAgent(ctx); err != nil {
		return nil, err
	}
	var figures []Figure
	for _, vms := range sizes {
		d := b.agent(interval, "")
		d.name, d.about = fmt.Sprintf("perfmon-%d", vms), fmt.Sprintf("%d VMs", vms)
		f, err := b.refreshes(ctx, "growth", d, toolstack.Options{VMs: vms, Sources: 13, Rows: 12})
		if err != nil {
			return nil, err
		}
		f.X = float64(vms)
		figures = append(figures, f)
	}
	return figures, nil
}

// refreshes runs a daemon against a toolstack of its own for so many rounds. A
// refresh is measured from the end of one answer to the end of the next.
func (b *bench) refreshes(ctx context.Context, section string, d daemon, load toolstack.Options) (Figure, error) {
	figure := Figure{Section: section, Name: d.name, About: d.about, Unit: "ms a refresh"}
	dir, err := os.MkdirTemp("", "bench-")
	if err != nil {
		return figure, fmt.Errorf("make a folder for sockets: %w", err)
	}
	defer os.RemoveAll(dir)
	load.Dir = dir
	sim, err := startToolstack(ctx, load)
	if err != nil {
		return figure, err
	}
	defer sim.stop()
	p, err := launch(ctx, d.argv(sim.at, dir))
	if err != nil {
		return figure, err
	}
	defer p.stop()
	before, alarms := time.Duration(0), 0
	for n := range warm + 1 + together*b.rounds {
		line, err := sim.next(p)
		if err != nil {
			return figure, fmt.Errorf("%s at answer %d: %w", d.name, n+1, err)
		}
		if d.each != nil {
			if err := d.each(ctx); err != nil {
				return figure, fmt.Errorf("%s after answer %d: %w", d.name, n+1, err)
			}
		}
		alarms = line.Alarms
		if n < warm || (n-warm)%together != 0 {
			continue
		}
		now, err := p.cpu()
		if err != nil {
			return figure, err
		}
		if n > warm {
			figure.add(measure.Report{CPU: float64(now - before), Bytes: line.Bytes}, 1e6*together)
			say("  round %d of %d  %-20s %10.4g ms", len(figure.Samples), b.rounds, d.name, figure.Samples[len(figure.Samples)-1])
		}
		before = now
	}
	// One VM's trigger is meant to fire, and to say so again after an hour.
	if alarms == 0 || alarms > 1+int(time.Duration(b.rounds*together+warm+1)*time.Duration(load.Rows)*5*time.Second/time.Hour) {
		return figure, fmt.Errorf("%s raised %d alarms about one VM: it has not evaluated what it read", d.name, alarms)
	}
	if figure.Peak, err = p.memory("VmHWM"); err != nil {
		return figure, err
	}
	figure.settle()
	return figure, nil
}
