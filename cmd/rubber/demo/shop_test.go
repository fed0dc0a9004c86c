package demo

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

var start = time.Unix(1_760_000_000, 0)

// A worker's whole life, with every answer heard.
func TestShop(t *testing.T) {
	s := NewShop("jobs")
	s.Add(start, time.Second, 2*time.Second, 3*time.Second)
	r := Report{Name: "worker@a", Process: 1, Slots: 2}
	o := s.Hear(start, r)
	if len(o.Start) != 2 || o.Start[0].ID != 1 || o.Start[1].Run != 2*time.Second || o.End {
		t.Fatalf("%+v", o)
	}
	r.Holds, r.Done = []int64{2}, []int64{1}
	if o = s.Hear(start, r); len(o.Start) != 1 || o.Start[0].ID != 3 {
		t.Fatalf("%+v", o)
	}
	r.Holds, r.Done = nil, []int64{1, 2, 3} // the first was told before
	if o = s.Hear(start, r); len(o.Start) != 0 || s.Counts() != (Counts{Done: 3}) {
		t.Fatalf("%+v, %+v", o, s.Counts())
	}
}

// A job is done although answers are lost, workers are silent, and one of the
// same name begins anew.
func TestNoJobIsLost(t *testing.T) {
	s := NewShop("jobs")
	s.Add(start, time.Second, time.Second, time.Second)
	r := Report{Name: "worker@a", Process: 1, Slots: 1}
	first := s.Hear(start, r)
	if again := s.Hear(start, r); !slices.Equal(first.Start, again.Start) || s.Counts() != (Counts{Waiting: 2, Running: 1}) {
		t.Fatalf("an answer was lost: %+v after %+v", again, first)
	}
	s.Hear(start, Report{Name: "worker@b", Process: 1, Slots: 1})
	s.forget(start.Add(lost - 1))
	if s.Counts() != (Counts{Waiting: 1, Running: 2}) {
		t.Fatalf("%+v", s.Counts())
	}
	s.Hear(start.Add(lost), Report{Name: "worker@b", Process: 1, Slots: 1, Holds: []int64{2}})
	s.forget(start.Add(lost))
	if s.Counts() != (Counts{Waiting: 2, Running: 1, Again: 1}) || s.waiting[0].ID != 1 {
		t.Fatalf("a silent worker: %+v", s.Counts())
	}
	if o := s.Hear(start.Add(lost), Report{Name: "worker@b", Process: 2, Slots: 3}); len(o.Start) != 3 || o.Start[1].ID != 2 {
		t.Fatalf("another process of that name: %+v", o)
	}
	s.Hear(start.Add(lost), Report{Name: "worker@b", Process: 2, Slots: 3, Ends: true})
	if s.Counts() != (Counts{Waiting: 3, Again: 5}) {
		t.Fatalf("one that ends with jobs: %+v", s.Counts())
	}
}

func TestWave(t *testing.T) {
	w := &Wave{Period: 3 * time.Minute, Highest: 2, Mean: 6 * time.Second, Chance: rand.New(rand.NewPCG(1, 2))}
	if r := w.Rate(time.Minute); r < 1.99 || r > 2 {
		t.Errorf("at the crest: %v", r)
	}
	for _, at := range []time.Duration{0, 2 * time.Minute, 3*time.Minute - 1, 3 * time.Minute} {
		if r := w.Rate(at); r > 1e-9 {
			t.Errorf("after %v: %v", at, r)
		}
	}
	var jobs int
	var ran time.Duration
	for at := time.Duration(0); at < 30*time.Minute; at += 250 * time.Millisecond {
		for _, run := range w.Next(at, 250*time.Millisecond) {
			if run < w.Mean/10 || run > 3*w.Mean {
				t.Errorf("a job of %v", run)
			}
			jobs, ran = jobs+1, ran+run
		}
	}
	// Two thirds of the time at half the crest's rate: 1200 of them, ± 10 %.
	if mean := ran / time.Duration(jobs); jobs < 1080 || jobs > 1320 || mean < 5*time.Second || mean > 7*time.Second {
		t.Errorf("%d jobs of %v", jobs, mean)
	}
}
