package metrics

import (
	"regexp"
	"slices"
	"strings"
	"testing"
)

// expressions are the parts as regular expressions.
var expressions = map[string]string{
	"cpu": `[0-9]+`, "vif": `[0-9]+`, "node": `[0-9]+`,
	"sr": `[0-9a-f]{8}`, "sr_uuid": `[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}`,
	"pif": `.+`, "device": `[^_]+`, "disk": `.+`, "gpu": `.+`, "statefile": `.+`, "group": `.+`,
	"cstate": `C[0-9]+`, "pstate": `P[0-9]+`,
	"runstate": `fullrun|full_contention|concurrency_hazard|blocked|partial_run|partial_contention`,
	"resource": `cpu|memory|io`, "kind": `some|full`,
}

var partRE = regexp.MustCompile(`<([a-z_]+)>`)

// reading is a pattern both ways.
type reading struct {
	text    string
	pattern pattern
	re      *regexp.Regexp
}

func readings(t testing.TB) []reading {
	var all []reading
	for _, s := range sources {
		p, err := newPattern(s.pattern)
		if err != nil {
			t.Fatal(err)
		}
		text := partRE.ReplaceAllStringFunc(regexp.QuoteMeta(s.pattern), func(part string) string {
			return "(" + expressions[strings.Trim(part, "<>")] + ")"
		})
		all = append(all, reading{s.pattern, p, regexp.MustCompile(`(?s)^` + text + `$`)})
	}
	return all
}

func (r reading) check(t *testing.T, name string) {
	got, ok := r.pattern.values(name)
	want := r.re.FindStringSubmatch(name)
	if ok != (want != nil) || ok && !slices.Equal(got, want[1:]) {
		t.Errorf("%s of %q: %q, %v; as a regular expression %q", r.text, name, got, ok, want)
	}
}

func TestPatterns(t *testing.T) {
	names := []string{"", "cpu", "cpu-", "cpu0-", "cpu0-C", "cpu0-C1", "cpu-C1", "cpu0-C1-C2", "cpu0-P1x", "CPU-avg-freq", "CPU1-avg-freq",
		"pif__rx", "pif_rx_rx", "pif_\xff_rx", "pif_\n_rx", "vbd__read", "vbd_a_read", "vbd_a_b_read", "vbd_é_read", "vif_x_rx", "vif_1_rx_errors",
		"pressure_cpu_some", "pressure_cpu_some_", "pressure_cpu__some", "pressure__some", "pressure_io_full_full", "runstate_", "runstate_partial_run",
		"read_408b0f99", "read_408b0f9", "read_408b0f9g", "read_408b0f999", "sr_408b0f99-5c1e-4a7d-8f20-13d5e0c9ab04_cache_hits",
		"sr_408b0f99-5c1e-4a7d-8f20x13d5e0c9ab04_cache_hits", "sr_408b0f99-5c1e-4a7d-8f20-13d5e0c9ab0G_cache_hits", "group__calls", "group_a_tokens_calls",
		"memory_numa_node_", "memory_numa_node_٣", "cpu00", "cpu+1"}
	for _, k := range known {
		names = append(names, k.name)
	}
	for _, r := range readings(t) {
		for _, name := range names {
			r.check(t, name)
		}
	}
}

// FuzzPattern compares the patterns with regular expressions.
func FuzzPattern(f *testing.F) {
	for _, k := range known {
		f.Add(k.name)
	}
	all := readings(f)
	f.Fuzz(func(t *testing.T, name string) {
		for _, r := range all {
			r.check(t, name)
		}
	})
}
