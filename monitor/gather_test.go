package monitor

import (
	"math"
	"testing"

	"pgregory.net/rapid"

	"perfmon/monitor/config"
)

// TestGather compares the fold that is made ready with the plain one, and what
// it marks with what is not good.
func TestGather(t *testing.T) {
	few := []float64{0, 1, -1, 0.5, 3, math.MaxFloat64, -math.MaxFloat64, math.NaN(), math.Inf(1), math.Inf(-1)}
	value := rapid.OneOf(rapid.SampledFrom(few), rapid.Float64())
	sound := rapid.OneOf(rapid.SampledFrom(few[:7]), rapid.Float64Range(-1e300, 1e300))
	rapid.Check(t, func(t *rapid.T) {
		row := rapid.SliceOfN(value, 1, 12).Draw(t, "row")
		p := &plan{}
		for range rapid.IntRange(1, 6).Draw(t, "variables") {
			v := &variable{conf: &config.Variable{
				Fold:  rapid.SampledFrom([]config.Fold{config.Sum, config.Average, config.Max, config.SRUsage}).Draw(t, "fold"),
				Sense: rapid.SampledFrom([]config.Sense{config.High, config.Low}).Draw(t, "sense"),
				Level: sound.Draw(t, "level"), HasWarning: rapid.Bool().Draw(t, "has warning"), WarningLevel: sound.Draw(t, "warning level"),
			}}
			for c := range row {
				if rapid.Bool().Draw(t, "reads it") {
					v.columns = append(v.columns, c)
				}
			}
			if len(v.columns) == 0 {
				v.columns = []int{len(row) - 1}
			}
			p.rows = append(p.rows, v)
			p.gathers = append(p.gathers, p.gatherOf(v))
		}
		got, marked := make([]float64, len(p.rows)), make([]bool, len(p.rows))
		p.gather(row, got, marked)
		for i, v := range p.rows {
			want := fold(v.conf.Fold, row, v.columns)
			if math.Float64bits(got[i]) != math.Float64bits(want) && known(want) || known(got[i]) != known(want) {
				t.Errorf("%v of %v at %v is %v, want %v", v.conf.Fold, row, v.columns, got[i], want)
			}
			if good := known(want) && v.conf.Good(want); marked[i] == good {
				t.Errorf("%v, level %v, warning %v %v, sense %v: marked %v, good %v",
					want, v.conf.Level, v.conf.HasWarning, v.conf.WarningLevel, v.conf.Sense, marked[i], good)
			}
		}
	})
}

// TestMarksStay: one bad row is enough, whatever the others are.
func TestMarksStay(t *testing.T) {
	v := &variable{conf: &config.Variable{Level: 5}, columns: []int{0, 1}}
	p := &plan{rows: []*variable{v}}
	p.gathers = []gather{p.gatherOf(v)}
	got, marked := make([]float64, 1), make([]bool, 1)
	for _, row := range [][]float64{{1, 0}, {6, 0}, {1, 0}, {1, nan}} {
		p.gather(row, got, marked)
	}
	if !marked[0] {
		t.Error("a good row has taken the mark of a bad one away")
	}
}
