package rabbit

import (
	"fmt"
	"testing"
	"time"
)

func number(n int64) *int64 { return &n }

func figuresOf(ready, unacked, published int64) figures {
	return figures{Ready: number(ready), Unacked: number(unacked), Published: number(published)}
}

func TestUnacked(t *testing.T) {
	start := time.Unix(1_000_000, 0)
	type look struct {
		after time.Duration // since the start
		ready int
		f     figures
		want  string
	}
	f := func(what string, looks ...look) {
		t.Helper()
		p := &past{}
		for i, l := range looks {
			got := "unknown"
			if n := p.Unacked(start.Add(l.after), l.ready, l.f, 6*time.Second); n != nil {
				got = fmt.Sprint(*n)
			}
			if got != l.want {
				t.Errorf("%s: look %d: %s instead of %s", what, i, got, l.want)
			}
		}
	}
	s := time.Second
	f("fresh figures", look{0, 3, figuresOf(3, 2, 9), "2"})
	f("no figures", look{0, 3, figures{}, "unknown"}, look{s, 3, figures{Ready: number(3)}, "unknown"})
	f("handed out since the plugin looked", look{0, 0, figuresOf(4, 0, 4), "4"})
	f("some handed out, some came", look{0, 3, figuresOf(4, 1, 5), "2"})
	f("came and handed out since the plugin looked",
		look{0, 4, figuresOf(0, 0, 0), "0"},
		look{s, 0, figuresOf(0, 0, 0), "4"},
		look{3 * s, 0, figuresOf(0, 4, 4), "4"},
		look{6 * s, 0, figuresOf(0, 0, 4), "4"}, // just within the lag
		look{6*s + 1, 0, figuresOf(0, 0, 4), "0"})
	f("the highest of several looks counts",
		look{0, 2, figuresOf(0, 0, 0), "0"}, look{s, 7, figuresOf(0, 0, 0), "0"}, look{2 * s, 5, figuresOf(0, 0, 0), "2"},
		look{7 * s, 1, figuresOf(0, 0, 0), "6"}, look{7*s + 1, 1, figuresOf(0, 0, 0), "4"}, look{9 * s, 1, figuresOf(0, 0, 0), "0"})
	f("more came than the plugin knows", look{0, 50, figuresOf(4, 3, 7), "3"})

	p := &past{}
	for i := range 10_000 { // ever less, within one lag
		p.Unacked(start.Add(time.Duration(i)), 10_000-i, figuresOf(0, 0, 0), 6*s)
	}
	if len(p.ready) > maxReadings || *p.Unacked(start.Add(s), 0, figuresOf(0, 0, 0), 6*s) != 10_000 {
		t.Errorf("%d looks are remembered, the first is %+v", len(p.ready), p.ready[0])
	}
}

