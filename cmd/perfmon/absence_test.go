package main

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"perfmon/xapi/xapitest"
)

// absence is a pool whose objects follow a script, an agent that watches it, and
// what they who are told of alarms get.
type absence struct {
	*pool
	*script
	hook     *receiver
	recorded int // rows
}

func newAbsence(t *testing.T, step int64, rows, hold int) *absence {
	t.Helper()
	seed := rand.Uint64()
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("seed %d", seed)
		}
	})
	begin := time.Now().Unix()/60*60 - int64(rows)*step - 60
	a := &absence{
		pool: newQuietPool(t), hook: newReceiver(t),
		script: newScript(rand.New(rand.NewPCG(seed, 0)), 14, rows, begin, step, 3, hold),
	}
	a.install(a.pool)
	a.write("perfmon.yaml", "sinks:\n  xapi: {max_per_hour: 0, queue_limit: 10000}\n  webhook: {queue_limit: 10000, url: '"+a.hook.URL+"'}\n")
	a.base = append(a.base, "--settings-file", a.path("perfmon.yaml"), "--source", "xapi", "-s", fmt.Sprint(step))
	return a
}

// until records rows up to one.
func (a *absence) until(row int) {
	a.record(a.pool, a.recorded, row)
	a.recorded = row
}

// evaluated waits until an agent has judged the rows so far, and kept what they
// lead to.
func (a *absence) evaluated(agent *agent) {
	a.t.Helper()
	agent.waitPage(fmt.Sprintf("perfmon_last_row_timestamp_seconds %s$", gauge(a.time(a.recorded-1))))
	agent.waitPoll() // that one counts before its rows are kept
}

// judged waits until an agent has judged the rows so far and has told
// everybody of what they lead to.
func (a *absence) judged(agent *agent) {
	a.t.Helper()
	a.evaluated(agent)
	for _, sink := range []string{"xapi", "webhook"} {
		agent.waitPage(`perfmon_sink_queued\{sink="` + sink + `"\} 0$`)
	}
}

// gauge is a number as the metrics page has it, as a pattern.
func gauge(n int64) string { return strings.ReplaceAll(fmt.Sprintf("%g", float64(n)), "+", `\+`) }

// compare compares what was said with the book, by which each variable has
// said what said gives.
func (a *absence) compare(said func(v *scripted) []word) {
	a.t.Helper()
	got := a.hook.events(a.t)
	var alarms []string
	for _, v := range a.variables {
		words := said(v)
		alarms = append(alarms, v.alarmBodies(words)...)
		if v.silenced {
			words = nil // kept back from webhooks
			v = &scripted{object: v.object, name: v.name, class: v.class, uuid: v.uuid}
		}
		v.check(a.t, "agent", got[v.id()], words)
	}
	if d := cmp.Diff(slices.Sorted(slices.Values(alarms)), a.messageBodies()); d != "" {
		a.t.Errorf("messages (-book +got):\n%s", d)
	}
	if len(alarms) < 10 {
		a.t.Errorf("only %d messages: too few to tell", len(alarms))
	}
}

// messageBodies are the messages that the toolstack has, as alarmBodies has
// them.
func (p *pool) messageBodies() []string {
	var list []string
	for _, m := range p.sim.Messages() {
		list = append(list, bodyOf(m))
	}
	slices.Sort(list)
	return list
}

func bodyOf(m xapitest.Message) string {
	head, _, _ := strings.Cut(strings.Join(strings.Fields(m.Body), " "), "/>")
	return m.ObjUUID + " " + head + "/>"
}

// Half an hour of rows, an absence of 90 minutes, and half an hour again.
const (
	rowsBefore = 30
	rowsAway   = 90
	rowsAfter  = 30
	rowsInAll  = rowsBefore + rowsAway + rowsAfter
)

// TestAwayFor90Minutes: rows that were recorded while the agent did not run
// are judged as if it had.
func TestAwayFor90Minutes(t *testing.T) {
	t.Parallel()
	for name, how := range map[string]syscall.Signal{"stopped": syscall.SIGTERM, "killed": syscall.SIGKILL} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := newAbsence(t, 60, rowsInAll, 1)
			a.until(10)
			a.judgeFrom(a.script)
			agent := a.start("-i", "1")
			a.until(rowsBefore)
			a.judged(agent)
			if how == syscall.SIGKILL {
				agent.kill()
			} else {
				agent.stop(how)
			}
			a.until(rowsBefore + rowsAway)
			agent = a.start("-i", "1")
			a.judged(agent)
			a.until(rowsInAll)
			a.judged(agent)
			a.compare(func(v *scripted) []word { return a.ask(v, rowsInAll).said })
			agent.stop(syscall.SIGTERM)
		})
	}
}

// TestToolstackDownFor90Minutes: the same if the agent was there, and the
// toolstack was not, while xcp-rrdd went on recording. With xcp-rrdd's socket
// the agent judges rows all the time, and only messages wait; without it
// everything does.
func TestToolstackDownFor90Minutes(t *testing.T) {
	t.Parallel()
	for name, rows := range map[string]bool{"rows come": true, "no rows": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := newAbsence(t, 60, rowsInAll, 1)
			a.until(10)
			a.judgeFrom(a.script)
			agent := a.start("-i", "1")
			a.until(rowsBefore)
			a.judged(agent)
			if err := a.sim.StopToolstack(); err != nil {
				t.Fatal(err)
			}
			if rows {
				for range 2 {
					a.until(a.recorded + rowsAway/2)
					a.evaluated(agent)
				}
			} else {
				if err := a.sim.SetRRDD(false); err != nil {
					t.Fatal(err)
				}
				agent.waitPage(`perfmon_polls_total\{result="unreachable"\} [2-9]`)
				a.until(rowsBefore + rowsAway)
				if err := a.sim.SetRRDD(true); err != nil {
					t.Fatal(err)
				}
			}
			if err := a.sim.StartToolstack(false); err != nil {
				t.Fatal(err)
			}
			a.judged(agent)
			a.until(rowsInAll)
			a.judged(agent)
			a.compare(func(v *scripted) []word { return a.ask(v, rowsInAll).said })
			agent.stop(syscall.SIGTERM)
		})
	}
}

// TestAwayWithRowsOf5Seconds: of an absence of more than ten minutes xcp-rrdd
// has rows of a minute alone. They are asked for and judged as such, and then
// those of five seconds since the last whole minute.
func TestAwayWithRowsOf5Seconds(t *testing.T) {
	t.Parallel()
	const perMinute = 12
	last, back, all := 10*perMinute+5, 100*perMinute+7, 108*perMinute
	a := newAbsence(t, 5, all, perMinute)
	a.until(5 * perMinute)
	a.judgeFrom(a.script)
	agent := a.start("-i", "1")
	a.until(last)
	a.judged(agent)
	agent.kill()
	a.until(back)
	agent = a.start("-i", "1")
	a.judged(agent)
	a.until(all)
	a.judged(agent)
	a.compare(func(v *scripted) []word {
		o := &book{terms: v.terms}
		for row := 0; row < all; row++ {
			one := judged{a.time(row), 5, v.values[row]}
			if row >= last && row < back/perMinute*perMinute {
				row = row / perMinute * perMinute
				from := a.time(max(row, last) - 1)
				row += perMinute - 1
				one.t, one.span = a.time(row), a.time(row)-from
			}
			o.judge(one)
		}
		return o.said
	})
	agent.stop(syscall.SIGTERM)
}
