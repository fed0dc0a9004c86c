//go:build integration

package main

import (
	"bytes"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/nats-io/nats.go"

	"perfmon/alarm"
	"perfmon/monitor"
	"perfmon/xapi/xapitest"
)

// check compares what everybody has got with what was to be said.
type check struct {
	*killing
	said  map[alarm.ID][]*alarm.Event // by the reference
	known map[string][]byte           // contents of each id, as the first sink has it
	there arrived                     // what nats has
}

func (k *killing) newCheck(said map[alarm.ID][]*alarm.Event) *check {
	return &check{k, said, map[string][]byte{}, nil}
}

// words compares the reference with the book, so that one does not go wrong
// without the other.
func (c *check) words() {
	c.t.Helper()
	kinds := map[string]int{}
	for _, v := range c.variables {
		v.check(c.t, "reference", c.said[v.id()], c.ask(v, c.recorded).said)
		for _, e := range c.said[v.id()] {
			kinds["all"]++
			kinds[string(e.Kind)]++
			for what, is := range map[string]bool{"inhibited": e.Inhibited, "silenced": e.Silenced, "ALARM": e.IsALARM()} {
				if is {
					kinds[what]++
				}
			}
		}
	}
	c.t.Logf("to be said of %d variables of %d objects in %d rows: %v", len(c.variables), killedObjects, c.recorded, kinds)
	for _, what := range []string{"raised", "cleared", "inhibited", "silenced", "ALARM"} {
		if kinds[what] == 0 {
			c.t.Errorf("nothing was %s: the script tells nothing", what)
		}
	}
}

// arrived is what a sink has of one alarm, in the order of its arrival.
type arrived map[alarm.ID][]got

type got struct {
	event *alarm.Event
	body  []byte
}

func (a arrived) add(e *alarm.Event, body []byte) {
	a[e.ID] = append(a[e.ID], got{e, body})
}

// transitions compares what a sink has with what was to be said: the same
// events in the same order, each with the same contents as elsewhere. A sink
// that heeds silences has nothing of what is silenced.
func (c *check) transitions(sink string, have arrived, heedsSilences bool) {
	c.t.Helper()
	ids := map[alarm.ID]bool{}
	for _, v := range c.variables {
		ids[v.id()] = true
		want := c.said[v.id()]
		if v.silenced && heedsSilences {
			want = nil
		}
		c.sequence(sink, v, want, have[v.id()])
	}
	for id := range have {
		if !ids[id] {
			c.t.Errorf("%s has events of %s, which there is not", sink, id)
		}
	}
	epochs := map[string]bool{}
	for _, list := range have {
		for _, g := range list {
			epochs[g.event.Epoch] = true
		}
	}
	if len(epochs) > 1 {
		c.t.Errorf("%s: more than one epoch: %v", sink, slices.Sorted(maps.Keys(epochs)))
	}
}

// sequence compares the events of one alarm.
func (c *check) sequence(sink string, v *scripted, want []*alarm.Event, have []got) {
	c.t.Helper()
	var last int64
	var words, wanted []word
	for _, g := range have {
		words = append(words, wordOf(g.event))
		if g.event.Sequence <= last {
			c.t.Errorf("%s: %s comes after number %d", sink, g.event.EventID(), last)
		}
		last = g.event.Sequence
		id := g.event.EventID()
		if known, ok := c.known[id]; ok && !bytes.Equal(known, g.body) {
			c.t.Errorf("%s: id %s has other contents:\n%s\nelsewhere\n%s", sink, id, g.body, known)
		}
		c.known[id] = g.body
	}
	for _, e := range want {
		wanted = append(wanted, wordOf(e))
	}
	if d := cmp.Diff(sentences(wanted), sentences(words)); d != "" {
		c.t.Errorf("%s: %s %s (-script +got):\n%s", sink, v.object, v.name, d)
		return
	}
	for i, e := range want {
		named := *e
		named.Epoch, named.Sequence = have[i].event.Epoch, have[i].event.Sequence
		body, err := named.CloudEvent()
		if err != nil || !bytes.Equal(body, have[i].body) {
			c.t.Errorf("%s: %v\n got  %s\n want %s", sink, err, have[i].body, body)
		}
	}
}

// nats: every id once, and nothing else.
func (c *check) nats() {
	c.t.Helper()
	have, seen, announced := arrived{}, map[string]bool{}, 0
	for _, m := range c.killing.nats.Messages() {
		e := decodeEvent(c.t, m.Data)
		id := m.Header.Get(nats.MsgIdHdr)
		if seen[id] {
			c.t.Errorf("nats: %s is there twice", id)
		}
		seen[id] = true
		if e.Kind == alarm.KindState {
			announced++
			continue
		}
		if id != e.EventID() || m.Subject != e.Route() {
			c.t.Errorf("nats: the event %s has the id %s and the subject %s", e.EventID(), id, m.Subject)
		}
		have.add(e, m.Data)
	}
	c.transitions("nats", have, false)
	c.there = have
	c.t.Logf("nats: %d transitions, each once, and %d announcements", len(seen)-announced, announced)
}

