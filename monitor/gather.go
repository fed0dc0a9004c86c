package monitor

import "perfmon/monitor/config"

// gather is the fold of one variable, made ready for the columns of a plan.
// Whoever goes over the rows reads these side by side, and nothing else of a
// variable.
type gather struct {
	fold config.Fold
	// The columns from (included) to to of a row, or if they do not stand side by
	// side those that plan.gathered has there.
	from, to int32
	apart    bool
	// Of a good value sign × value is at most limit.
	sign, limit float64
}

// gatherOf makes the fold of a variable with columns ready.
func (p *plan) gatherOf(v *variable) gather {
	g := gather{fold: v.conf.Fold}
	g.sign, g.limit = v.conf.Limit()
	first, n := v.columns[0], len(v.columns)
	g.from, g.to = int32(first), int32(first+n)
	if v.columns[n-1] != first+n-1 { // they rise
		g.apart = true
		g.from = int32(len(p.gathered))
		for _, c := range v.columns {
			p.gathered = append(p.gathered, int32(c))
		}
		g.to = int32(len(p.gathered))
	}
	return g
}

// gather folds one row: for each variable with columns a value, NaN for
// unknown. It marks those whose value is not good.
func (p *plan) gather(row, to []float64, marked []bool) {
	for i := range p.gathers {
		g := &p.gathers[i]
		v := 0.0
		switch {
		case g.fold > config.Average: // few
			v = nan
		case g.apart:
			for _, c := range p.gathered[g.from:g.to] {
				v += row[c]
			}
		default:
			for _, x := range row[g.from:g.to] {
				v += x
			}
		}
		if g.fold == config.Average {
			v /= float64(g.to - g.from)
		}
		// The sum is not a number that is known if one of its parts is not.
		if !known(v) {
			v = fold(g.fold, row, p.rows[i].columns)
			marked[i] = marked[i] || !(v*g.sign <= g.limit)
		} else if v*g.sign > g.limit {
			marked[i] = true
		}
		to[i] = v
	}
}
