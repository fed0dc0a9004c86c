package plan

import "fmt"

// wishAncestor is the ancestor's rule, repaired:
//
//	need = ⌈pending·ratio⌉ − booting     if pending > threshold, or no worker is there
//	       −(idle − MinIdle)             if nothing waits and nothing runs
//	       0                             otherwise
//
// where pending are tasks that nobody has, booting is a state and not an age,
// and need is rounded up: rounded down, as it was, a few tasks could wait for ever.
func (g *group) wishAncestor(s *Settings) {
	have, pending := len(g.available), max(0, g.p.Demand.Ready)
	g.wish, g.keep = g.active(), have
	switch {
	case pending > max(0, g.p.Threshold) || pending > 0 && g.active() == 0:
		asked := max(1, machines(float64(pending)*g.p.Ratio))
		g.wish = have + max(g.coming, asked)
		g.up = []Reason{{AncestorIs, fmt.Sprintf("%s, and %s machines are asked for each of them", tasks(pending, "waits", "wait"), number(g.p.Ratio))}}
	case g.demand == 0:
		idle := 0
		for _, m := range g.available {
			if empty(m) {
				idle++
			}
		}
		g.keep = max(s.MinIdle, have-max(0, idle-s.MinIdle))
		g.wish = min(g.wish, max(g.keep, g.coming))
		g.down = []Reason{{AncestorIs, fmt.Sprintf("nothing waits and nothing runs, and %d idle %s kept", s.MinIdle, isAre(s.MinIdle))}}
	}
	g.keep = max(g.keep, min(g.wish, have))
	g.covered = true
}
