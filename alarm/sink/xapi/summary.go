package xapi

import (
	"context"
	"fmt"
	"strings"
	"time"

	"perfmon/xapi"
)

// When summaries are written: soon after a storm has begun, anew each hour
// while it grows, and when it is over. Each replaces the one before.
const (
	firstSummary = time.Minute
	nextSummary  = time.Hour
	stormEnds    = time.Hour      // without an alarm that was left out
	summaryLimit = 24 * time.Hour // after that; then the storm is not summed up
	idle         = time.Hour
)

// told is a summary that was made.
type told struct {
	Ref   string `json:"ref"` // "" if the toolstack would not have it
	At    int64  `json:"at"`
	Count int    `json:"count"` // what it says was left out
}

// due is a summary that may have been made; its body is like no other.
type due struct {
	Body  string `json:"body"`
	At    int64  `json:"at"` // before the first try
	Count int    `json:"count"`
}

func (st *storm) count() int { return st.Alarms + st.Ends }

// over reports whether the storm has ended.
func (st *storm) over(now time.Time) bool { return now.Unix()-st.Last >= int64(stormEnds.Seconds()) }

// nextAt is when the next summary is due, or the storm over.
func (st *storm) nextAt() time.Time {
	end := time.Unix(st.Last, 0).Add(stormEnds)
	next := end
	switch {
	case st.Told == nil:
		next = time.Unix(st.Began, 0).Add(firstSummary)
	case st.Told.Count != st.count():
		next = time.Unix(st.Told.At, 0).Add(nextSummary)
	}
	if next.Before(end) {
		return next
	}
	return end
}

// wantsSummary reports whether it is time for one.
func (st *storm) wantsSummary(now time.Time) bool {
	told := st.Told != nil && st.Told.Count == st.count()
	return st.Due == nil && !told && !now.Before(st.nextAt())
}

// body is the summary of a storm:
//
//	380 alarms of 45 objects got no message between 2025-12-17T19:34:00Z and 2025-12-17T19:34:12Z, because there may be 120 in an hour.
//	The first: cpu_usage of VM "web-07", cpu_usage of VM "web-08"
func (st *storm) body() string {
	var b strings.Builder
	b.WriteString(some(st.Alarms, "alarm"))
	if st.Ends > 0 {
		b.WriteString(" and " + some(st.Ends, "end"))
	}
	fmt.Fprintf(&b, " of %s got no message between %s and %s, because there may be %d in an hour.\n", some(st.Objects, "object"), rfc3339(st.Began), rfc3339(st.Last), st.Limit)
	if len(st.First) > 0 {
		fmt.Fprintf(&b, "The first: %s\n", strings.Join(st.First, ", "))
	}
	return b.String()
}

func some(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// Tend writes what summaries are due.
func (s *Sink) Tend(ctx context.Context) (wait time.Duration, err error) {
	s.load()
	now := time.Now()
	if now.Sub(s.tidied) >= idle {
		s.tidied = now
		s.tidy()
	}
	s.limit.look(now)
	st := s.limit.Storm
	if st == nil {
		return idle, nil
	}
	fresh := st.wantsSummary(now)
	if fresh {
		st.Due = &due{Body: st.body(), At: now.Unix(), Count: st.count()}
		s.keepLimit(nil)
	}
	if st.Due != nil {
		if err := s.tell(ctx, st, fresh, now); err != nil {
			return 0, err
		}
	}
	for len(st.Old) > 0 {
		if err := s.destroy(ctx, st.Old[0]); err != nil {
			return 0, fmt.Errorf("destroy a summary that was replaced: %w", err)
		}
		st.Old = st.Old[1:]
		s.keepLimit(nil)
	}
	if st.over(now) && st.Told.Count == st.count() {
		s.endStorm(st)
		return idle, nil
	}
	return max(0, st.nextAt().Sub(now)), nil
}

// tell makes the summary that is due, unless it is there already.
func (s *Sink) tell(ctx context.Context, st *storm, fresh bool, now time.Time) error {
	m := xapi.Message{Name: nameSummary, Priority: prioritySummary, Class: classes["host"], UUID: st.Host, Body: st.Due.Body}
	ref, err := s.summary(ctx, m, st.Due, fresh)
	if err != nil {
		err = s.doubts.judge(st.Due.Body, err)
		if !isRefused(err) && !st.over(now.Add(-summaryLimit)) {
			return err
		}
		s.log.Error("a storm of alarms is not summed up", "alarms", st.Alarms, "objects", st.Objects, "err", err)
	}
	if st.Told != nil && st.Told.Ref != "" {
		st.Old = append(st.Old, st.Told.Ref)
	}
	st.Told, st.Due = &told{Ref: ref, At: now.Unix(), Count: st.Due.Count}, nil
	s.keepLimit(nil)
	return nil
}

// summary returns the reference of a message, which is made if it is not
// there. One that is fresh was never tried.
func (s *Sink) summary(ctx context.Context, m xapi.Message, d *due, fresh bool) (ref string, err error) {
	if !fresh {
		refs, err := s.findSettled(ctx, m, time.Unix(d.At, 0))
		if err != nil {
			return "", err
		}
		if len(refs) > 0 {
			return refs[0], nil
		}
	}
	return s.create(ctx, d.Body, m)
}

// endStorm forgets a storm.
func (s *Sink) endStorm(st *storm) {
	s.log.Info("alarms get messages again: for an hour none was left out", "alarms", st.Alarms, "objects", st.Objects)
	s.limit.Storm = nil
	objects := map[string][]byte{}
	for key := range s.opts.Notes.All() {
		if strings.HasPrefix(key, stormKeys) {
			objects[key] = nil
		}
	}
	s.keepLimit(objects)
}

// keepLimit writes what is known of the limit, and other changes with it.
func (s *Sink) keepLimit(changes map[string][]byte) {
	if changes == nil {
		changes = map[string][]byte{}
	}
	changes[limitKey] = encode(&s.limit)
	s.put(changes)
}
