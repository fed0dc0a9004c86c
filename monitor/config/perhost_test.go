package config

import (
	"strings"
	"testing"
)

const srUUID = "12345678-aaaa-bbbb-cccc-ddddeeeeffff"

func TestPerHostVariable(t *testing.T) {
	sr := parse(t, ClassSR, `<config><variable><name value="sr_io_throughput_total_per_host"/><alarm_trigger_level value="0.01"/></variable></config>`, Options{})[0]
	if !sr.PerHost || sr.Pattern != nil {
		t.Fatalf("the SR's: %+v", sr)
	}
	host, err := PerHostVariable(srUUID, sr)
	if err != nil {
		t.Fatal(err)
	}
	if want := "sr_io_throughput_total_12345678 sum(io_throughput_total_12345678) high 0.01 period 60 inhibit 3600 priority 3"; spell(host) != want || host.PerHost {
		t.Errorf("got %s, want %s", spell(host), want)
	}
	want := "value: 1.500000\nconfig:\n<variable>\n\t<name value=\"sr_io_throughput_total_12345678\"/>\n\t<alarm_trigger_level value=\"0.01\"/>\n\t<configured_on class=\"SR\" uuid=\"12345678-aaaa-bbbb-cccc-ddddeeeeffff\"/>\n</variable>\n"
	if got := host.Body(1.5); got != want {
		t.Errorf("body:\ngot  %q\nwant %q", got, want)
	}
	if !matches(t, host.Pattern, "io_throughput_total_12345678") || matches(t, host.Pattern, "io_throughput_total_123456789") {
		t.Error("wrong columns")
	}
	// The SR's own is as before, and serves again.
	again, err := PerHostVariable(srUUID, sr)
	if err != nil || again.Body(1.5) != want || !again.SameTrigger(host) || strings.Contains(sr.Body(1), "configured_on") {
		t.Errorf("the second time: %v", err)
	}
}

func TestPerHostVariableRefuses(t *testing.T) {
	sr := parse(t, ClassSR, variable("name=sr_io_throughput_total_per_host", "alarm_trigger_level=1"), Options{})[0]
	for _, uuid := range []string{"", "1234567", "12345678"[:7] + "-", "ABCDEF01-aaaa-bbbb-cccc-ddddeeeeffff", "OpaqueRef:NULL"} {
		if v, err := PerHostVariable(uuid, sr); err == nil {
			t.Errorf("uuid %q: %v", uuid, spell(v))
		}
	}
	// The name means this on an SR only.
	other := parse(t, ClassHost, variable("name=sr_io_throughput_total_per_host", "rrd_regex=x", "alarm_trigger_level=1"), Options{})[0]
	if _, err := PerHostVariable(srUUID, other); err == nil || other.PerHost {
		t.Error("made of a host's variable")
	}
}

// TestOnePerHostVariable: an SR has one, the first that is good.
func TestOnePerHostVariable(t *testing.T) {
	per := func(tags string) string {
		return `<variable><name value="sr_io_throughput_total_per_host"/>` + tags + `</variable>`
	}
	c, problems := Parse(ClassSR, "<c>"+per(`<rrd_regex value="x"/><alarm_trigger_level value="1"/>`)+per(`<alarm_trigger_level value="2"/>`)+per(`<alarm_trigger_level value="3"/>`)+
		`<variable><name value="physical_utilisation"/></variable></c>`, Options{})
	if got := names(c); got != "sr_io_throughput_total_per_host=2 physical_utilisation=0.8" {
		t.Errorf("in force: %s", got)
	}
	if len(problems) != 2 || problems[0].Severity != Error || problems[1].Severity != Error || !strings.Contains(problems[1].Msg, "an SR has only one") {
		t.Errorf("problems: %v", problems)
	}
}
