package monitor

import (
	"strings"
	"testing"

	"perfmon/alarm"
	"perfmon/monitor/config"
)

// twoHosts are the hosts of a pool and a VM that runs on the first of them.
// What a host shares is at once in the VM's record.
type twoHosts struct {
	t       *testing.T
	a, b    *world
	record  Facts
	written []string // what was shared, as "host: text"
	on      string   // where the VM is: a or b
	at      int64
	deaf    bool // b's agent shares nothing
}

const vmTrigger = "cpu_usage level=0.5 period=120 inhibit=3600"

func newTwoHosts(t *testing.T) *twoHosts {
	p := &twoHosts{t: t, on: "a", record: Facts{Name: "web", Running: true, Config: shortXML(vmTrigger)}}
	host := func(name string) *world {
		w := newWorld(t, Options{Share: func(_ Object, text string) {
			if p.deaf && name == "b" || text == p.record.SavedState {
				return
			}
			p.record.SavedState = text
			p.written = append(p.written, name+": "+text)
		}}, "host/"+name+"/cpu0")
		w.inv.HostUUID = name
		w.inv.Objects = map[Object]*Facts{{"host", name}: {Resident: true}}
		return w
	}
	p.a, p.b = host("a"), host("b")
	p.tell()
	return p
}

// tell gives both hosts the inventory of the pool.
func (p *twoHosts) tell() {
	for name, w := range map[string]*world{"a": p.a, "b": p.b} {
		f := p.record
		f.Resident = f.Running && p.on == name
		inv := &Inventory{HostUUID: name, PoolUUID: "p", Objects: map[Object]*Facts{{"host", name}: {Resident: true}, {"vm", "v"}: &f}}
		w.inv = inv
		w.m.setInventory(inv)
	}
}

// minutes gives each host a row a minute; the VM's value is in the one of the
// host that it is on.
func (p *twoHosts) minutes(values ...float64) {
	p.t.Helper()
	for _, v := range values {
		for name, w := range map[string]*world{"a": p.a, "b": p.b} {
			if p.record.Running && p.on == name {
				w.setColumns("host/"+name+"/cpu0", "vm/v/cpu0")
				w.row(p.at, 0, v)
			} else {
				w.setColumns("host/" + name + "/cpu0")
				w.row(p.at, 0)
			}
			w.poll(p.at + 5)
			clear(w.rows)
		}
		p.tell() // what was shared has come back
		p.at += 60
	}
}

func (p *twoHosts) migrate() {
	p.on = map[string]string{"a": "b", "b": "a"}[p.on]
	p.tell()
}

func (p *twoHosts) want(host, want string) {
	p.t.Helper()
	w := map[string]*world{"a": p.a, "b": p.b}[host]
	var words []string
	for _, e := range w.events {
		if e.Kind == alarm.KindState {
			continue
		}
		word := string(e.Kind)
		if e.Inhibited {
			word += " inhibited"
		}
		if e.Reason != "" {
			word += " " + string(e.Reason)
		}
		words = append(words, word)
	}
	if got := strings.Join(words, ", "); got != want {
		p.t.Errorf("host %s said %q, want %q\n%s", host, got, want, w.log.String())
	}
}

func TestAnAlarmMigratesWithItsVM(t *testing.T) {
	p := newTwoHosts(t)
	p.minutes(0.9, 0.9, 0.9)
	p.want("a", "raised")
	p.migrate()
	p.minutes(0.9, 0.9, 0.9, 0.9, 0.9)
	p.want("b", "")
	if n := len(p.b.adopted); n != 1 || p.b.adopted[0].Kind != alarm.KindState || p.b.adopted[0].Severity != alarm.Critical {
		t.Errorf("adopted %+v, want one alarm", p.b.adopted)
	}
	p.minutes(0.1)
	p.want("b", "cleared level")
	p.minutes(0.9, 0.9) // within an hour of the ALARM on the other host
	p.want("b", "cleared level, raised inhibited")
	p.minutes(0.1)
	p.migrate()
	p.minutes(0.9, 0.9, 0.9)
	p.want("a", "raised, raised inhibited")
	for range 15 {
		p.minutes(0.9)
	}
	p.want("a", "raised, raised inhibited")
	p.want("b", "cleared level, raised inhibited, cleared level")
}

// TestSharedOnATransition: what is shared is written when something is said,
// and when it is taken over, and at no other time.
func TestSharedOnATransition(t *testing.T) {
	p := newTwoHosts(t)
	p.minutes(0.1, 0.9, 0.1, 0.9)
	if len(p.written) != 0 {
		t.Errorf("written before anything was said: %q", p.written)
	}
	p.minutes(0.9, 0.9, 0.9, 0.9)
	want := `a: {"v":1,"host":"a","alarms":{"cpu_usage":{"rule":"` + sharedRule(p.a.m.objects[Object{"vm", "v"}].byName["cpu_usage"]) +
		`","severity":"critical","since":1700006580,"raised":1700006640,"alarmed":1700006640}}}`
	if len(p.written) != 1 || p.written[0] != want {
		t.Errorf("written %q\nwant    %q", p.written, want)
	}
	p.migrate()
	p.minutes(0.9, 0.9, 0.9, 0.9)
	if len(p.written) != 2 || p.written[1] != strings.Replace(strings.Replace(want, "a: ", "b: ", 1), `"host":"a"`, `"host":"b"`, 1) {
		t.Errorf("written %q, want that b has it now", p.written)
	}
	p.minutes(0.1, 0.1, 0.1)
	if len(p.written) != 3 || strings.Contains(p.written[2], "severity") {
		t.Errorf("written %q, want that it has ended", p.written)
	}
}

