package config

import (
	"fmt"
	"strings"
	"testing"
)

// TestProblems has one line for each thing that can be wrong with a variable:
// the worst that is said of it, and whether it is in force all the same.
func TestProblems(t *testing.T) {
	f := func(class, text string, inForce bool, severity Severity, parts ...string) {
		t.Helper()
		c, problems := Parse(class, text, Options{})
		if c == nil {
			t.Errorf("%s: not read: %v", text, problems)
			return
		}
		if (len(c.Variables) > 0) != inForce {
			t.Errorf("%s: %d variables in force", text, len(c.Variables))
		}
		if len(problems) != 1 {
			t.Errorf("%s: want one problem, got %v", text, problems)
			return
		}
		p := problems[0]
		if p.Severity != severity || p.Line != 1 || p.Column < 1 {
			t.Errorf("%s: %v at %d:%d: %v", text, p.Severity, p.Line, p.Column, p)
		}
		for _, part := range parts {
			if !strings.Contains(p.String(), part) {
				t.Errorf("%s: %q does not say %q", text, p, part)
			}
		}
	}
	const name, level = "name=cpu_usage", "alarm_trigger_level=0.5"
	with := func(tags ...string) string { return variable(append([]string{name, level}, tags...)...) }

	// Refused.
	f("vm", "<config><variable/></config>", false, Error, "without a <name>", `write <name value="…"/>`)
	f("vm", variable(name), false, Error, "no <alarm_trigger_level>")
	f("sr", variable("name=sr_io_throughput_total_per_host"), false, Error, "no <alarm_trigger_level>")
	f("vm", variable("name=cpu_usag", level), false, Error, "no columns", `did you mean the name "cpu_usage"?`)
	f("sr", variable("name=physical_utilistaion", level), false, Error, `"physical_utilisation"`)
	f("host", variable("name=fs_usage", level), false, Error, `write <consolidation_fn value="get_percent_fs_usage"/>`)
	f("host", variable("name=disk_usage", level), false, Error, "no columns")
	f("host", variable("name=sr_io_throughput_total_0123ABCD", level), false, Error, "no columns")
	for _, bad := range []string{"", "x", "0,9", "0x10", "nan", "-inf", "Infinity", "1e999", "1__0", "1_", "_1", "1e", ".", "--1", "1 2", "½", "٣x"} {
		f("vm", variable(name, "alarm_trigger_level="+bad), false, Error, fmt.Sprintf("alarm_trigger_level %q", bad))
	}
	for _, bad := range []string{"", "60.5", "1e3", "1 000", "nan", "inf", "0x10", "1__0", "60s", "+", strings.Repeat("9", 4301)} {
		f("vm", with("alarm_trigger_period="+bad), false, Error, "alarm_trigger_period", "whole number", "60")
		f("vm", with("alarm_auto_inhibit_period="+bad), false, Error, "alarm_auto_inhibit_period", "3600")
		f("vm", with("alarm_priority="+bad), false, Error, "alarm_priority", "1 (critical)")
	}
	f("vm", with("alarm_priority=9223372036854775808"), false, Error, "too large")
	f("vm", with("alarm_priority=high"), false, Error, "not a whole number")
	f("vm", with("consolidation_fn=avg"), false, Error, `"avg" is not known`, "use one of sum, average, max,")
	f("vm", with("consolidation_fn=mean"), false, Error, `"mean" is not known`, "use one of sum, average, max,")
	f("vm", with("consolidation_fn=min"), false, Error, "use one of sum, average, max,")
	f("vm", with("consolidation_fn=maximum"), false, Error, "use one of sum, average, max,")
	f("vm", with("consolidation_fn=AVERAGE"), false, Error, `did you mean "average"?`)
	f("vm", with("consolidation_fn=Sum"), false, Error, `did you mean "sum"?`)
	f("vm", with("consolidation_fn=get_percent_sr_use"), false, Error, `did you mean "get_percent_sr_usage"?`)
	f("vm", with("rrd_regex=cpu["), false, Error, `rrd_regex "cpu["`, "not closed")
	f("vm", with("rrd_regex="+strings.Repeat("a", maxPattern+1)), false, Error, "the limit is 4096")
	f("vm", "<c><variable><name value='cpu_usage'/><alarm_trigger_level>0.5</alarm_trigger_level></variable></c>", false, Error,
		`has no attribute "value"`, `write <alarm_trigger_level value="0.5"/>`)
	f("vm", "<c><variable><name value='cpu_usage'/><alarm_trigger_level/></variable></c>", false, Error, `has no attribute "value"`)
	f("vm", "<c><variable><name value='cpu_usage'/><alarm_trigger_level value='1'/><alarm_trigger_period level='1'/></variable></c>", false, Error, `has no attribute "value"`)
	f("sr", variable("name=sr_io_throughput_total_per_host", level, "rrd_regex=x"), false, Error, "rrd_regex is not allowed", "remove it")
	f("vm", "<c><variable><name value='cpu_usage'/><alarm_trigger_level value='1'/><!--"+strings.Repeat("x", MaxBody)+"--></variable></c>", false, Error, "the limit is 65536")

	// What the stock daemon does not know.
	f("vm", with("alarm_clear_level=0.6"), false, Error, "alarm_clear_level 0.6 is on the bad side of the level 0.5", "write 0.5, or a number below it")
	f("vm", variable("name=memory_internal_free", level, "alarm_clear_level=0.4"), false, Error, "bad side", "or a number above it")
	f("vm", variable("name=fs_usage", "alarm_clear_level=0.95"), false, Error, "bad side of the level 0.9")
	f("vm", with("alarm_clear_level=x"), false, Error, `alarm_clear_level "x": not a number`, `write <alarm_clear_level value="0.7"/>`)
	f("vm", with("alarm_warning_level=nan"), false, Error, "not a finite number")
	f("vm", with("alarm_warning_level=0.5"), false, Error, "alarm_warning_level 0.5 is not below the level 0.5", "write a number below 0.5")
	f("vm", with("alarm_warning_level=0.6"), false, Error, "alarm_warning_level 0.6 is not below")
	f("vm", variable("name=memory_internal_free", level, "alarm_warning_level=0.4"), false, Error, "is not above the level 0.5")
	f("vm", variable(name, "alarm_trigger_level=x", "alarm_warning_level=0.4", "alarm_clear_level=99"), false, Error, "alarm_trigger_level")
	f("vm", with("alarm_clear_period=1.5"), false, Error, "alarm_clear_period", "whole number")
	for _, bad := range []string{"0", "-1", "-0", "-" + strings.Repeat("9", 40)} {
		f("vm", with("alarm_nodata_period="+bad), false, Error, "is not above 0", "remove it for none")
	}
	f("vm", with("alarm_nodata_period=10m"), false, Error, "alarm_nodata_period", "whole number", `value="900"`)
	f("vm", with("alarm_labels="), false, Error, `"" has no value`, "name=value")
	f("vm", with("alarm_labels=team"), false, Error, `"team" has no value`)
	f("vm", with("alarm_labels=team= "), false, Error, `"team= " has no value`)
	f("vm", with("alarm_labels=a=1,"), false, Error, `"" has no value`)
	f("vm", with("alarm_labels==1"), false, Error, `"" is no name of a label`)
	f("vm", with("alarm_labels=a-b=1"), false, Error, `"a-b" is no name`)
	f("vm", with("alarm_labels=1a=1"), false, Error, `"1a" is no name`)
	f("vm", with("alarm_labels=é=1"), false, Error, `"é" is no name`)
	f("vm", with("alarm_labels=__a=1"), false, Error, "begins with __")
	f("vm", with("alarm_labels=uuid=1"), false, Error, `every alarm has a label "uuid" already`)
	f("vm", with("alarm_labels=a=1,b=2,a=1"), false, Error, `two labels "a"`)
	f("vm", with("alarm_labels=a=1\x7f2"), false, Error, "control character")
	f("vm", with("alarm_labels="+strings.Repeat("a", MaxLabelName+1)+"=1"), false, Error, "has 65 bytes; the limit is 64")
	f("vm", with("alarm_labels=a="+strings.Repeat("é", MaxLabelValue/2)+"x"), false, Error, "has 257 bytes; the limit is 256")
	f("vm", with("alarm_labels=a=1"+strings.Repeat(",b=2", MaxLabels)), false, Error, "17 labels; the limit is 16")
	f("vm", "<c><variable><name value='cpu_usage'/><alarm_trigger_level value='1'/><alarm_labels>a=1</alarm_labels></variable></c>", false, Error,
		`has no attribute "value"`, `write <alarm_labels value="a=1"/>`)

	// Taken as the stock daemon takes it.
	f("vm", with("alarm_trigger_sense=High"), true, Lax, `"High" is not "high", so it means low`)
	f("vm", with("alarm_trigger_sense="), true, Lax, "so it means low")
	f("vm", "<c><variable><name value='cpu_usage'/><alarm_trigger_level value='1'/><alarm_trigger_sense/></variable></c>", true, Lax, "so it means low")
	f("vm", variable(name, "alarm_trigger_level= 1_0.5\t"), true, Lax, "is read as 10.5", `write <alarm_trigger_level value="10.5"/>`)
	f("vm", with("alarm_trigger_period= 1_20 "), true, Lax, "is read as 120")
	f("vm", with("alarm_trigger_period=٣٠"), true, Lax, "is read as 30")
	f("vm", with("alarm_priority=４"), true, Lax, "is read as 4")
	f("vm", with("alarm_trigger_period=-60"), true, Lax, "is negative")
	f("vm", with("alarm_trigger_period="+strings.Repeat("9", 40)), true, Lax, "is taken as 1000000000000")
	f("vm", with("alarm_auto_inhibit_period=-"+strings.Repeat("9", 40)), true, Lax, "is taken as -1000000000000")
	f("vm", with("alarm_triger_period=5"), true, Lax, "<alarm_triger_period> is not known", "did you mean <alarm_trigger_period>?")
	f("vm", with("alarm_clear_levle=0.5"), true, Lax, "did you mean <alarm_clear_level>?")
	f("vm", with("alarm_clear_level= 0.5"), true, Lax, "is read as 0.5")
	f("vm", with("alarm_clear_period=-60"), true, Lax, "is negative")
	f("vm", with("alarm_nodata_period=1_000"), true, Lax, "is read as 1000")
	f("vm", with("alarm_nodata_period="+strings.Repeat("9", 40)), true, Lax, "is taken as 1000000000000")
	f("vm", with("alarm_clear_level=0.5", "alarm_clear_level=9"), true, Lax, "a second <alarm_clear_level>: the first one counts")
	f("vm", with("colour=5"), true, Lax, "<colour> is not known")
	f("vm", with("alarm_priority=2", "alarm_priority=3"), true, Lax, "a second <alarm_priority>: the first one counts")
	f("vm", with("rrd_regex="), true, Lax, "matches no data source")
	f("vm", "<c><variable><name/><rrd_regex value='x'/><alarm_trigger_level value='1'/></variable></c>", true, Lax, "name is empty")
	f("vm", `<c><variable><name value="cpu_usage"/><alarm_trigger_level value="1"/></variable><variable><name value="cpu_usage"/><alarm_trigger_level value="2"/></variable></c>`,
		true, Lax, "it replaces the one of line 1")
	f("vm", "<config><variables/>"+`<variable><name value="cpu_usage"/><alarm_trigger_level value="1"/></variable></config>`, true, Lax, "<variables> is not known here", "did you mean <variable>?")
	f("vm", "<config/>", false, Lax, "has no <variable> in it")

	// Does less than it seems to.
	f("vm", with("alarm_priority=0"), true, Warning, "1 (critical) to 5")
	f("vm", with("alarm_priority=-9223372036854775808"), true, Warning, "1 (critical) to 5")
	f("vm", with("consolidation_fn=get_percent_sr_usage"), true, Warning, "never has a value here")
	f("host", with("consolidation_fn=get_percent_sr_usage", "rrd_regex=a|b"), true, Warning, "never has a value here, and rrd_regex has no effect", "measure with sum")
	f("sr", variable("name=physical_utilisation", "rrd_regex=a|b"), true, Warning, "rrd_regex has no effect")
	f("sr", variable("name=own", level, "consolidation_fn=get_percent_sr_usage", "rrd_regex=a|b"), true, Warning, "rrd_regex has no effect", "remove it")
	f("vm", with("rrd_regex=[[:alpha:]]+"), true, Warning, "[: in a class")
}

