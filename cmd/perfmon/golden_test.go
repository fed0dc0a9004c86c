package main

import (
	"fmt"
	"math"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"perfmon/rrd"
	"perfmon/xapi/xapitest"
)

// goldenRun is the script of one whole run: for each data source its values,
// a minute apart. A dash is unknown. The bar is the end of what the first poll
// finds.
const goldenRun = `
host cpu0                 0.2 0.6 0.9 0.9 | 0.8 0.1 0.9 0.9
host cpu1                 0.2 0.6 0.9 0.9 | -   0.1 0.9 0.9
host cpu_avg              0.2 0.6 0.9 0.9 | 0.8 0.1 0.9 0.9
host loadavg              1   1   1   1   | 1   1   1   1.5
host memory_total_kib     8e6 8e6 8e6 8e6 | 8e6 8e6 8e6 8388608
host memory_free_kib      2e6 9e5 9e5 2e6 | 2e6 2e6 2e6 2097152
host pif_eth0_rx          3e6 100 100 100 | 100 100 3e6 1250000
host pif_eth0_tx          100 100 100 100 | 100 100 100 125000
host io_throughput_total_SR 0.5 0.5 0.5 0.5 | 0.5 2 2 2
host read_latency_SR      500 500 500 500 | 500 500 500 250
host some_plugin/value    1   2   3   4   | 5   6   7   8
web  cpu0                 0.9 0.9 0.1 -   | 0.9 0.9 0.9 0.9
web  cpu1                 0.9 0.9 0.1 -   | 0.9 -   0.9 0.9
web  memory               4e9 4e9 4e9 4e9 | 4e9 4e9 4e9 4294967296
web  memory_internal_free 5e5 5e5 5e5 5e5 | 5e5 5e5 5e5 524288
web  vbd_xvda_read        10  10  10  10  | 10  10  10  20
web  vbd_xvda_write       10  10  10  10  | 10  10  10  30
web  vbd_xvda_read_latency 10 10  10  10  | 10  10  10  40
web  vif_0_rx             1   1   1   1   | 1   1   1   2
db   cpu0                 0.1 0.1 0.1 0.1 | 0.1 0.1 0.1 0.125
db   vif_0_rx             0   2e6 2e6 2e6 | 2e6 0   0   3e6
db   vif_0_tx             0   0   0   0   | 0   0   0   0
thin size                 100 100 100 100 | 100 100 100 128
thin physical_utilisation 70  70  85  86  | 87  88  89  96
`

// The triggers of the run, as operators and their tools write them.
const (
	goldenHost = `<config>
  <variable>
    <name value="cpu_usage"/>
    <alarm_trigger_level value="0.5"/>
    <alarm_trigger_period value="120"/>
  </variable>
  <variable>
    <name value="memory_free_kib"/><alarm_trigger_level value="1000000"/><alarm_priority value="2"/>
  </variable>
  <variable>
    <name value="busiest"/><rrd_regex value="cpu[0-9]+"/><consolidation_fn value="max"/>
    <alarm_trigger_level value="0.85"/><alarm_trigger_period value="180"/><!-- one of them -->
  </variable>
  <variable><name value="loadavg"/><alarm_trigger_level value="many"/></variable>
</config>`
	goldenWeb = `<config><variable><name value="cpu_usage"/><alarm_trigger_level value="0.75"/><alarm_auto_inhibit_period value="240"/></variable>` +
		`<variable><name value="memory_internal_free"/><alarm_trigger_level value="1048576"/><team value="R&amp;D"/></variable>` +
		`<variable><name value="disk_usage"/><alarm_trigger_level value="1000"/></variable></config>`
	goldenDB   = `<config><variable><name value="network_usage"/><alarm_trigger_level value="1e6"/><alarm_auto_inhibit_period value="0"/></variable></config>`
	goldenThin = `<config><variable><name value="physical_utilisation"/></variable>` +
		`<variable><name value="sr_io_throughput_total_per_host"/><alarm_trigger_level value="1"/><alarm_trigger_period value="120"/></variable></config>`
	goldenLVM = `<config><variable><name value="physical_utilisation"/><alarm_trigger_level value="0.9"/></variable></config>`
)

