package main

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"

	"perfmon/alarm"
	"perfmon/rrd"
	"perfmon/xapi/xapitest"
)

// script is what the objects of a pool go through: values of each variable
// for rows of one step. Row i ends at time(i).
type script struct {
	begin, step int64
	variables   []*scripted
}

func (s *script) time(row int) int64 { return s.begin + int64(row+1)*s.step }

// scripted is a variable whose values are given beforehand.
type scripted struct {
	class, uuid, object string // object is its name
	name                string // of the variable, and of its data source
	maintenance         bool   // the object is in it all the time
	silenced            bool   // by that or by a silence
	terms
	values []float64 // by row; NaN is unknown
}

// terms are what the variable's XML says. Times are in seconds; a level of NaN,
// and a nodata period of 0, is none.
type terms struct {
	level, warning, clear                float64
	low                                  bool
	period, inhibit, clearPeriod, nodata int64
	team                                 string
}

func (v *scripted) id() alarm.ID { return alarm.ID{Class: v.class, UUID: v.uuid, Variable: v.name} }

// xml is the variable as triggers have it.
func (v *scripted) xml() string {
	var b strings.Builder
	tag := func(name string, value any) { fmt.Fprintf(&b, "<%s value=\"%v\"/>", name, value) }
	b.WriteString("<variable>")
	tag("name", v.name)
	tag("rrd_regex", v.name)
	tag("alarm_trigger_level", v.level)
	if v.low {
		tag("alarm_trigger_sense", "low")
	}
	tag("alarm_trigger_period", v.period)
	tag("alarm_auto_inhibit_period", v.inhibit)
	if !math.IsNaN(v.warning) {
		tag("alarm_warning_level", v.warning)
	}
	if !math.IsNaN(v.clear) {
		tag("alarm_clear_level", v.clear)
	}
	tag("alarm_clear_period", v.clearPeriod)
	if v.nodata > 0 {
		tag("alarm_nodata_period", v.nodata)
	}
	tag("alarm_labels", "team="+v.team)
	b.WriteString("</variable>")
	return b.String()
}

// bands are the values of a script: every level that terms can have lies
// between two of them. Beyond the last level the value tells the row, so that
// no two alarms of a variable say the same, or never, so that all do.
const (
	bandFine = iota
	bandEasing
	bandWarning
	bandFalling
	bandCritical
	bandUnknown
)

func bandValue(band, row int, same bool) float64 {
	switch {
	case band == bandUnknown:
		return math.NaN()
	case band == bandCritical && same:
		return 900
	case band == bandCritical:
		return float64(1000 + row)
	}
	return []float64{100, 250, 350, 450}[band] + float64(row%10)
}

// randomTerms makes terms with times of a few rows.
func randomTerms(r *rand.Rand, step int64) terms {
	pick := func(rows ...int64) int64 { return rows[r.IntN(len(rows))] * step }
	u := terms{
		level: 500, warning: math.NaN(), clear: math.NaN(), low: r.IntN(5) == 0, team: []string{"web", "db"}[r.IntN(2)],
		period: pick(0, 1, 3, 6, 12), inhibit: pick(0, 12, 60, 240), clearPeriod: pick(0, 0, 3, 6),
	}
	if u.period < 6*step {
		u.inhibit = max(u.inhibit, 12*step) // no alarm with each row
	}
	if r.IntN(3) == 0 {
		u.warning = 300
	}
	switch r.IntN(4) {
	case 0:
		u.clear = 200
	case 1:
		u.clear = 400
	}
	if r.IntN(4) == 0 {
		u.nodata = pick(6, 24)
	}
	if u.low {
		u.level, u.warning, u.clear = -u.level, -u.warning, -u.clear
	}
	return u
}

// randomValues makes rows of stretches in one band each; calm stretches are
// that much longer. hold makes a band last for whole groups of so many rows.
func randomValues(r *rand.Rand, rows int, low bool, calm, hold int) []float64 {
	same := r.IntN(2) == 0
	values := make([]float64, 0, rows+hold)
	for len(values) < rows {
		band, length := bandFine, 1+r.IntN(10*calm)
		switch choice := r.IntN(12); {
		case len(values) == 0: // so that it does not matter how long it was unknown before
		case choice < 4:
			band, length = bandCritical, 1+r.IntN(30)
		case choice == 4:
			band, length = bandEasing, 1+r.IntN(8)
		case choice == 5:
			band, length = bandWarning, 1+r.IntN(20)
		case choice == 6:
			band, length = bandFalling, 1+r.IntN(20)
		case choice == 7:
			band, length = bandUnknown, 1+r.IntN(12)
			if r.IntN(6) == 0 {
				length = 110 + r.IntN(30)
			}
		}
		for range (length + hold - 1) / hold {
			row := len(values)
			for range hold {
				v := bandValue(band, row, same)
				if low {
					v = -v
				}
				values = append(values, v)
			}
		}
	}
	return values[:rows]
}

// newScript makes a script for one host, some SRs and VMs that are objects in
// all. Every fifth object has a second variable, and one VM is in maintenance.
func newScript(r *rand.Rand, objects, rows int, begin, step int64, calm, hold int) *script {
	s := &script{begin: begin, step: step}
	for i := range objects {
		v := scripted{class: rrd.ClassVM, object: fmt.Sprintf("vm %d", i)}
		switch {
		case i == 0:
			v.class, v.object, v.uuid = rrd.ClassHost, "host", xapitest.UUID("host")
		case i <= objects/12:
			v.class, v.object = rrd.ClassSR, fmt.Sprintf("sr %d", i)
		case i == objects-1:
			v.maintenance, v.silenced = true, true
		}
		if v.uuid == "" {
			v.uuid = xapitest.UUID(v.object)
		}
		for _, name := range []string{"load", "depth"}[:1+(i+4)%5/4] {
			one := v
			one.name, one.terms = name, randomTerms(r, step)
			one.values = randomValues(r, rows, one.low, calm, hold)
			s.variables = append(s.variables, &one)
		}
	}
	return s
}

// install makes the objects of the script, their triggers, and their data
// sources, in the simulated toolstack.
func (s *script) install(p *pool) {
	p.t.Helper()
	triggers := map[string]string{}
	for _, v := range s.variables {
		switch v.class {
		case rrd.ClassVM:
			vm := xapitest.VM{UUID: v.uuid, Name: v.object, PowerState: "Running", ResidentOn: p.sim.HostUUID()}
			if v.maintenance {
				vm.Operations = []string{"snapshot"}
			}
			p.sim.PutVM(vm)
		case rrd.ClassSR:
			p.sim.PutSR(xapitest.SR{UUID: v.uuid, Name: v.object, Type: "lvm", ContentType: "user", PhysicalSize: 1 << 40})
			p.sim.PutPBD(xapitest.PBD{UUID: xapitest.UUID("pbd " + v.uuid), Host: p.sim.HostUUID(), SR: v.uuid, Attached: true})
		}
		triggers[v.class+"/"+v.uuid] += v.xml()
	}
	for key, text := range triggers {
		class, uuid, _ := strings.Cut(key, "/")
		p.configure(class, uuid, "<config>"+text+"</config>")
	}
}

// record has the simulated xcp-rrdd record rows from (included) to to.
func (s *script) record(p *pool, from, to int) {
	for row := from; row < to; row++ {
		samples := make([]xapitest.Sample, len(s.variables))
		for i, v := range s.variables {
			samples[i] = xapitest.Sample{Class: v.class, UUID: v.uuid, Name: v.name, Value: v.values[row]}
		}
		p.sim.AddRow(s.time(row), s.step, samples...)
	}
}
