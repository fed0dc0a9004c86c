// Command bench measures the agent beside its peers, all in one run: rounds
// in which each has its turn, processor time, medians. It prints what the
// agent is to reach and what it reaches first, and keeps the raw figures as
// JSON. What is compared, and in which mode, is told in docs/performance.md.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	err := run(ctx, os.Args[1:])
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "bench:", err)
		stop()
		os.Exit(1)
	}
}

const usage = `Usage: bench [flags]            measure, print the tables, keep the figures
       bench [flags] render     put the figures that are kept into docs/performance.md
       bench drive WHAT…        one measurement in this process; the first form starts these

It is run in the folder bench of the project; make bench does.

`

// options are the flags.
type options struct {
	out    string // folder of the programs, documents and figures
	rounds int
	only   *regexp.Regexp
}

func run(ctx context.Context, args []string) error {
	if len(args) > 0 && args[0] == "drive" {
		return drive(ctx, args[1:])
	}
	var o options
	f := flag.NewFlagSet("bench", flag.ContinueOnError)
	f.Usage = func() {
		fmt.Fprint(f.Output(), usage)
		f.PrintDefaults()
	}
	f.StringVar(&o.out, "out", "out", "`folder` for programs, documents and figures")
	f.IntVar(&o.rounds, "rounds", 5, "how many rounds")
	only := f.String("only", "", "measure only the sections that match `REGEX`; the figures of the others stay as they were")
	if err := f.Parse(args); err != nil {
		return err
	}
	var err error
	if o.only, err = regexp.Compile(*only); err != nil {
		return fmt.Errorf("read -only: %w", err)
	}
	if o.out, err = filepath.Abs(o.out); err != nil {
		return fmt.Errorf("find the folder for figures: %w", err)
	}
	switch {
	case o.rounds < 1:
		return errors.New("-rounds is at least 1")
	case strings.Join(f.Args(), " ") == "render":
		return renderPage(o.out)
	case f.NArg() > 0:
		return fmt.Errorf("unexpected argument %q: bench -help lists what there is", f.Arg(0))
	}
	return measureAll(ctx, &o)
}

// measureAll measures one section after the other. What is measured is kept
// at once, so that an interrupted run is not for nothing.
func measureAll(ctx context.Context, o *options) error {
	if err := os.MkdirAll(o.out, 0o755); err != nil {
		return fmt.Errorf("make the folder for figures: %w", err)
	}
	b := &bench{options: o}
	all, err := loadResults(o.out)
	if err != nil {
		return err
	}
	all.About = aboutMachine(ctx, o.rounds)
	for _, s := range b.sections() {
		if !o.only.MatchString(s.name) {
			continue
		}
		say("%s", s.title)
		figures, err := s.run(ctx)
		if err != nil {
			return fmt.Errorf("%s: %w", s.name, err)
		}
		all.replace(s.name, figures)
		if err := all.save(o.out); err != nil {
			return err
		}
	}
	fmt.Print("\n", all.markdown())
	return nil
}

// section is one table of figures.
type section struct {
	name, title string
	run         func(ctx context.Context) ([]Figure, error)
}

// bench is a run.
type bench struct {
	*options
	built      bool // the drivers in C
	agentBuilt bool
}

func (b *bench) sections() []section {
	var list []section
	for _, d := range documents {
		list = append(list, section{d.section, d.title, func(ctx context.Context) ([]Figure, error) { return b.decode(ctx, d) }})
	}
	return append(list,
		section{"triggers", "Triggers: 360,000 evaluations", b.triggers},
		section{"scrape", "A scrape of 30,000 series", b.scrape},
		section{"sample", "A sample of this host", b.sample},
		section{"refresh", "A whole refresh: 1000 VMs, 13 sources, 3 variables, 60 rows", b.refresh},
		section{"memory", "Memory, with all that the agent can have to do", b.memory},
		section{"exporter", "A scrape of /proc", b.exporter},
		section{"plan", "A plan of rubber: 1,000 profiles, 100,000 machines", b.plan},
		section{"growth", "Growth: 13 sources, 3 variables, 12 rows", b.growth},
	)
}

// say tells whoever waits how far it is.
func say(format string, args ...any) { fmt.Fprintf(os.Stderr, format+"\n", args...) }