func TestOldest(t *testing.T) {
	start := time.Unix(1_000_000, 0)
	type look struct {
		after time.Duration
		ready int
		f     figures
		want  string
	}
	f := func(what string, looks ...look) {
		t.Helper()
		p := &past{}
		for i, l := range looks {
			got := "unknown"
			if age := p.Oldest(start.Add(l.after), l.ready, l.f); age != nil {
				got = age.String()
			}
			if got != l.want {
				t.Errorf("%s: look %d: %s instead of %s", what, i, got, l.want)
			}
		}
	}
	s := time.Second
	f("nothing waits", look{0, 0, figures{}, "0s"}, look{s, 0, figuresOf(0, 3, 3), "0s"}, look{2 * s, 0, figuresOf(2, 0, 5), "0s"})
	f("nothing is counted", look{0, 5, figures{Ready: number(5), Unacked: number(0)}, "unknown"}, look{s, 5, figures{}, "unknown"})
	f("nobody works", look{0, 2, figuresOf(2, 0, 2), "0s"}, look{10 * s, 3, figuresOf(3, 0, 3), "10s"}, look{20 * s, 9, figuresOf(9, 0, 9), "20s"})
	f("there before the first look", look{0, 5, figuresOf(5, 0, 100), "0s"}, look{7 * s, 4, figuresOf(4, 1, 100), "7s"}, look{8 * s, 2, figuresOf(2, 1, 103), "0s"})
	f("first in, first out",
		look{0, 1, figuresOf(1, 0, 1), "0s"},
		look{10 * s, 3, figuresOf(3, 0, 3), "10s"}, // 2 and 3 are new
		look{20 * s, 3, figuresOf(3, 1, 4), "10s"}, // 1 is gone
		look{25 * s, 2, figuresOf(2, 1, 4), "15s"}, // 2 is gone: 3 came by 10 s
		look{30 * s, 1, figuresOf(1, 1, 4), "10s"}, // 3 is gone: 4 came by 20 s
		look{31 * s, 1, figuresOf(1, 0, 5), "0s"})  // 4 is gone, 5 is new
	f("given back", look{0, 1, figuresOf(1, 0, 1), "0s"}, look{5 * s, 0, figuresOf(0, 1, 1), "0s"}, look{9 * s, 1, figuresOf(1, 0, 1), "0s"}, look{12 * s, 1, figuresOf(1, 0, 1), "3s"})
	f("the plugin is away for a look", look{0, 1, figuresOf(1, 0, 1), "0s"}, look{5 * s, 1, figures{}, "unknown"}, look{9 * s, 1, figuresOf(1, 0, 1), "9s"})
	f("the broker counts anew", look{0, 9, figuresOf(9, 0, 50), "0s"}, look{10 * s, 9, figuresOf(9, 0, 0), "0s"}, look{14 * s, 10, figuresOf(10, 0, 1), "4s"})

	head := start.Add(-time.Minute)
	marked := figuresOf(1, 0, 1)
	marked.Head = &head
	f("the sender's word", look{0, 1, marked, "1m0s"}, look{s, 1, figures{Head: &head}, "1m1s"}, look{s, 0, marked, "0s"})
	later := start.Add(time.Hour)
	marked.Head = &later
	f("a sender whose clock is ahead", look{0, 1, marked, "0s"}, look{s, 1, marked, "1s"})
}

// The age is never more than it really is, and never short by more than the
// time between two looks, whatever comes and goes.
func TestOldestIsTrue(t *testing.T) {
	for seed := range int64(50) {
		var came []time.Time
		gone := 0
		p := &past{}
		now := time.Unix(1_000_000, 0)
		random := uint64(seed)*2862933555777941757 + 3037000493
		next := func(n int) int {
			random = random*6364136223846793005 + 1442695040888963407
			return int(random>>33) % n
		}
		for range 2000 {
			now = now.Add(time.Second)
			for range next(4) {
				came = append(came, now)
			}
			gone = min(len(came), gone+next(4))
			ready := len(came) - gone
			age := p.Oldest(now, ready, figuresOf(int64(ready), 0, int64(len(came))))
			want := time.Duration(0)
			if ready > 0 {
				want = now.Sub(came[gone])
			}
			// When nothing is dropped for want of room it is exact.
			if age == nil || *age > want || len(p.counts) < maxSightings/2 && *age != want {
				t.Fatalf("seed %d: %v instead of %v", seed, age, want)
			}
		}
		if len(p.counts) > maxSightings {
			t.Errorf("%d times are remembered", len(p.counts))
		}
	}
}

func FuzzFigures(f *testing.F) {
	f.Add([]byte(`{"messages_ready":2,"messages_unacknowledged":4,"message_stats":{"publish":10},"head_message_timestamp":1763822824}`), []byte(`{}`), 3)
	f.Add([]byte(`{"messages_ready":-1}`), []byte(`[]`), 0)
	f.Add([]byte(`{"messages_ready":9007199254740992,"messages_unacknowledged":9007199254740992}`), []byte(`null`), 1)
	f.Fuzz(func(t *testing.T, first, second []byte, ready int) {
		p := &past{}
		ready = max(ready, 0)
		for i, body := range [][]byte{first, second, first} {
			g, err := parseFigures(body, true)
			if err != nil {
				continue
			}
			now := time.Unix(int64(1_000_000+i), 0)
			if n := p.Unacked(now, ready, g, DefaultLag); n != nil && *n < 0 {
				t.Errorf("%d unacknowledged", *n)
			}
			if age := p.Oldest(now, ready, g); age != nil && *age < 0 {
				t.Errorf("waits for %v", *age)
			}
		}
	})
}