// amqp: every id at least once.
func (c *check) amqp() {
	c.t.Helper()
	have, seen, repeats, announced := arrived{}, map[string]bool{}, 0, 0
	for _, m := range c.rabbit.Drain("all") {
		e := decodeEvent(c.t, m.Body)
		switch {
		case e.Kind == alarm.KindState:
			announced++
			continue
		case m.MessageId != e.EventID() || m.RoutingKey != e.Route():
			c.t.Errorf("amqp: the event %s has the id %s and the routing key %s", e.EventID(), m.MessageId, m.RoutingKey)
		case seen[m.MessageId]:
			repeats++
			if !bytes.Equal(m.Body, c.known[m.MessageId]) {
				c.t.Errorf("amqp: %s came again with other contents", m.MessageId)
			}
			continue
		}
		seen[m.MessageId] = true
		have.add(e, m.Body)
	}
	c.transitions("amqp", have, false)
	c.t.Logf("amqp: %d transitions, %d of them again, and %d announcements", len(seen), repeats, announced)
}

// webhook: every id, and again only those that got no 2xx. Of an agent's
// last request nobody knows whether it has seen the answer.
func (c *check) webhook() {
	c.t.Helper()
	have, seen := arrived{}, map[string]bool{}
	takenAt := map[string]int{}  // by id: where in the log
	lastBefore := map[int]bool{} // places in the log of the last 2xx of an agent
	last, again, unsure, all, taken := -1, 0, 0, 0, 0
	log := c.hook.all()
	for i, d := range log {
		switch {
		case d.end && last >= 0:
			lastBefore[last] = true
			last = -1
		case d.taken:
			last = i
		}
	}
	for i, d := range log {
		if d.end {
			continue
		}
		all++
		if at, ok := takenAt[d.id]; ok {
			if lastBefore[at] && slices.ContainsFunc(log[at:i], func(d delivery) bool { return d.end }) {
				unsure++
			} else {
				c.t.Errorf("webhook: %s again although it got a 2xx", d.id)
			}
		} else if seen[d.id] {
			again++
		}
		if !seen[d.id] {
			seen[d.id] = true
			have.add(decodeEvent(c.t, d.body), d.body)
		} else if !bytes.Equal(d.body, c.known[d.id]) && c.known[d.id] != nil {
			c.t.Errorf("webhook: %s came again with other contents", d.id)
		}
		if d.taken {
			takenAt[d.id] = i
			taken++
		}
	}
	for id := range seen {
		if _, ok := takenAt[id]; !ok {
			c.t.Errorf("webhook: %s never got a 2xx", id)
		}
	}
	c.transitions("webhook", have, true)
	c.t.Logf("webhook: %d transitions in %d requests that were taken down, %d of them answered with 2xx; %d again without a 2xx before, %d whose 2xx was the last that an agent was sent",
		len(seen), all, taken, again, unsure)
}

// xapi: one ALARM for each raised or repeated that nothing holds back, and if
// it is to be told of clears, one message for each alarm that has ended and of
// which there was an ALARM.
func (c *check) xapi() {
	c.t.Helper()
	var want, ends []string
	for _, v := range c.variables {
		var words []word
		for _, e := range c.said[v.id()] {
			words = append(words, wordOf(e))
		}
		want = append(want, v.alarmBodies(words)...)
		told := false
		for _, g := range c.there[v.id()] {
			told = told || g.event.IsALARM()
			if g.event.Kind == alarm.KindCleared && told {
				told = false
				ends = append(ends, g.event.EventID())
			}
		}
	}
	var alarms, ended []string
	for _, m := range c.sim.Messages() {
		switch m.Name {
		case "ALARM":
			alarms = append(alarms, bodyOf(m))
		case "PERFMON_ALARM_CLEARED":
			_, id, _ := strings.Cut(m.Body, "\nevent: ")
			ended = append(ended, strings.TrimSpace(id))
		default:
			c.t.Errorf("a message %s", m.Name)
		}
	}
	if !c.clears {
		ends = nil
	}
	for what, lists := range map[string][2][]string{"ALARM": {want, alarms}, "PERFMON_ALARM_CLEARED": {ends, ended}} {
		slices.Sort(lists[0])
		slices.Sort(lists[1])
		if d := cmp.Diff(lists[0], lists[1]); d != "" {
			c.t.Errorf("messages %s (-script +got):\n%s", what, d)
		}
	}
	c.t.Logf("xapi: %d messages ALARM, of %d different texts, and %d of an end", len(alarms), len(slices.Compact(alarms)), len(ended))
}

