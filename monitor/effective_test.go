package monitor

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"perfmon/monitor/config"
)

func (w *world) effective(class, uuid string) *EffectiveConfig {
	w.t.Helper()
	e, err := w.m.effective(Object{class, uuid})
	if err != nil {
		w.t.Fatal(err)
	}
	e.XML = e.document()
	if _, err := json.Marshal(e); err != nil {
		w.t.Fatal(err)
	}
	w.wantSameMeaning(e)
	return e
}

// wantSameMeaning reads the document again, as the object's own trigger XML.
func (w *world) wantSameMeaning(e *EffectiveConfig) {
	w.t.Helper()
	c, problems := config.Parse(e.Class, e.XML, config.Options{})
	if errorsAmong(problems) > 0 || c == nil {
		w.t.Fatalf("it cannot be read: %v\n%s", problems, e.XML)
	}
	o := w.m.objects[Object{e.Class, e.UUID}]
	n := 0
	for _, again := range c.Variables {
		if v := o.byName[again.Name]; v != nil {
			n++
			if !again.SameTrigger(v.conf) {
				w.t.Errorf("%s means something else:\n%s", again.Name, e.XML)
			}
		} else if !again.PerHost {
			w.t.Errorf("%s is not in force", again.Name)
		}
	}
	if n != len(o.vars) || len(c.Disabled) != len(e.Disabled) {
		w.t.Errorf("%d variables and %d <disable>, want %d and %d:\n%s", n, len(c.Disabled), len(o.vars), len(e.Disabled), e.XML)
	}
}

func TestEffective(t *testing.T) {
	w := twoVMs(t, Options{})
	w.inv.Objects[Object{"vm", "a"}].Name = `web "07"--<!-- `
	w.poolDefaults(triggers(block("vm", "", "cpu_usage level=0.1; mem_free level=1 regex=memory sense=low"), `<config class="vm" tag="a--b"><disable name="net&amp;work"/></config>`))
	w.file("vm", "<triggers>\n"+block("vm", "", "cpu_usage level=0.2; old level=3 regex=cpu0")+"\n<config class='vm' tag='db'>\n"+
		`  <variable><name value="cpu_usage"/><!-- a - comment --><alarm_trigger_level value="0.3"/></variable>`+"\n"+`  <disable name="mem_free"/>`+"\n</config></triggers>")
	w.tag("vm", "a", "db", "a--b")
	w.giveXML("vm", "a", `<config>
  <variable>

    <name value="disk"/>
    <rrd_regex value="vbd_&lt;.*&gt;"/>
    <alarm_trigger_level value="1"/>
  </variable>
  <variable><name value="broken"/><rrd_regex value="("/><alarm_trigger_level value="1"/></variable>
</config>`)
	const want = `<!-- vm a "web \"07\"- -<!- - ", tags "db", "a- -b" -->
<!-- other-config:perfmon:8:35: refused: variable "broken": rrd_regex "(": missing ), a group is not closed; fix: write a regular expression as Python's re module has them -->
<config>
	<!-- other-config:perfmon:2:3 -->
	<variable>
		<name value="disk"/>
		<rrd_regex value="vbd_&lt;.*&gt;"/>
		<alarm_trigger_level value="1"/>
	</variable>
	<!-- triggers/vm.xml:4:3 (tag "db"), in place of triggers/vm.xml:2:20 and pool:other-config:perfmon-defaults:1:30 -->
	<variable>
		<name value="cpu_usage"/>
		<!-- a - comment -->
		<alarm_trigger_level value="0.3"/>
	</variable>
	<!-- triggers/vm.xml:2:100 -->
	<variable>
		<name value="old"/>
		<alarm_trigger_level value="3"/>
		<rrd_regex value="cpu0"/>
	</variable>
	<!-- switched off by triggers/vm.xml:5:3 (tag "db"); it would be that of pool:other-config:perfmon-defaults:1:110 -->
	<disable name="mem_free"/>
	<!-- switched off by pool:other-config:perfmon-defaults:1:287 (tag "a- -b") -->
	<disable name="net&amp;work"/>
</config>
`
	e := w.effective("vm", "a")
	if d := cmp.Diff(want, e.XML); d != "" {
		t.Errorf("(-want +got):\n%s\n%s", d, e.XML)
	}
	if v := e.Variables[1]; v.Variable != "cpu_usage" || !strings.HasPrefix(v.XML, "<variable>\n\t<name") ||
		!cmp.Equal(v.From, Place{Origin: "triggers/vm.xml", Tag: "db", Line: 4, Column: 3}) || len(v.Hides) != 2 {
		t.Errorf("%+v", v)
	}
	w.row(60, 0.1, 0.1, 0.1)
	w.poll(65)
	if x := w.explain("vm", "a", "cpu_usage"); x.From != `triggers/vm.xml:4:3 (tag "db")` {
		t.Errorf("explained as from %q", x.From)
	}
}

