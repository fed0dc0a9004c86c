package config

import (
	"strings"
	"testing"
	"time"

	"github.com/dlclark/regexp2"
)

func matches(t *testing.T, p *Pattern, name string) bool {
	t.Helper()
	ok, err := p.Match(name)
	if err != nil {
		t.Fatal(err)
	}
	return ok
}

// TestDefaultPatterns: today's devices count, other data sources of the same
// device do not.
func TestDefaultPatterns(t *testing.T) {
	f := func(class, variableName, yes, no string) {
		t.Helper()
		p := builtinOf(class, variableName, Options{}).pattern
		for _, name := range strings.Fields(yes) {
			if !matches(t, p, name) {
				t.Errorf("%s %s does not match %s", class, variableName, name)
			}
		}
		for _, name := range strings.Fields(no) {
			if matches(t, p, name) {
				t.Errorf("%s %s matches %s", class, variableName, name)
			}
		}
	}
	f("vm", "cpu_usage", "cpu0 cpu127", "cpu cpu_avg cpu0-C1 cpu_usage CPU0-avg-freq")
	f("host", "cpu_usage", "cpu0 cpu127", "cpu_avg cpu0-C1 cpu0-P0 CPU0-avg-freq")
	f("vm", "disk_usage", "vbd_xvda_read vbd_xvdaa_write vbd_hda_read vbd_sdb_write vbd_vda_read vbd_nvme0n1_write vbd_nvme1_read",
		"vbd_xvda_read_latency vbd_xvda_iops_read vbd_xvda_io_throughput_write vbd_fd0_read xvda_read")
	f("vm", "network_usage", "vif_0_rx vif_12_tx", "vif_0_rx_errors vif_x_rx")
	f("vm", "memory_internal_free", "memory_internal_free", "memory memory_target")
	f("host", "network_usage", "pif_eth0_rx pif_eth10_tx pif_em1_rx pif_p1p2_tx pif_eno1_rx pif_ens3f0np0_tx pif_enp0s31f6_rx pif_enx0123_rx",
		"pif_aggr_rx pif_bond0_tx pif_eth0_rx_errors pif_lo_rx")
	f("host", "memory_free_kib", "memory_free_kib", "memory_total_kib")
	f("host", "sr_io_throughput_total_0123abcd", "io_throughput_total_0123abcd", "io_throughput_read_0123abcd io_throughput_total_0123abcde")
}

func TestAnchoring(t *testing.T) {
	f := func(pattern, name string, today, legacy bool) {
		t.Helper()
		for _, c := range []struct {
			opts Options
			want bool
		}{{Options{}, today}, {Options{Legacy: true}, legacy}} {
			p, err := compilePattern(pattern, c.opts)
			if err != nil {
				t.Fatal(err)
			}
			if got := matches(t, p, name); got != c.want {
				t.Errorf("%q on %q, %+v: %t", pattern, name, c.opts, got)
			}
		}
	}
	f("cpu0", "cpu0", true, true)
	f("cpu0", "cpu0-C1", false, true)
	f("cpu0|cpu1", "cpu0-C1", false, true) // ^cpu0|cpu1$ would match
	f("cpu0|cpu1", "xcpu1", false, true)
	f("cpu0|cpu1", "cpu1", true, true)
	f("^cpu0$", "cpu0", true, true)
	f("", "cpu0", false, true)
	f("(?i)CPU0", "cpu0", true, true)
	f("cpu(?!1).", "cpu0-C1", false, true)
	f("(?x) cpu # all\n [0-9]+ # them", "cpu12", true, true)
}

// TestPatternErrors: what RE2 would take with another meaning than Python.
func TestPatternErrors(t *testing.T) {
	f := func(pattern, want string) {
		t.Helper()
		if _, err := compilePattern(pattern, Options{}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %s", pattern, err, want)
		}
	}
	f(`cpu\z`, `bad escape \z`)
	f(`\pL`, `bad escape \p`)
	f(`\Qcpu\E`, `bad escape \Q`)
	f(`(?U)cpu.*`, `unknown flag 'U'`)
	f(`(?<n>cpu)`, `(?P<name>…)`)
	f(`cpu(?i)`, "not at the start")
	f(`a**`, "two quantifiers")
	f(`+a`, "nothing to repeat")
	f(`(?<=a*)b`, "fixed width")
	f(`(a\1)`, "not closed yet")
	f(`\12`, "there is no group 12")
	f(`[z-a]`, "bad character range")
	f(`\N{BULLET}`, "not supported")
	f(`a)|(b`, "unbalanced parenthesis")
}

// TestSlowPattern: a pattern that backtracks for ages is an error, not a
// daemon that stands still.
func TestSlowPattern(t *testing.T) {
	p, err := compilePattern(`(?=(x+x+)+y)x+`, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if p.back == nil {
		t.Fatal("RE2 takes it")
	}
	p.back.MatchTimeout = time.Millisecond
	if _, err := p.Match(strings.Repeat("x", 60)); err == nil || !strings.Contains(err.Error(), "without nested repeats") {
		t.Errorf("error: %v", err)
	}
	regexp2.StopTimeoutClock()
}

// TestLargePattern: repeats of repeats do not become a program of gigabytes.
func TestLargePattern(t *testing.T) {
	text := "(?:" + strings.TrimSuffix(strings.Repeat("a{1000}|", 300), "|") + ")"
	p, err := compilePattern(text, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if p.re2 != nil {
		t.Error("RE2 wrote 300,000 repeats out")
	}
	if !matches(t, p, strings.Repeat("a", 1000)) || matches(t, p, strings.Repeat("a", 999)) {
		t.Error("it matches something else")
	}
	if _, err := translateRegex(strings.Repeat("a", maxPattern+1)); err == nil {
		t.Error("no limit of length")
	}
	if _, err := translateRegex(strings.Repeat("(", maxPattern)); err == nil {
		t.Error("accepted an open parenthesis")
	}
}
