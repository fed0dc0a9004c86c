package local

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"perfmon/rrd"
)

// running starts Run in the bubble and returns what ends it and waits.
func running(t *testing.T, s *Source) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx) }()
	synctest.Wait()
	return func() {
		t.Helper()
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
}

func TestRun(t *testing.T) {
	tr := newTree(t, "before")
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(3200 * time.Millisecond) // the bubble begins at a whole day
		var log logBuffer
		s := newTestSource(tr, nil, &log)
		stop := running(t, s)
		start := time.Now().Unix()
		if got := s.RRD().LastUpdate(); got != start {
			t.Errorf("first sample at %d, want %d", got, start)
		}
		// 1.8 s to the first beat.
		time.Sleep(1799 * time.Millisecond)
		synctest.Wait()
		if got := s.RRD().LastUpdate(); got != start {
			t.Errorf("just before the beat: sample at %d", got)
		}
		time.Sleep(time.Millisecond)
		synctest.Wait()
		if got := s.RRD().LastUpdate(); got != start+2 {
			t.Errorf("at the beat: sample at %d, want %d", got, start+2)
		}
		tr.become("after")
		time.Sleep(10 * time.Second)
		synctest.Wait()
		_, times, values := column(t, s, start+3, "pif_eth0_rx")
		if len(times) != 2 || times[1] != start+7 || values[1] != 1000 || values[0] != 0 {
			t.Errorf("rows %v %v", times, values)
		}
		stop()
		if got := log.take(); strings.Contains(got, "level=WARN") {
			t.Errorf("log %s", got)
		}
	})
	// The end saves.
	r, err := rrd.LoadFile(filepath.Join(tr.root, "state", rrdFile))
	if err != nil {
		t.Fatal(err)
	}
	if r.Len() < 20 {
		t.Errorf("%d data sources saved", r.Len())
	}
}

func TestRunSavesAndDegrades(t *testing.T) {
	tr := newTree(t, "before")
	tr.write("etc/machine-id", "3d1219c7c4c5404aaa1f6d2a48adfda4\n")
	state := filepath.Join(tr.root, "state")
	path := filepath.Join(state, rrdFile)
	saved := func() int64 {
		r, err := rrd.LoadFile(path)
		if err != nil {
			return 0
		}
		return r.LastUpdate()
	}
	synctest.Test(t, func(t *testing.T) {
		var log logBuffer
		s := newTestSource(tr, nil, &log)
		stop := running(t, s)
		start := time.Now().Unix()
		time.Sleep(5*time.Minute - time.Second)
		synctest.Wait()
		if saved() != 0 {
			t.Error("saved before five minutes")
		}
		time.Sleep(time.Second)
		synctest.Wait()
		if got := saved(); got != start+300 {
			t.Errorf("after five minutes %d is saved, want %d", got, start+300)
		}

		// The state directory cannot be written: a file is in its place.
		if err := os.Rename(state, state+".away"); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(state, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		time.Sleep(15 * time.Minute)
		synctest.Wait()
		if got := log.take(); strings.Count(got, "\n") != 1 || !strings.Contains(got, "level=WARN") || !strings.Contains(got, path) {
			t.Errorf("log of three failed saves: %s", got)
		}
		if got := s.RRD().LastUpdate(); got != start+1200 {
			t.Errorf("sampling stopped at %d", got)
		}
		if err := os.Remove(state); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(state+".away", state); err != nil {
			t.Fatal(err)
		}
		time.Sleep(10 * time.Minute)
		synctest.Wait()
		if got := log.take(); strings.Count(got, "\n") != 1 || !strings.Contains(got, "level=INFO") {
			t.Errorf("log of saves that work again: %s", got)
		}
		if got := saved(); got != start+1800 {
			t.Errorf("%d is saved, want %d", got, start+1800)
		}
		stop()
	})
}

func TestRunReportsOnceAChange(t *testing.T) {
	tr := newTree(t, "before")
	synctest.Test(t, func(t *testing.T) {
		var log logBuffer
		s := newTestSource(tr, nil, &log)
		stop := running(t, s)
		log.take()
		tr.remove("proc/meminfo")
		time.Sleep(time.Minute)
		synctest.Wait()
		if got := log.take(); strings.Count(got, "\n") != 1 || !strings.Contains(got, "group=memory") || !strings.Contains(got, "meminfo") {
			t.Errorf("log of a minute without meminfo: %s", got)
		}
		tr.become("after")
		time.Sleep(time.Minute)
		synctest.Wait()
		if got := log.take(); strings.Count(got, "\n") != 1 || !strings.Contains(got, "again") {
			t.Errorf("log of a minute with it again: %s", got)
		}
		stop()
	})
}

func TestRunWithoutStateDir(t *testing.T) {
	tr := newTree(t, "before")
	synctest.Test(t, func(t *testing.T) {
		var log logBuffer
		s := New(Options{Proc: tr.proc(), Sys: tr.sys(), Etc: tr.root, Logger: log.logger(), Step: 10 * time.Second})
		stop := running(t, s)
		time.Sleep(time.Hour + time.Second)
		synctest.Wait()
		if got := s.RRD().LastUpdate(); got%10 != 0 || time.Now().Unix()-got != 1 {
			t.Errorf("last sample at %d, now %d", got, time.Now().Unix())
		}
		stop()
		if got := log.take(); got != "" {
			t.Errorf("log %s", got)
		}
	})
}

func TestRunClosesItsFiles(t *testing.T) {
	tr := newTree(t, "before")
	synctest.Test(t, func(t *testing.T) {
		s := newTestSource(tr, nil, new(logBuffer))
		open := func() (n int) {
			h := s.sampler.host
			for _, k := range []*keptFile{&h.stat, &h.loadavg, &h.meminfo, &h.netDev, &h.diskstats, &h.pressures[0].keptFile, &h.pressures[1].keptFile, &h.pressures[2].keptFile} {
				if k.file != nil {
					n++
				}
			}
			return n
		}
		stop := running(t, s)
		if n := open(); n != 8 {
			t.Errorf("%d files open while it runs, want 8", n)
		}
		stop()
		if n := open(); n != 0 {
			t.Errorf("%d files open after it", n)
		}
		if err := s.SampleNow(t.Context()); err != nil {
			t.Error(err)
		}
		s.closeFiles()
	})
}