// TestTheLegendIsSlower: the old host hears that the alarm was taken over
// while its rows still have the VM.
func TestTheLegendIsSlower(t *testing.T) {
	p := newTwoHosts(t)
	p.minutes(0.9, 0.9)
	p.migrate()
	p.a.row(p.at, 0, 0.9)
	p.a.setColumns("host/a/cpu0", "vm/v/cpu0")
	p.a.poll(p.at + 5)
	p.b.row(p.at, 0, 0.9)
	p.b.setColumns("host/b/cpu0", "vm/v/cpu0")
	p.b.poll(p.at + 5)
	p.tell()
	p.at += 60
	for at := int64(0); at < 15; at++ {
		p.a.setColumns("host/a/cpu0")
		clear(p.a.rows)
		p.a.row(p.at+60*at, 0)
		p.a.poll(p.at + 60*at + 5)
	}
	p.want("a", "raised")
}

// TestTheOtherHostSharesNothing: what nobody takes over ends where it began.
func TestTheOtherHostSharesNothing(t *testing.T) {
	p := newTwoHosts(t)
	p.deaf = true
	p.minutes(0.9, 0.9)
	p.migrate()
	for range 15 {
		p.minutes(0.9)
	}
	p.want("a", "raised, cleared gone")
}

// TestAVMThatStartsElsewhereBringsNothing: its alarm ended when it was halted.
func TestAVMThatStartsElsewhereBringsNothing(t *testing.T) {
	p := newTwoHosts(t)
	p.minutes(0.9, 0.9)
	p.record.Running = false
	p.tell()
	p.minutes(nan)
	p.record.Running, p.on = true, "b"
	p.tell()
	p.minutes(0.9, 0.9)
	p.want("b", "raised")

	p = newTwoHosts(t)
	p.minutes(0.9, 0.9)
	p.record.Running = false
	p.tell()
	for range 15 {
		p.minutes(nan)
	}
	p.want("a", "raised, cleared gone")
	if last := p.written[len(p.written)-1]; strings.Contains(last, "severity") {
		t.Errorf("the pool still believes that it fires: %s", last)
	}
}

// TestARestartOnTheWay: neither agent loses the alarm by a restart.
func TestARestartOnTheWay(t *testing.T) {
	p := newTwoHosts(t)
	p.minutes(0.9, 0.9)
	p.a.restart()
	p.tell()
	p.minutes(0.9)
	p.b.restart() // it looks for the first time when the VM is there already
	p.migrate()
	p.a.restart()
	p.tell()
	p.minutes(0.9, 0.9)
	p.b.restart()
	p.tell()
	p.minutes(0.9, 0.1)
	p.want("a", "raised")
	p.want("b", "cleared level")
}

// TestAnotherRuleElsewhere: what fires by a rule that the VM does not have on
// the new host is ended there, as a change of configuration.
func TestAnotherRuleElsewhere(t *testing.T) {
	p := newTwoHosts(t)
	p.minutes(0.9, 0.9)
	p.record.Config = shortXML("cpu_usage level=0.7 period=120 inhibit=3600")
	p.on = "b"
	for _, w := range []*world{p.b} { // the other is slower to hear of both
		f := p.record
		f.Resident = true
		w.inv = &Inventory{HostUUID: "b", Objects: map[Object]*Facts{{"host", "b"}: {Resident: true}, {"vm", "v"}: &f}}
		w.m.setInventory(w.inv)
	}
	p.minutes(0.9, 0.9)
	p.want("b", "cleared config, raised inhibited")
}

// A variable that this host does not have is ended, whatever rule the text
// says that it has: nothing else would ever end it.
func TestSharedVariableThatIsNotHere(t *testing.T) {
	p := newTwoHosts(t)
	rule := sharedRule(&variable{conf: &config.Variable{Name: "x"}})
	p.record.SavedState = `{"v":1,"host":"a","alarms":{"x":{"rule":"` + rule + `","severity":"critical","since":1,"raised":1,"alarmed":1}}}`
	p.on = "b"
	p.tell()
	p.minutes(0)
	p.want("b", "cleared config")
}

func TestReadShared(t *testing.T) {
	good := `{"v":1,"host":"a","alarms":{"x":{"rule":"1","severity":"critical"}}}`
	if s := readShared(good); s == nil || s.Host != "a" || s.Alarms["x"].Severity != alarm.Critical {
		t.Errorf("%s: %+v", good, s)
	}
	for _, bad := range []string{
		"", "x", `{"v":2,"host":"a"}`, `{"v":1}`, `{"v":1,"host":"a","alarms":{"x":{"severity":"loud"}}}`,
		`{"v":1,"host":"a","alarms":{"x":{"since":"yesterday"}}}`, `{"v":1,"host":"a","alarms":{"x":{"since":-1}}}`,
		`{"v":1,"host":"a","alarms":{"x":{"raised":-9223372036854775808}}}`, `{"v":1,"host":"a","alarms":{"x":{"alarmed":-1}}}`,
		`{"v":1,"host":"a","alarms":{"":{"rule":"1"}}}`, strings.Repeat(" ", maxSharedBytes) + good,
	} {
		if s := readShared(bad); s != nil {
			t.Errorf("%.50q was read: %+v", bad, s)
		}
	}
}
