package config

import (
	"fmt"
	"strings"
	"testing"
)

// spellMore is what the stock daemon does not have of a variable.
func spellMore(v *Variable) string {
	s := ""
	if v.HasWarning {
		s += fmt.Sprintf("warning %g ", v.WarningLevel)
	}
	if v.HasClear {
		s += fmt.Sprintf("clear %g ", v.ClearLevel)
	}
	return s + fmt.Sprintf("period %d nodata %d %v", v.ClearPeriod, v.NoDataPeriod, v.Labels)
}

func TestElements(t *testing.T) {
	f := func(class, text, want string) {
		t.Helper()
		v := parse(t, class, text, Options{})[0]
		if got := spellMore(v); got != want {
			t.Errorf("%s:\ngot  %s\nwant %s", text, got, want)
		}
		if problems := Check(class, text, Options{}); len(problems) > 0 {
			t.Errorf("%s: %v", text, problems)
		}
	}
	cpu := func(tags ...string) string {
		return variable(append([]string{"name=cpu_usage", "alarm_trigger_level=0.9"}, tags...)...)
	}
	f("vm", cpu(), "period 0 nodata 0 map[]")
	f("vm", cpu("alarm_clear_level=0.7", "alarm_clear_period=300"), "clear 0.7 period 300 nodata 0 map[]")
	f("vm", cpu("alarm_clear_level=9e-1"), "clear 0.9 period 0 nodata 0 map[]")
	f("vm", cpu("alarm_warning_level=0.8", "alarm_clear_level=0.85"), "warning 0.8 clear 0.85 period 0 nodata 0 map[]")
	f("vm", cpu("alarm_warning_level=0.8", "alarm_clear_level=0.7"), "warning 0.8 clear 0.7 period 0 nodata 0 map[]")
	f("vm", cpu("alarm_nodata_period=1"), "period 0 nodata 1 map[]")
	f("vm", cpu("alarm_labels=team=storage"), "period 0 nodata 0 map[team:storage]")
	f("vm", cpu("alarm_labels= team = a b=c , _T1=é&<>\"' "), `period 0 nodata 0 map[_T1:é&<>"' team:a b=c]`)
	f("vm", cpu("alarm_labels="+strings.Repeat("a", MaxLabelName)+"="+strings.Repeat("x", MaxLabelValue)),
		fmt.Sprintf("period 0 nodata 0 map[%s:%s]", strings.Repeat("a", MaxLabelName), strings.Repeat("x", MaxLabelValue)))
	// The sense decides which side is good, the default one too.
	f("host", variable("name=memory_free_kib", "alarm_trigger_level=100", "alarm_warning_level=200", "alarm_clear_level=300"), "warning 200 clear 300 period 0 nodata 0 map[]")
	f("vm", variable("name=fs_usage", "alarm_warning_level=0.8"), "warning 0.8 period 0 nodata 0 map[]")
	f("vm", variable("name=own", "rrd_regex=x", "alarm_trigger_sense=low", "alarm_trigger_level=5", "alarm_clear_level=9"), "clear 9 period 0 nodata 0 map[]")
	// Order in the document does not matter.
	f("vm", variable("name=cpu_usage", "alarm_clear_level=0.7", "alarm_trigger_level=0.9"), "clear 0.7 period 0 nodata 0 map[]")
}

// TestElementsOfPerHost: a host's variable has what the SR's has.
func TestElementsOfPerHost(t *testing.T) {
	sr := parse(t, ClassSR, variable("name=sr_io_throughput_total_per_host", "alarm_trigger_level=9", "alarm_warning_level=8", "alarm_clear_level=7",
		"alarm_clear_period=6", "alarm_nodata_period=5", "alarm_labels=a=4"), Options{})[0]
	host, err := PerHostVariable(srUUID, sr)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := spellMore(host), "warning 8 clear 7 period 6 nodata 5 map[a:4]"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// TestElementsInBody: they are in the alarm's body where they stand in the
// document.
func TestElementsInBody(t *testing.T) {
	v := parse(t, ClassVM, variable("name=cpu_usage", "alarm_labels=a=1", "alarm_clear_level=0.7", "alarm_trigger_level=0.9"), Options{})[0]
	want := "value: 1.000000\nconfig:\n<variable>\n\t<name value=\"cpu_usage\"/>\n\t<alarm_labels value=\"a=1\"/>\n\t<alarm_clear_level value=\"0.7\"/>\n\t<alarm_trigger_level value=\"0.9\"/>\n</variable>\n"
	if got := v.Body(1); got != want {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}
