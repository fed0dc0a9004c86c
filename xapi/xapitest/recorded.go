package xapitest

import "perfmon/rrd"

// recorded says whether the toolstack has been told to record what it does not
// by itself.
func (g *generator) recorded() bool {
	g.s.mu.Lock()
	defer g.s.mu.Unlock()
	return g.s.recorded
}

// runstates are the parts of its time that a VM spends with all of its
// processors running, waiting or idle, or some of them. They add up to 1. A
// busy VM waits the more: for some minutes of an hour a build server does for
// more than a tenth of its time, and a mail server never.
func (g *generator) runstates(uuid string, vcpus int, busy float64) {
	const c = rrd.ClassVM
	wait := 0.3 * busy * busy // 0.09 at 0.55
	waits := g.wanderer(c, uuid, "runstate_full_contention", wait, wait*0.95)
	runs := g.wanderer(c, uuid, "runstate_fullrun", busy*0.5, busy*0.3)
	// With one processor there is no "some of them".
	some := 1.0
	if vcpus < 2 {
		some = 0
	}
	partly := func(t int64) float64 { return some * 0.5 * waits(t) }
	runsPartly := func(t int64) float64 { return some * 0.4 * runs(t) }
	hazard := func(t int64) float64 { return some * 0.2 * waits(t) }
	set := func(state string, f func(t int64) float64) { g.s.SetSeries(c, uuid, "runstate_"+state, f) }
	set("fullrun", runs)
	set("full_contention", waits)
	set("concurrency_hazard", hazard)
	set("blocked", func(t int64) float64 { return 1 - waits(t) - runs(t) - partly(t) - runsPartly(t) - hazard(t) })
	set("partial_run", runsPartly)
	set("partial_contention", partly)
}

// A bad cable: errorsFor of each errorsEvery seconds.
const (
	errorsEvery = 1800
	errorsFor   = 300
)

// cardErrors are the errors of a host's network cards. The last of them has a
// bad cable, and receives some now and then; the others have none.
func (g *generator) cardErrors(host string, cards ...string) {
	const c = rrd.ClassHost
	for i, card := range cards {
		g.constant(c, host, "pif_"+card+"_tx_errors", 0)
		if i < len(cards)-1 {
			g.constant(c, host, "pif_"+card+"_rx_errors", 0)
			continue
		}
		begin := int64(mix(g.seed, hashString(card)) % errorsEvery)
		g.s.SetSeries(c, host, "pif_"+card+"_rx_errors", func(t int64) float64 {
			if (t+begin)%errorsEvery < errorsFor {
				return 4
			}
			return 0
		})
	}
}
