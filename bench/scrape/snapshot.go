package scrape

import (
	"math/rand/v2"
	"strconv"
	"time"

	"perfmon/bench/corpus"
	"perfmon/monitor"
	"perfmon/rrd"
)

// vms is how many there are, each with the thirty data sources of the corpus.
const vms = 1000

// snapshots are what polls leave one after the other: the same legend, other
// values. There are no variables and no names: those would be more series.
func snapshots() []*monitor.Snapshot {
	legend := &rrd.Legend{}
	for vm := range vms {
		for _, name := range corpus.Names() {
			legend.Entries = append(legend.Entries, rrd.Entry{CF: rrd.Average, Class: rrd.ClassVM, UUID: corpus.UUID(vm), Name: name})
		}
	}
	r := rand.New(rand.NewPCG(1, 1))
	taken := time.Unix(1766000107, 0)
	var list []*monitor.Snapshot
	for range 2 {
		row := rrd.Row{T: 1766000100, Values: make([]float64, len(legend.Entries))}
		for i := range row.Values {
			row.Values[i] = asSent(float64(r.Float32()) * float64(int(1)<<r.IntN(20)))
		}
		list = append(list, &monitor.Snapshot{Taken: taken, Legend: legend, Row: row, Step: 5})
	}
	return list
}

// asSent is a value as it comes out of an answer of a toolstack, which prints
// 15 digits.
func asSent(v float64) float64 {
	sent, err := strconv.ParseFloat(strconv.FormatFloat(v, 'g', 15, 64), 64)
	if err != nil {
		panic("BUG: " + err.Error())
	}
	return sent
}

// label quotes a label's value as both text formats do.
func label(value string) string { return strconv.Quote(value) }