func TestEffectiveOfNothing(t *testing.T) {
	w := twoVMs(t, Options{})
	e := w.effective("vm", "a")
	if want := "<!-- vm a: no variable is in force -->\n<config>\n</config>\n"; e.XML != want {
		t.Errorf("%s", e.XML)
	}
	var missing *NotFoundError
	if _, err := w.m.effective(Object{"vm", "c"}); !errors.As(err, &missing) {
		t.Errorf("no such object: %v", err)
	}
}

// TestEffectiveOfATextThatWasGood: what a spoiled text leaves in force says
// that it is of a former one.
func TestEffectiveOfATextThatWasGood(t *testing.T) {
	w := twoVMs(t, Options{})
	w.give("vm", "a", "cpu_usage level=0.5")
	w.give("vm", "a", "cpu_usage level=half; x level=1 regex=cpu0")
	e := w.effective("vm", "a")
	if v := e.Variables[0]; v.Variable != "cpu_usage" || !v.From.Kept || !strings.Contains(v.XML, `"0.5"`) || len(e.Problems) != 1 || !e.Problems[0].Refused {
		t.Errorf("%+v", e)
	}
}

// TestEffectiveOfWhatAnSRAsks: it is shown at both ends.
func TestEffectiveOfWhatAnSRAsks(t *testing.T) {
	const sr = "12345678-0000-0000-0000-000000000000"
	w := newWorld(t, Options{}, "host/h/cpu0", "host/h/io_throughput_total_12345678")
	w.with("sr", sr, Facts{Resident: true, Name: "nfs", SR: &SRFacts{}})
	w.file("sr", shortXML("physical_utilisation; sr_io_throughput_total_per_host level=7"))
	w.give("host", "h", "cpu_usage level=0.5")
	w.row(60, 0.1, 0.1)
	w.poll(65)
	const wantHost = `<!-- host h -->
<config>
	<!-- other-config:perfmon:1:9 -->
	<variable>
		<name value="cpu_usage"/>
		<alarm_trigger_level value="0.5"/>
	</variable>
	<!-- asked of this host by sr 12345678-0000-0000-0000-000000000000: triggers/sr.xml:1:66 -->
	<variable>
		<name value="sr_io_throughput_total_12345678"/>
		<alarm_trigger_level value="7"/>
		<configured_on class="SR" uuid="12345678-0000-0000-0000-000000000000"/>
	</variable>
</config>
`
	if d := cmp.Diff(wantHost, w.effective("host", "h").XML); d != "" {
		t.Errorf("of the host (-want +got):\n%s", d)
	}
	const wantSR = `<!-- sr 12345678-0000-0000-0000-000000000000 "nfs" -->
<config>
	<!-- triggers/sr.xml:1:9 -->
	<variable>
		<name value="physical_utilisation"/>
	</variable>
	<!-- triggers/sr.xml:1:66; each host judges it that has this sr attached -->
	<variable>
		<name value="sr_io_throughput_total_per_host"/>
		<alarm_trigger_level value="7"/>
	</variable>
</config>
`
	if d := cmp.Diff(wantSR, w.effective("sr", sr).XML); d != "" {
		t.Errorf("of the sr (-want +got):\n%s", d)
	}
	x := w.explain("host", "h", "sr_io_throughput_total_12345678")
	if want := "triggers/sr.xml:1:66 of sr " + sr; x.From != want {
		t.Errorf("explained as from %q, want %q", x.From, want)
	}
}

// TestAskedWhileItRuns: the loop answers, and says what is not there.
func TestAskedWhileItRuns(t *testing.T) {
	w := newWorld(t, Options{Loops: 1}, "vm/a/cpu0")
	w.give("vm", "a", "cpu_usage level=0.8; other level=1 regex=cpu0")
	w.row(0, 0.9)
	ctx, cancel := context.WithCancel(context.Background())
	answered := make(chan struct{})
	w.meanwhile = func() {
		go func() {
			defer close(answered)
			e, err := w.m.Effective(ctx, Object{"vm", "a"})
			if err != nil || len(e.Variables) != 2 || !strings.HasPrefix(e.XML, "<!-- vm a") {
				t.Errorf("effective: %+v, %v", e, err)
			}
			list, err := w.m.ExplainAll(ctx, Object{"vm", "a"})
			if err != nil || len(list) != 2 || list[0].Variable != "cpu_usage" || list[1].Variable != "other" {
				t.Errorf("explain all: %v, %v", list, err)
			}
			if _, err := w.m.ExplainAll(ctx, Object{"vm", "b"}); !errors.As(err, new(*NotFoundError)) {
				t.Errorf("explain all of nothing: %v", err)
			}
			if _, err := w.m.Effective(ctx, Object{"vm", "b"}); !errors.As(err, new(*NotFoundError)) {
				t.Errorf("effective of nothing: %v", err)
			}
		}()
		<-answered
	}
	w.m.Run(ctx)
	cancel()
	if _, err := w.m.Effective(context.Background(), Object{"vm", "a"}); !errors.Is(err, ErrEnded) {
		t.Errorf("after the end: %v", err)
	}
}
