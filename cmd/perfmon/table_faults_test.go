package main

import (
	"fmt"
	"strings"
	"time"

	"perfmon/xapi/xapitest"
)

// table plays the lines of the table of bad input, a few polls each.
type table struct {
	s       *stage
	vms     []string
	rules   map[string]rule
	refused map[string]bool // alarms whose message the toolstack refuses
	pending map[string]bool // VMs whose next alarm it will refuse
	seen    int             // raised alarms looked at
	faults  int
	expect  string // how this poll has to end: "", "fails" or "either"
}

func newTable(s *stage, vms []string, rules map[string]rule) *table {
	return &table{s: s, vms: vms, rules: rules, refused: map[string]bool{}, pending: map[string]bool{}, expect: "either"}
}

// answers is the spoiling of answers with rows, one for each poll of the
// stretch that starts at poll 20; an unspoiled poll follows every two.
var answers = []struct {
	name  string
	fault xapitest.Fault
	fails bool
}{
	{"HTTP 401", xapitest.Fault{Kind: xapitest.Status, Code: 401}, true},
	{"HTTP 403", xapitest.Fault{Kind: xapitest.Status, Code: 403}, true},
	{"HTTP 404", xapitest.Fault{Kind: xapitest.Status, Code: 404}, true},
	{"HTTP 500", xapitest.Fault{Kind: xapitest.Status, Code: 500}, true},
	{"HTTP 503", xapitest.Fault{Kind: xapitest.Status, Code: 503}, true},
	{"hung before the answer", xapitest.Fault{Kind: xapitest.HangHeader}, true},
	{"hung in the answer", xapitest.Fault{Kind: xapitest.HangBody, At: 700}, true},
	{"connection cut", xapitest.Fault{Kind: xapitest.Cut}, true},
	{"an HTML page", xapitest.Fault{Kind: xapitest.HTMLPage}, true},
	{"JSON although XML was asked for", xapitest.Fault{Kind: xapitest.WrongForm}, false},
	{"truncated in the legend", xapitest.Fault{Kind: xapitest.Truncate, At: 400}, true},
	{"truncated at the very end", xapitest.Fault{Kind: xapitest.Truncate, At: -1}, true},
	{"garbage", xapitest.Fault{Kind: xapitest.Garbage, At: 300}, true},
	{"a short row", xapitest.Fault{Kind: xapitest.ShortRow}, true},
	{"a long row", xapitest.Fault{Kind: xapitest.LongRow}, true},
	{"a number that is none", xapitest.Fault{Kind: xapitest.BadNumber, At: 0}, true},
	{"larger than allowed", xapitest.Fault{Kind: xapitest.Oversize, At: 2 << 20}, true},
	{"empty legend entry", xapitest.Fault{Kind: xapitest.BadLegend, At: 2, Text: "three:parts:only"}, false},
}