// alertmanager: what fires is there, and nothing else. An alert that another
// has replaced may stay for its time to live, when the agent that knew of it
// was killed; a short run does not wait for that.
func (c *check) alertmanager(now []monitor.VariableStatus) {
	c.t.Helper()
	want := []map[string]string{{"alertname": "PerfmonHeartbeat", "severity": "none", "class": "host", "host_uuid": c.sim.HostUUID(), "name": "host"}}
	for _, status := range now {
		v := c.variables[slices.IndexFunc(c.variables, func(v *scripted) bool { return v.id() == status.ID })]
		fires := status.State == alarm.Firing || status.State == alarm.Clearing
		if v.silenced || !fires && status.State != alarm.NoData {
			continue
		}
		l := map[string]string{
			"alertname": v.name, "class": v.class, "uuid": v.uuid, "name": v.object, "team": v.team, "state": "nodata",
			"host_uuid": c.sim.HostUUID(), "pool_uuid": xapitest.UUID("pool"),
		}
		if fires {
			l["state"], l["severity"] = "firing", string(status.Severity)
		}
		want = append(want, l)
	}
	patience := c.lastKill.Add(eventTTL + 15*time.Second)
	began, told := time.Now(), false
	for {
		missing, more := c.differences(want)
		overdue := time.Now().After(patience)
		if len(missing) == 0 && len(more) == 0 {
			c.t.Logf("alertmanager: %d alerts fire, as they should, %v after everything was delivered", len(want), time.Since(began).Round(time.Second))
			return
		}
		if len(missing) == 0 && *kills < 100 && !slices.ContainsFunc(more, func(left time.Duration) bool { return left > eventTTL-time.Since(c.lastKill) }) {
			c.t.Logf("alertmanager: %d alerts fire, as they should, and %d that were replaced are about to end", len(want), len(more))
			return
		}
		if overdue {
			c.t.Errorf("alertmanager: missing %v; more than there should be, and for how long: %v", missing, more)
			return
		}
		if !told {
			told = true
			c.t.Logf("alertmanager: not yet there: %v; there still: %d", missing, len(more))
		}
		time.Sleep(time.Second)
	}
}

// differences are the alerts that are missing, and for how long those go on
// that should not be there.
func (c *check) differences(want []map[string]string) (missing []map[string]string, more []time.Duration) {
	c.t.Helper()
	active, err := c.alerts.Active()
	if err != nil {
		c.t.Fatal(err)
	}
	missing = slices.Clone(want)
	for _, a := range active {
		if i := slices.IndexFunc(missing, func(l map[string]string) bool { return maps.Equal(l, a.Labels) }); i >= 0 {
			missing = slices.Delete(missing, i, i+1)
		} else {
			more = append(more, time.Until(a.EndsAt))
		}
	}
	return missing, more
}

// journald: nothing but what was said. Where there is a journal the lines are
// in there.
func (c *check) journald() {
	c.t.Helper()
	said := map[string]bool{}
	for _, v := range c.variables {
		for _, e := range c.said[v.id()] {
			said[v.class+" "+v.object+": "+v.name+" "+string(e.Kind)] = true
		}
	}
	lines := c.find(`perfmon: alarm: ([^:]*: \w+ \w+) `)
	for _, l := range lines {
		if !said[l[1]] {
			c.t.Errorf("journald: %s", l[0])
		}
	}
	if _, err := os.Stat("/run/systemd/journal/socket"); err != nil && len(lines) == 0 {
		c.t.Error("journald: not one line")
	}
	c.t.Logf("journald: %d lines instead of entries", len(lines))
}

// logs have no sign of something that has gone wrong beside what was ordered.
func (c *check) logs() {
	c.t.Helper()
	for _, bad := range []string{"panic", "fatal error", "DATA RACE", "event dropped", "events dropped", "moved aside", "journal cannot", "not kept", "given up", "left behind"} {
		if lines := c.find(".*" + bad + ".*"); len(lines) > 0 {
			c.t.Errorf("%d lines of the log say %q, the first:\n%s", len(lines), bad, lines[0][0])
		}
	}
}

func (c *check) find(pattern string) [][]string {
	c.t.Helper()
	text, err := os.ReadFile(c.log.Name())
	if err != nil {
		c.t.Fatal(err)
	}
	return regexp.MustCompile(pattern).FindAllStringSubmatch(strings.ToValidUTF8(string(text), ""), -1)
}
