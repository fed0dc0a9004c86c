package main

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"perfmon/rrd"
	"perfmon/xapi/xapitest"
)

// pool is a site with a simulated toolstack.
type pool struct {
	*site
	sim *xapitest.Server
	vm  string // uuid of a VM that runs on the host
}

// newPool makes a pool of one host with one VM. Both have a column cpu0: the
// host's is 0.25 and the VM's 0.75.
func newPool(t *testing.T) *pool {
	t.Helper()
	p := newQuietPool(t)
	p.sim.SetSeries(rrd.ClassHost, p.sim.HostUUID(), "cpu0", func(int64) float64 { return 0.25 })
	p.sim.SetSeries(rrd.ClassVM, p.vm, "cpu0", func(int64) float64 { return 0.75 })
	return p
}

// newQuietPool is a pool without rows. change may change the options of the
// toolstack.
func newQuietPool(t *testing.T, change ...func(*xapitest.Options)) *pool {
	t.Helper()
	p := &pool{site: newSite(t), vm: xapitest.UUID("vm")}
	if err := os.Mkdir(p.path("xcp"), 0o700); err != nil {
		t.Fatal(err)
	}
	opts := xapitest.Options{Dir: p.path("xcp")}
	for _, f := range change {
		f(&opts)
	}
	p.sim = xapitest.New(opts)
	if err := p.sim.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.sim.Close() })
	p.write("inventory", "INSTALLATION_UUID='"+p.sim.HostUUID()+"'\n")
	p.base = append(p.base, "--xapi-http", p.sim.Addr(xapitest.TCP))
	p.sim.PutVM(xapitest.VM{UUID: p.vm, Name: "web-01", PowerState: "Running", ResidentOn: p.sim.HostUUID()})
	return p
}

// poll has an agent poll once. The first poll waits 5 s for the configuration,
// and is in vain if a busy machine has none by then: nothing was judged, and
// another agent has the poll.
func (p *pool) poll(flags func() []string) {
	p.t.Helper()
	for deadline := time.Now().Add(limit); ; {
		a := p.start(append([]string{"--source", "xapi", "-n", "1"}, flags()...)...)
		a.wait(limit, exitOK)
		if a.logged("no configuration has been read yet") == 0 {
			return
		}
		if time.Now().After(deadline) {
			p.t.Fatal("no agent is told of its configuration")
		}
	}
}

// judgeFrom has an agent judge the rows so far of a script, which lie further
// back than it would look by itself. It may take as long as four rows to poll:
// so many that there never were are no reason to speak of missing data.
func (p *pool) judgeFrom(s *script) {
	p.t.Helper()
	p.poll(func() []string { return []string{"-i", fmt.Sprint(time.Now().Unix() - s.begin + 4*s.step)} })
}

// configure sets an object's triggers.
func (p *pool) configure(class, uuid, text string) {
	p.t.Helper()
	if err := p.sim.SetOtherConfig(class, uuid, "perfmon", text); err != nil {
		p.t.Fatal(err)
	}
}

// cpuAbove is triggers with one variable, which fires at the first row.
func cpuAbove(level float64) string {
	return fmt.Sprintf(`<config><variable><name value="cpu_usage"/><alarm_trigger_level value="%v"/><alarm_trigger_period value="1"/></variable></config>`, level)
}

// messages waits for n messages.
func (p *pool) messages(n int) []xapitest.Message {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	list, err := p.sim.WaitMessages(ctx, n)
	if err != nil {
		p.t.Fatalf("%d of %d messages: %v", len(list), n, err)
	}
	return list
}

// waitFor waits for what the toolstack has to see.
func (p *pool) waitFor(cond func() bool) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	if err := p.sim.WaitFor(ctx, cond); err != nil {
		p.t.Fatalf("waited for something that did not come: %v", err)
	}
}

// sessions is how many there are, of whomever.
func (p *pool) sessions() int {
	n := 0
	for _, of := range p.sim.Sessions() {
		n += of
	}
	return n
}

// secrets are the sessions that the agent has used.
func (p *pool) secrets() []string {
	var refs []string
	for _, r := range p.sim.Requests() {
		if s := r.Query.Get("session_id"); s != "" {
			refs = append(refs, s)
		}
		if len(r.Args) > 0 && !strings.HasPrefix(r.Method, "session.login") {
			if s, ok := r.Args[0].(string); ok && s != "" {
				refs = append(refs, s)
			}
		}
	}
	slices.Sort(refs)
	return slices.Compact(refs)
}