// before sets the stage for poll i, and returns what undoes it.
func (b *table) before(i int) (undo func()) {
	b.expect = "either"
	s := b.s
	switch {
	case i >= 20 && i < 20+2*len(answers):
		if i%3 == 2 { // never three broken answers in a row
			b.expect = ""
			return func() {}
		}
		a := answers[(i-20)/2]
		f := a.fault
		f.Path = "/rrd_updates"
		b.expect = ""
		if a.fails {
			b.expect = "fails"
		}
		b.faults++
		installed := s.sim.Install(f)
		return installed.Clear
	case i == 60 || i == 61:
		return b.listening(xapitest.RRDD, false) // falls back to xapi's port
	case i == 62:
		b.expect = "fails"
		a, c := b.listening(xapitest.RRDD, true), b.listening(xapitest.TCP, true) // refused
		return func() { a(); c() }
	case i == 63:
		s.sim.EndSessions()
		return b.listening(xapitest.RRDD, false) // rows with a new session
	case i == 70:
		b.faults++
		s.configure("vm", b.vms[0], "<config><variable><name") // malformed
	case i == 72:
		uuid := b.vms[0]
		s.configure("vm", uuid, b.rules[uuid].xml(""))
	case i == 74:
		b.faults++
		uuid := b.vms[1]
		bad := b.rules[uuid].xml(`<variable><name value="cpu_usage"/><alarm_trigger_level value="high"/></variable>` +
			`<variable><name value="r"/><alarm_trigger_level value="1"/><rrd_regex value="("/></variable>` +
			`<variable><name value="p"/><alarm_trigger_level value="1"/><rrd_regex value="x"/><alarm_priority value="urgent"/></variable>`)
		s.configure("vm", uuid, bad)
	case i == 76:
		b.faults++
		uuid := b.vms[2]
		s.configure("vm", uuid, strings.Replace(b.rules[uuid].xml(""), "<variable>", `<variable><alarm_priority value="urgent"/>`, 1))
	case i == 78:
		uuid := b.vms[2]
		s.configure("vm", uuid, b.rules[uuid].xml(""))
	case i == 80:
		for n, code := range []string{"UUID_INVALID", "HANDLE_INVALID", "INVALID_VALUE"} {
			b.refuse(b.vms[3+n], xapitest.Fault{Kind: xapitest.RPCFailure, Failure: []string{code, "VM", b.vms[3+n]}, Count: 1})
		}
	case i == 1: // the only alarm of this VM, as its inhibit time is long
		b.refuse(b.vms[7], xapitest.Fault{Kind: xapitest.RPCFailure, Failure: []string{"INTERNAL_ERROR", "odd"}, Count: 3})
	case i == 140:
		b.trouble(b.vms[8], xapitest.Fault{Kind: xapitest.RPCFailure, Failure: []string{"INTERNAL_ERROR", "once"}, Count: 1})
		b.trouble(b.vms[9], xapitest.Fault{Kind: xapitest.NullRef, Count: 1})
		b.trouble(b.vms[10], xapitest.Fault{Kind: xapitest.Cut, Count: 1})
		b.trouble(b.vms[11], xapitest.Fault{Kind: xapitest.RPCFailure, Failure: []string{"SESSION_INVALID", "x"}, Count: 1})
	case i == 170:
		s.sim.EndSessions()
		s.sim.LoseEvents()
	case i == 180:
		b.faults++
		if err := s.sim.StopToolstack(); err != nil { // rows are recorded meanwhile
			s.t.Fatal(err)
		}
	case i == 184:
		if err := s.sim.StartToolstack(false); err != nil {
			s.t.Fatal(err)
		}
	}
	return func() {}
}

func (b *table) listening(e xapitest.Endpoint, gone bool) (undo func()) {
	b.faults++
	if err := b.s.sim.SetListening(e, false, gone); err != nil {
		b.s.t.Fatal(err)
	}
	return func() {
		if err := b.s.sim.SetListening(e, true, false); err != nil {
			b.s.t.Fatal(err)
		}
	}
}

// trouble spoils the next message of a VM in a way that is worth a retry.
func (b *table) trouble(uuid string, f xapitest.Fault) {
	f.Method, f.Object = "message.create", uuid
	b.s.sim.Install(f)
	b.faults++
}

// refuse spoils it for good. All alarms so far are delivered first, so that
// the next one raised is the one refused.
func (b *table) refuse(uuid string, f xapitest.Fault) {
	b.drain()
	b.trouble(uuid, f)
	b.pending[uuid] = true
}

// drain waits until all alarms so far have become messages.
func (b *table) drain() {
	b.look()
	if _, err := b.s.waitMessages(len(b.s.raised.got) - len(b.refused)); err != nil {
		b.s.t.Fatal(fmt.Errorf("alarms are not delivered: %w", err))
	}
}

// look notes which of the alarms raised lately are the refused ones.
func (b *table) look() {
	for ; b.seen < len(b.s.raised.got); b.seen++ {
		k := b.s.raised.got[b.seen]
		if uuid := strings.Fields(k)[1]; b.pending[uuid] {
			delete(b.pending, uuid)
			b.refused[k] = true
		}
	}
}

// after looks at how poll i went.
func (b *table) after(i int, err error) {
	b.look()
	switch {
	case b.expect == "fails" && err == nil:
		b.s.t.Errorf("poll %d went well in spite of its fault", i)
	case b.expect == "" && err != nil:
		b.s.t.Errorf("poll %d failed: %v", i, err)
	}
	if err != nil {
		time.Sleep(5 * time.Millisecond) // a client that has been refused looks again later
	}
}
