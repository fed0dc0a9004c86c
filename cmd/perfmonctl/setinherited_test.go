package main

import (
	"bytes"
	"os"
	"strings"
	"testing"

	"perfmon/cmd/internal/verbs"
	"perfmon/monitor"
	"perfmon/xapi/xapitest"
)

// TestSetInherited: a variable of an object's own hides the one that it
// inherits, so set says what is lost with that, and how to keep it.
func TestSetInherited(t *testing.T) {
	dir, err := os.MkdirTemp("", "xcp") // short, for the address of a socket
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(dir)
	sim := xapitest.New(xapitest.Options{Dir: dir})
	if err := sim.Start(); err != nil {
		t.Fatal(err)
	}
	defer sim.Close()
	web, away := xapitest.UUID("web"), xapitest.UUID("away")
	for _, uuid := range []string{web, away} {
		sim.PutVM(xapitest.VM{UUID: uuid, PowerState: "Running", ResidentOn: sim.HostUUID()})
	}
	agent := &fakeAgent{answers: map[string]any{"/v1/effective": monitor.EffectiveConfig{Variables: []monitor.EffectiveVariable{
		{
			Variable: "vbd io", From: monitor.Place{Origin: "triggers/vm.xml", Tag: "db", Line: 7, Column: 3},
			XML: `<variable><name value="vbd io"/><alarm_trigger_level value="5"/><alarm_trigger_period value="120"/><consolidation_fn value="max"/><rrd_regex value="vbd_.*_io's"/></variable>`,
		},
		{
			Variable: "cpu_usage", From: monitor.Place{Origin: "triggers/vm.xml", Line: 2, Column: 3},
			XML: `<variable><name value="cpu_usage"/><alarm_trigger_period value="300"/><alarm_clear_level value="0.5"/></variable>`,
		},
		{Variable: "fs_usage", From: monitor.Place{Origin: "other-config:perfmon", Line: 1, Column: 9}, XML: `<variable><name value="fs_usage"/></variable>`},
	}}}}
	socket := agent.start(t)
	f := func(question string, code int, wantSaid, wantComplaint string, args ...string) {
		t.Helper()
		var out, complaints bytes.Buffer
		args = append([]string{"set", "--xapi-socket", sim.Addr(xapitest.XAPI), "--api-socket", socket}, args...)
		if got := run(args, strings.NewReader(""), &out, &complaints); got != code {
			t.Errorf("%s: exit code %d, want %d", question, got, code)
		}
		if out.String() != wantSaid {
			t.Errorf("%s: says\n%swant\n%s", question, &out, wantSaid)
		}
		if complaints.String() != wantComplaint {
			t.Errorf("%s: complains\n%swant\n%s", question, &complaints, wantComplaint)
		}
	}

	whole := `perfmonctl set vm:` + web + ` 'vbd io' level=9 period=120 fn=max 'regex=vbd_.*_io'\''s'`
	few := `perfmonctl: set "vbd io": refused: variable "vbd io": no columns to measure: the name has no default rrd_regex; fix: write <rrd_regex value="…"/>, the names of the data sources` + "\n"
	f("too little by itself", verbs.ExitProblem, "", few+`the object inherits vbd io from triggers/vm.xml:7:3 (tag "db"), and one of its own takes the place of that as a whole; with the rest of what stands there:
  `+whole+"\n", "vm:"+web, "vbd io", "level=9")
	f("wrong in itself", verbs.ExitProblem, "", few+`variable "vbd io": alarm_trigger_level "much": not a number; fix: write <alarm_trigger_level value="0.9"/>`+"\n", "vm:"+web, "vbd io", "level=much")
	f("complete", verbs.ExitOK, "vm "+web+` "": vbd io is new
  level: 9
  period: 120
  fn: max
  regex: vbd_.*_io's
it takes the place of the one that is inherited from triggers/vm.xml:7:3 (tag "db"), as a whole
`, "", "vm:"+web, "vbd io", "level=9", "period=120", "fn=max", "regex=vbd_.*_io's")
	asked := len(agent.asked)
	f("its own by now", verbs.ExitOK, "vm "+web+" \"\": vbd io\n  level: 9 -> 8\n", "", "vm:"+web, "vbd io", "level=8")
	if len(agent.asked) != asked {
		t.Error("the agent is asked what the object inherits, although that is hidden already")
	}

	rest := "it takes the place of the one that is inherited from triggers/vm.xml:2:3, as a whole\nto keep the rest of what stands there:\n  perfmonctl set vm:" + web + " cpu_usage period=300\n"
	f("some is lost", verbs.ExitOK, "vm "+web+" \"\": cpu_usage is new\n  level: 0.8\n"+rest, "", "vm:"+web, "cpu_usage", "level=0.8", "clear_level=")
	f("nothing is inherited", verbs.ExitOK, "vm "+web+" \"\": fs_usage is new\n", "", "vm:"+web, "fs_usage")

	agent.answers = map[string]any{"/v1/objects": ""}
	none := strings.ReplaceAll(few, "vbd io", "x")
	f("an agent that does not say", verbs.ExitProblem, "", none+"whether the object inherits x is not known: perfmon 1.2 does not know /v1/effective, and this is perfmonctl unknown: if perfmon was updated, restart it; or use the perfmonctl that came with it\n",
		"vm:"+away, "x", "level=1")
	socket += "-none"
	f("no agent, and too little", verbs.ExitProblem, "", none, "vm:"+away, "x", "level=1")
	f("no agent", verbs.ExitOK, "vm "+away+" \"\": cpu_usage is new\n  level: 0.8\n", "", "vm:"+away, "cpu_usage", "level=0.8")
}