func TestReadNumbers(t *testing.T) {
	level := func(text string, want float64) {
		t.Helper()
		c, problems := Parse(ClassVM, variable("name=cpu_usage", "alarm_trigger_level="+text), Options{})
		if len(c.Variables) != 1 || c.Variables[0].Level != want {
			t.Errorf("level %q: %v, %v", text, c.Variables, problems)
		}
	}
	level("1", 1)
	level("+.5", .5)
	level("5.", 5)
	level("-0.25E+1", -2.5)
	level("007", 7)
	level("1_000.000_1e0_1", 10000.001)
	level("\u00a01\u3000", 1)
	level("1e-999", 0)
	period := func(text string, want int64) {
		t.Helper()
		c, problems := Parse(ClassVM, variable("name=cpu_usage", "alarm_trigger_level=1", "alarm_trigger_period="+text), Options{})
		if len(c.Variables) != 1 || c.Variables[0].Period != want {
			t.Errorf("period %q: %v, %v", text, c.Variables, problems)
		}
	}
	period("007", 7)
	period("+5", 5)
	period("-5", -5)
	period("1_2_0", 120)
	period("\t30\n", 30)
	period("𝟙𝟚", 12)
	period("1000000000000", 1000000000000)
	period("1000000000001", 1000000000000)
}

// TestProblemsAreBounded: a document full of mistakes does not fill a log.
func TestProblemsAreBounded(t *testing.T) {
	_, problems := Parse(ClassVM, "<c>"+strings.Repeat("<x/>", MaxProblems+5)+"</c>", Options{})
	if len(problems) != MaxProblems+1 {
		t.Fatalf("%d problems", len(problems))
	}
	if last := problems[MaxProblems]; last.Msg != "and 5 more problems" || last.Format("f") != "f: error: and 5 more problems; fix: mend the first ones" {
		t.Errorf("the last: %v", last.Format("f"))
	}
}
