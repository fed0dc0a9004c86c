package main

import (
	"fmt"
	"io"
	"regexp"
	"strings"
	"sync"
	"time"

	"perfmon/xapi/xapitest"
)

// commentary tells what happens, a line each:
//
//	12:00:35 vm web-07: cpu* is 0.97 for 1m0s
//	12:00:52 message ALARM VM web-07: cpu_usage 0.970000, priority 3
type commentary struct {
	sim   *simulation
	quiet bool

	mu     sync.Mutex
	w      io.Writer // guarded by mu
	alarms int       // guarded by mu
}

func (c *commentary) always(format string, args ...any) {
	c.mu.Lock()
	defer c.mu.Unlock()
	fmt.Fprintf(c.w, format, args...)
}

func (c *commentary) say(format string, args ...any) {
	if !c.quiet {
		c.always(time.Now().Format(time.TimeOnly)+" "+format+"\n", args...)
	}
}

var (
	valueLine = regexp.MustCompile(`^value: (\S+)\n`)
	nameTag   = regexp.MustCompile(`<name value="([^"]*)"`)
)

// message tells of a message that was created.
func (c *commentary) message(m xapitest.Message) {
	c.mu.Lock()
	c.alarms++
	c.mu.Unlock()
	what := fmt.Sprintf("%.60q", m.Body)
	value, name := valueLine.FindStringSubmatch(m.Body), nameTag.FindStringSubmatch(m.Body)
	if value != nil && name != nil {
		what = name[1] + " " + value[1]
	}
	c.say("message %s %s %s: %s, priority %d", m.Name, m.Class, c.sim.nameOf(m.ObjUUID), what, m.Priority)
}

// request tells of the few requests that are worth it.
func (c *commentary) request(q xapitest.Request) {
	what := q.Method
	if what == "" {
		what = q.HTTPMethod + " " + q.Path
	}
	switch {
	case q.Fault != "":
		c.say("fault %s met %s on %s", q.Fault, what, q.Endpoint)
	case q.Method == "session.login_with_password":
		c.say("login on %s by %q", q.Endpoint, q.UserAgent)
	case q.Status != 200:
		c.say("%s on %s was answered with status %d", what, q.Endpoint, q.Status)
	}
}

// status tells what has been asked for so far.
func (c *commentary) status(s *xapitest.Server) {
	c.say("so far %s", c.totals(s))
}

func (c *commentary) summary(s *xapitest.Server) {
	c.always("in all %s\n", c.totals(s))
}

func (c *commentary) totals(s *xapitest.Server) string {
	counters := s.Counters()
	updates, events := counters["GET /rrd_updates"], counters["event.from"]
	calls := 0
	for key, n := range counters {
		if !strings.HasPrefix(key, "GET ") {
			calls += n.Calls
		}
	}
	sessions := 0
	for _, n := range s.Sessions() {
		sessions += n
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return fmt.Sprintf("%d updates of %.1f MB, %d calls (%d of event.from, %.1f MB), %d sessions open, %d messages",
		updates.Calls, float64(updates.BytesOut)/1e6, calls, events.Calls, float64(events.BytesOut)/1e6, sessions, c.alarms)
}
