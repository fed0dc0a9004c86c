package local

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"time"

	"perfmon/rrd"
)

// Defaults of the options.
const (
	DefaultStep      = 5 * time.Second
	DefaultSaveEvery = 5 * time.Minute
)

const (
	// rrdFile has the archives, in the state directory.
	rrdFile = "local.rrd"
	// rewindAfter is how far the wall clock has to be behind the last row
	// for the rows after it to be given up. Up to there time is waited for.
	rewindAfter = 10 // seconds
	// leastInterval is the shortest that a rate is measured over. The next
	// beat is soon there.
	leastInterval = time.Second
)

// Clock tells the time twice: by the wall, which can be set, and by a clock
// that only ever goes forward.
type Clock interface {
	Now() (wall time.Time, mono time.Duration)
}

// Options of a Source. Zero values mean the defaults.
type Options struct {
	Proc string // root of procfs; /proc
	Sys  string // root of sysfs; /sys
	Etc  string // where machine-id is; /etc
	UUID string // of this host; made of its machine-id
	// StateDir keeps the archives, and the host's uuid if it has no
	// machine-id. "" keeps them in memory only.
	StateDir  string
	Logger    *slog.Logger  // slog.Default
	Step      time.Duration // between samples, whole seconds; DefaultStep
	SaveEvery time.Duration // between saves; DefaultSaveEvery
	Clock     Clock         // the machine's
}

// Source samples this host into archives and answers from them. All methods
// may be called at the same time, Run and SampleNow once at a time.
type Source struct {
	opts Options
	log  *slog.Logger

	opened sync.Once
	// opened guards the writing of these three.
	uuid string
	rrd  *rrd.RRD
	name string

	// sampling guards everything that follows.
	sampling sync.Mutex
	sampler  *sampler
	lastMono time.Duration // of the last sample
	sampled  bool          // there was one

	failing map[string]bool // groups, as logged; of Run alone
	unsaved bool            // as logged; of the one who saves
}

// New makes a Source. It touches nothing: the identity of the host and the
// saved archives are read when first needed.
func New(opts Options) *Source {
	set := func(s *string, value string) {
		if *s == "" {
			*s = value
		}
	}
	set(&opts.Proc, "/proc")
	set(&opts.Sys, "/sys")
	set(&opts.Etc, "/etc")
	if opts.Logger == nil {
		opts.Logger = slog.Default()
	}
	if opts.Step < time.Second {
		opts.Step = DefaultStep
	}
	opts.Step = opts.Step.Truncate(time.Second)
	if opts.SaveEvery <= 0 {
		opts.SaveEvery = DefaultSaveEvery
	}
	if opts.Clock == nil {
		opts.Clock = systemClock{time.Now()}
	}
	return &Source{opts: opts, log: opts.Logger, sampler: newSampler(opts.Proc, opts.Sys), failing: map[string]bool{}}
}

// systemClock counts from its start by the machine's monotonic clock.
type systemClock struct{ start time.Time }

func (c systemClock) Now() (time.Time, time.Duration) {
	now := time.Now()
	return now.Round(0), now.Sub(c.start)
}

// open reads what was kept. What is missing or broken is logged and begun
// anew.
func (s *Source) open() {
	s.opened.Do(func() {
		if s.opts.StateDir != "" {
			if err := os.MkdirAll(s.opts.StateDir, 0o700); err != nil {
				s.log.Warn("no state directory: local rows are kept in memory only", "err", err)
			}
		}
		var err error
		if s.uuid = s.opts.UUID; s.uuid == "" {
			s.uuid, err = hostUUID(s.opts.Etc, s.opts.Proc, s.opts.Sys, s.opts.StateDir)
		}
		if err != nil {
			s.log.Warn("the host has no machine-id, and the uuid made for it may change", "uuid", s.uuid, "err", err)
		}
		s.name = kernelFact(s.opts.Proc, "hostname")
		if s.opts.StateDir == "" {
			s.rrd = rrd.NewRRD(rrd.ClassHost, s.uuid)
			return
		}
		wall, _ := s.opts.Clock.Now()
		s.rrd, err = rrd.OpenFile(s.rrdPath(), rrd.ClassHost, s.uuid, wall)
		if err != nil {
			s.log.Warn("local rows begin anew", "err", err)
		}
	})
}

func (s *Source) rrdPath() string { return filepath.Join(s.opts.StateDir, rrdFile) }

// HostUUID is the identity of the host in the legend: that of the options, or
// its machine-id in the form of a uuid, or one made for it and kept in the state
// directory.
func (s *Source) HostUUID() string {
	s.open()
	return s.uuid
}

// Name is the host's name, "" if the kernel does not say.
func (s *Source) Name() string {
	s.open()
	return s.name
}

// RRD has all rows, for the web port.
func (s *Source) RRD() *rrd.RRD {
	s.open()
	return s.rrd
}

// Update returns the rows at or after start (Unix seconds), newest first,
// with AVERAGE values: of 5 s, or of a minute or more when start is ten
// minutes ago or more. Before the first sample that is an error that wraps
// rrd.ErrNoArchive.
func (s *Source) Update(_ context.Context, start int64) (rrd.Reader, error) {
	s.open()
	u, err := s.rrd.Updates(rrd.Query{Start: start, CF: rrd.Average, Interval: 5, Host: true})
	if err != nil {
		return nil, fmt.Errorf("local rows: %w", err)
	}
	return u, nil
}

// SampleNow takes one sample. The error joins those of the groups of data
// sources that could not be read; the others are in the archives all the
// same. A sample that comes less than a second after the last one, or not
// later than it by the wall clock, is not taken.
func (s *Source) SampleNow(ctx context.Context) error {
	var errs []error
	for _, f := range s.sample(ctx) {
		if f.err != nil {
			errs = append(errs, f.err)
		}
	}
	return errors.Join(errs...)
}

// sample takes a sample and returns how each group fared, or nothing when
// none was taken.
func (s *Source) sample(ctx context.Context) []failure {
	s.open()
	s.sampling.Lock()
	defer s.sampling.Unlock()
	wall, mono := s.opts.Clock.Now()
	// A timer is a little late or, when the wall clock is being slowed
	// down, a little early.
	t := wall.Add(500 * time.Millisecond).Unix()
	if s.sampled && mono-s.lastMono < leastInterval {
		return nil
	}
	if last := s.rrd.LastUpdate(); t <= last {
		if last-t > rewindAfter {
			s.log.Warn("the clock was set back: local rows after it are dropped", "seconds", last-t)
			s.rrd.Rewind(t)
		}
		return nil
	}
	s.lastMono, s.sampled = mono, true
	samples, groups := s.sampler.sample(ctx, mono)
	s.rrd.Update(t, samples)
	return groups
}
