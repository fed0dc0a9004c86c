package local

import (
	"context"
	"sync"
	"time"
)

// Run samples the host at once and then at every multiple of the step by the
// wall clock, until ctx ends. It saves the archives every SaveEvery and at
// the end; where that fails they stay in memory, with one line in the log
// when it begins and one when it is over, and so for what cannot be read.
// Run returns nil, when all it started has ended.
func (s *Source) Run(ctx context.Context) error {
	s.open()
	defer s.closeFiles()
	save := make(chan struct{}, 1)
	var saver sync.WaitGroup
	// Apart from the sampling, so that a slow disk costs no rows.
	saver.Go(func() {
		for range save {
			s.save()
		}
	})
	s.loop(ctx, save)
	close(save)
	saver.Wait()
	s.save()
	return nil
}

// closeFiles lets go of what sampling keeps open. A sample after it opens
// them again.
func (s *Source) closeFiles() {
	s.sampling.Lock()
	defer s.sampling.Unlock()
	s.sampler.host.close()
}

func (s *Source) loop(ctx context.Context, save chan<- struct{}) {
	_, saved := s.opts.Clock.Now()
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		}
		s.report(s.sample(ctx))
		wall, mono := s.opts.Clock.Now()
		if mono-saved >= s.opts.SaveEvery {
			saved = mono
			select {
			case save <- struct{}{}:
			default: // the one before is not done yet
			}
		}
		timer.Reset(untilNext(wall, s.opts.Step))
	}
}

// untilNext is the time from wall to the next beat, a multiple of step. A
// beat that is less than half a second away is the one just taken.
func untilNext(wall time.Time, step time.Duration) time.Duration {
	seconds := int64(step / time.Second)
	now := wall.Add(500 * time.Millisecond).Unix()
	next := (now/seconds + 1) * seconds
	return time.Unix(next, 0).Sub(wall)
}

// report logs what changed from readable to not and back.
func (s *Source) report(groups []failure) {
	for _, g := range groups {
		switch {
		case g.err != nil && !s.failing[g.group]:
			s.log.Warn("cannot measure this host in full", "group", g.group, "err", g.err)
		case g.err == nil && s.failing[g.group]:
			s.log.Info("this host can be measured again", "group", g.group)
		}
		s.failing[g.group] = g.err != nil
	}
}

// save writes the archives to the state directory, if there is one.
func (s *Source) save() {
	if s.opts.StateDir == "" {
		return
	}
	err := s.rrd.SaveFile(s.rrdPath())
	switch {
	case err != nil && !s.unsaved:
		s.log.Warn("local rows cannot be saved: a restart will lose those since the last save", "err", err)
	case err == nil && s.unsaved:
		s.log.Info("local rows are saved again")
	}
	s.unsaved = err != nil
}
