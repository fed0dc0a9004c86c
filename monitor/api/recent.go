package api

import (
	"context"
	"math"
	"net/http"
	"strconv"
	"sync"

	"perfmon/monitor"
	"perfmon/rrd"
)

// What is remembered of the rows' headlines: that many times, of so many
// seconds each, or of a row's step if that is longer. With rows of 5 s these
// are twenty minutes, in some 800 bytes an object.
const (
	recentTimes = 40
	recentEvery = 30
)

// headlineKind is a headline that is remembered.
type headlineKind int

const (
	recentCPU headlineKind = iota
	recentWait
	recentMemory
	recentNet
	recentDisk
	recentKinds // how many there are
)

// recents remembers the headlines of the last rows, so that who begins to look
// sees what has been.
type recents struct {
	mu sync.Mutex
	// mu guards everything that follows.
	every  int64
	first  int64 // number of the oldest time that is remembered
	last   int64 // and of the newest; the time with number n ends at n*every
	newest int64 // row; 0 for none
	past   map[monitor.Object]*recent
}

// recent is what is remembered of one object: the largest value of each time,
// by its number modulo recentTimes, NaN for unknown.
type recent struct {
	values [recentKinds][recentTimes]float32
	last   int64 // number of the time in which it was seen last
}

// note takes a row's headlines, unless they are known or there are none.
func (r *recents) note(o *Overview) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if o.Row <= r.newest {
		return
	}
	if every := max(recentEvery, o.Step); every != r.every {
		r.every, r.newest, r.past = every, 0, map[monitor.Object]*recent{}
	}
	number := (o.Row + r.every - 1) / r.every
	switch {
	case r.newest == 0:
		r.first = number
	case number > r.last:
		r.forget(number)
		r.first = max(r.first, number-recentTimes+1)
	}
	r.last, r.newest = number, o.Row
	h := &o.Host
	r.add(monitor.Object{Class: rrd.ClassHost, UUID: h.UUID}, h.CPU, nil, h.MemoryUsed, both(h.NetRx, h.NetTx), both(h.DiskRead, h.DiskWrite))
	for i := range o.VMs {
		v := &o.VMs[i]
		r.add(monitor.Object{Class: rrd.ClassVM, UUID: v.UUID}, v.CPU, v.Contention, v.Memory, both(v.NetRx, v.NetTx), both(v.DiskRead, v.DiskWrite))
	}
	for i := range o.SRs {
		s := &o.SRs[i]
		r.add(monitor.Object{Class: rrd.ClassSR, UUID: s.UUID}, nil, s.Latency, s.Used, nil, both(s.Read, s.Write))
	}
}

// forget makes room for the times up to one with a number, and forgets objects
// that were last seen before the oldest that stays.
func (r *recents) forget(number int64) {
	for key, one := range r.past {
		if one.last <= number-recentTimes {
			delete(r.past, key)
			continue
		}
		for n := max(r.last, number-recentTimes) + 1; n <= number; n++ {
			for kind := range one.values {
				one.values[kind][n%recentTimes] = float32(nan)
			}
		}
	}
}

func (r *recents) add(key monitor.Object, values ...*float64) {
	one := r.past[key]
	if one == nil {
		one = &recent{}
		for kind := range one.values {
			for i := range one.values[kind] {
				one.values[kind][i] = float32(nan)
			}
		}
		r.past[key] = one
	}
	one.last = r.last
	for kind, v := range values {
		at := &one.values[kind][r.last%recentTimes]
		if v != nil && !(float32(*v) <= *at) { // also if that is NaN
			*at = float32(*v)
		}
	}
}

// both is the sum of what is known of two values.
func both(a, b *float64) *float64 {
	if a == nil || b == nil {
		if a == nil {
			a = b
		}
		return a
	}
	total := *a + *b
	return &total
}

// of is what is remembered of the objects of an overview.
func (r *recents) of(o *Overview) *Recent {
	r.mu.Lock()
	defer r.mu.Unlock()
	answer := &Recent{Head: head(), Every: r.every, T: []int64{}, VMs: []RecentValues{}, SRs: []RecentValues{}}
	if r.newest > 0 {
		for n := r.first; n <= r.last; n++ {
			answer.T = append(answer.T, min(n*r.every, r.newest))
		}
	}
	answer.Host = r.values(rrd.ClassHost, o.Host.UUID)
	for i := range o.VMs {
		answer.VMs = append(answer.VMs, r.values(rrd.ClassVM, o.VMs[i].UUID))
	}
	for i := range o.SRs {
		answer.SRs = append(answer.SRs, r.values(rrd.ClassSR, o.SRs[i].UUID))
	}
	return answer
}

// values is what is remembered of one object. A headline of which nothing is
// known is nil.
func (r *recents) values(class, uuid string) RecentValues {
	out := RecentValues{UUID: uuid}
	one := r.past[monitor.Object{Class: class, UUID: uuid}]
	if one == nil {
		return out
	}
	wait := &out.Contention
	if class == rrd.ClassSR {
		wait = &out.Latency
	}
	for kind, to := range []*Values{recentCPU: &out.CPU, recentWait: wait, recentMemory: &out.Memory, recentNet: &out.Net, recentDisk: &out.Disk} {
		var list Values
		any := false
		for n := r.first; n <= r.last; n++ {
			v := fourDigits(float64(one.values[kind][n%recentTimes]))
			any = any || !math.IsNaN(v)
			list = append(list, v)
		}
		if any {
			*to = list
		}
	}
	return out
}

// fourDigits is a number with the digits that a picture can show.
func fourDigits(v float64) float64 {
	if v, err := strconv.ParseFloat(strconv.FormatFloat(v, 'g', 4, 32), 64); err == nil {
		return v
	}
	return v
}

// Run remembers the headlines of each row, for GET /v1/recent, until ctx ends
// or the feed is closed.
func (s *Service) Run(ctx context.Context) {
	if s.Feed == nil {
		return
	}
	w := s.Feed.listen()
	defer s.Feed.leave(w)
	if last := s.Monitor.Snapshot(); last != nil {
		s.recent.note(s.overviews.of(last, s.now()))
	}
	for {
		select {
		case <-ctx.Done():
			return
		case <-w.wake:
		}
		news := s.Feed.take(w)
		if news.poll != nil {
			s.recent.note(s.overviews.of(news.poll, s.now()))
		}
		if news.over {
			return
		}
	}
}

// recentRows answers with the headlines of the last rows.
func (l *local) recentRows(context.Context, *http.Request) (reply, error) {
	return reply{http.StatusOK, l.recent.of(l.overviews.of(l.Monitor.Snapshot(), l.now()))}, nil
}