// TestGoldenRun: rows and triggers in, messages and the metrics page out.
func TestGoldenRun(t *testing.T) {
	t.Parallel()
	p := newQuietPool(t)
	host, db, thin, lvm := p.sim.HostUUID(), xapitest.UUID("db"), xapitest.UUID("thin"), xapitest.UUID("lvm")
	p.sim.PutVM(xapitest.VM{UUID: db, Name: "db-01", PowerState: "Running", ResidentOn: host})
	p.sim.PutSR(xapitest.SR{UUID: thin, Name: "thin", Type: "gfs2", ContentType: "user", PhysicalSize: 128 << 30, PhysicalUtilisation: 96 << 30})
	p.sim.PutSR(xapitest.SR{UUID: lvm, Name: "local", Type: "lvm", ContentType: "user", PhysicalSize: 100 << 30, PhysicalUtilisation: 95 << 30})
	for _, sr := range []string{thin, lvm} {
		p.sim.PutPBD(xapitest.PBD{UUID: xapitest.UUID("pbd of " + sr), Host: host, SR: sr, Attached: true})
	}
	p.configure("host", host, goldenHost)
	p.configure("vm", p.vm, goldenWeb)
	p.configure("vm", db, goldenDB)
	p.configure("sr", thin, goldenThin)
	p.configure("sr", lvm, goldenLVM)
	script := readScript(t, goldenRun, map[string]xapitest.Sample{
		"host": {Class: rrd.ClassHost, UUID: host}, "web": {Class: rrd.ClassVM, UUID: p.vm},
		"db": {Class: rrd.ClassVM, UUID: db}, "thin": {Class: rrd.ClassSR, UUID: thin},
	}, thin[:8])

	row := time.Now().Unix()/60*60 - 4*60
	play := func(rows [][]xapitest.Sample) {
		for _, samples := range rows {
			row += 60
			p.sim.AddRow(row, 60, samples...)
		}
		now := time.Unix(row, 0)
		p.sim.SetNow(func() time.Time { return now })
	}
	play(script[0])
	a := p.start("--source", "xapi", "-i", "300") // which looks back as far, and is at its end before a poll is due
	a.waitPage(`perfmon_polls_total\{result="ok"\} 1$`)
	play(script[1])
	send(t, p.socket, "refresh")
	a.waitPage(`perfmon_polls_total\{result="ok"\} [2-9]$`)
	page := a.page()
	a.stop(syscall.SIGTERM)

	var out strings.Builder
	for _, m := range p.sim.Messages() {
		fmt.Fprintf(&out, "message %s %s %s, priority %d\n%s\n", m.Name, m.Class, m.ObjUUID, m.Priority, m.Body)
	}
	for _, line := range regexp.MustCompile(`(?m)^(# (HELP|TYPE) )?(xen|perfmon_alarm|perfmon_config)s?_.*\n`).FindAllString(page, -1) {
		out.WriteString(line)
	}
	golden(t, "run.txt", out.String())
}

// readScript returns the rows of each poll, oldest first.
func readScript(t *testing.T, text string, objects map[string]xapitest.Sample, sr string) (polls [2][][]xapitest.Sample) {
	t.Helper()
	for line := range strings.Lines(strings.TrimSpace(text)) {
		words := strings.Fields(line)
		poll, n := 0, 0
		for _, word := range words[2:] {
			if word == "|" {
				poll, n = poll+1, 0
				continue
			}
			sample := objects[words[0]]
			sample.Name, sample.Value = strings.ReplaceAll(words[1], "SR", sr), math.NaN()
			if word != "-" {
				if _, err := fmt.Sscanf(word, "%g", &sample.Value); err != nil || sample.Class == "" {
					t.Fatalf("script: %q of %q: %v", word, line, err)
				}
			}
			if n == len(polls[poll]) {
				polls[poll] = append(polls[poll], nil)
			}
			polls[poll][n] = append(polls[poll][n], sample)
			n++
		}
	}
	return polls
}
