package outbox

import (
	"strings"
	"testing"

	"perfmon/alarm"
)

func TestFilter(t *testing.T) {
	e := &alarm.Event{
		ID: alarm.ID{Class: "vm", UUID: "u", Variable: "cpu_usage"}, Severity: alarm.Warning, Priority: 3,
		Labels: map[string]string{"team": "db.core", "empty": ""},
	}
	f := func(r Rules, want bool) {
		t.Helper()
		filter, err := NewFilter(r)
		if err != nil {
			t.Fatal(err)
		}
		if got := filter.Match(e); got != want {
			t.Errorf("%+v: match %t", r, got)
		}
	}
	f(Rules{}, true)
	if !(*Filter)(nil).Match(e) {
		t.Error("no filter lets nothing pass")
	}

	f(Rules{Classes: []string{"host", "vm"}}, true)
	f(Rules{Classes: []string{"host", "sr"}}, false)

	f(Rules{Variables: []string{"cpu_usage"}}, true)
	f(Rules{Variables: []string{"CPU_usage"}}, false)
	f(Rules{Variables: []string{"cpu"}}, false)
	f(Rules{Variables: []string{"usage"}}, false)
	f(Rules{Variables: []string{"cpu*"}}, true)
	f(Rules{Variables: []string{"*"}}, true)
	f(Rules{Variables: []string{"c*_u*e"}}, true)
	f(Rules{Variables: []string{"cpu?usage"}}, true)
	f(Rules{Variables: []string{"cpu?"}}, false)
	f(Rules{Variables: []string{"cpu.usage"}}, false)
	f(Rules{Variables: []string{"net*", "cpu*"}}, true)

	f(Rules{VariableRegex: "cpu_.+"}, true)
	f(Rules{VariableRegex: "cpu"}, false)
	f(Rules{VariableRegex: "net|cpu_usage"}, true)
	f(Rules{VariableRegex: "cpu_usage|net"}, true)
	f(Rules{VariableRegex: "cpu|net"}, false)
	f(Rules{VariableRegex: "cpu_.+", Variables: []string{"net*"}}, false)

	f(Rules{Severities: []alarm.Severity{alarm.Warning}}, true)
	f(Rules{Severities: []alarm.Severity{alarm.Critical}}, false)
	f(Rules{Severities: []alarm.Severity{alarm.Critical, alarm.Warning}}, true)

	f(Rules{MinPriority: 3}, true)
	f(Rules{MinPriority: 4}, false)
	f(Rules{MaxPriority: 3}, true)
	f(Rules{MaxPriority: 2}, false)
	f(Rules{MinPriority: 3, MaxPriority: 3}, true)

	f(Rules{Labels: map[string]string{"team": "db.core"}}, true)
	f(Rules{Labels: map[string]string{"team": "db*"}}, true)
	f(Rules{Labels: map[string]string{"team": "db?core", "empty": ""}}, true)
	f(Rules{Labels: map[string]string{"team": "db"}}, false)
	f(Rules{Labels: map[string]string{"team": "db*", "site": "*"}}, false)

	f(Rules{Classes: []string{"vm"}, Variables: []string{"cpu*"}, Severities: []alarm.Severity{alarm.Critical}}, false)

	e.Variable = "line\nbreak"
	f(Rules{Variables: []string{"line*break"}}, true)
	f(Rules{Variables: []string{"line"}}, false)
	e.Variable = "line\n"
	f(Rules{Variables: []string{"line"}}, false)
	f(Rules{VariableRegex: "line"}, false)
}

func TestFilterFailure(t *testing.T) {
	f := func(r Rules, want string) {
		t.Helper()
		if _, err := NewFilter(r); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: error %v, want %q in it", r, err, want)
		}
	}
	f(Rules{Classes: []string{"vm", "VM"}}, `class "VM": it is one of vm, host, sr`)
	f(Rules{Severities: []alarm.Severity{"high"}}, `severity "high": it is one of warning, critical`)
	f(Rules{Variables: []string{""}}, "empty variable")
	f(Rules{VariableRegex: "cpu("}, `variable regex "cpu("`)
	f(Rules{VariableRegex: "a)|(?:b"}, `variable regex "a)|(?:b"`)
	f(Rules{MinPriority: -1}, "neither below 0")
	f(Rules{MinPriority: 4, MaxPriority: 3}, "from 4 to 3")
	f(Rules{Labels: map[string]string{"": "x"}}, "without a name")
}
