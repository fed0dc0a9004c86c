// Package triggers measures what it takes to evaluate 360,000 times: 1000 VMs
// with three variables each over 120 rows of thirty columns a VM. The agent's
// own loop does it, from rows that are in memory, beside the least that any
// program does, which is to read them.
package triggers

import (
	"errors"
	"math/rand/v2"
	"regexp"

	"perfmon/bench/corpus"
	"perfmon/bench/measure"
)

const (
	vms  = 1000
	rows = 120
	step = 60
	// Evaluations is how many there are in a pass.
	Evaluations = vms * rows * 3
)

// Subject is one way to evaluate.
type Subject struct {
	Name, About string
	evaluate    func(m *matrix) (func() error, error)
}

// Subjects are all of them, in the order of the table.
func Subjects() []Subject {
	return []Subject{
		{"perfmon", "perfmon, a whole poll: folds, triggers, what is kept and shown", poll},
		{"read", "the rows read once", read},
		{"compiled", "the columns of each variable known, a counter each", compiled},
		{"regex-refresh", "patterns matched at each refresh", eachRefresh},
		{"regex-row", "patterns matched at each row", eachRow},
	}
}

// Measure measures the subject of a name.
func Measure(name string) (measure.Report, error) {
	for _, s := range Subjects() {
		if s.Name == name {
			pass, err := s.evaluate(newMatrix())
			if err != nil {
				return measure.Report{}, err
			}
			return measure.Loop(pass)
		}
	}
	return measure.Report{}, errors.New("there is no such subject")
}

// matrix is an answer in memory: rows, newest first, of thirty columns a VM.
type matrix struct {
	names []string // of a VM's columns
	rows  [][]float64
}

func newMatrix() *matrix {
	m := &matrix{names: corpus.Names()}
	r := rand.New(rand.NewPCG(1, 1))
	for range rows {
		row := make([]float64, vms*len(m.names))
		for i := range row {
			row[i] = 0.9 * r.Float64()
		}
		m.rows = append(m.rows, row)
	}
	return m
}

// variable is what the plain ways know of one.
type variable struct {
	pattern *regexp.Regexp
	average bool
	level   float64
}

// variables are those of each VM, as variablesXML has them.
var variables = []variable{
	{regexp.MustCompile("^(?:cpu[0-9]+)$"), true, 0.95},
	{regexp.MustCompile("^(?:vif_[0-9]+_[rt]x)$"), false, 1e9},
	{regexp.MustCompile("^(?:vbd_(?:xvd|hd)[a-z]+_(?:read|write))$"), false, 1e9},
}

// variablesXML is the configuration of each VM.
const variablesXML = `<config>` +
	`<variable><name value="cpu_usage"/><alarm_trigger_level value="0.95"/></variable>` +
	`<variable><name value="network_usage"/><alarm_trigger_level value="1e9"/></variable>` +
	`<variable><name value="disk_usage"/><alarm_trigger_level value="1e9"/></variable>` +
	`</config>`

// columns are those that the pattern matches, of a VM.
func (v variable) columns(names []string, to []int) []int {
	for i, name := range names {
		if v.pattern.MatchString(name) {
			to = append(to, i)
		}
	}
	return to
}

func (v variable) fold(row []float64, columns []int) float64 {
	sum := 0.0
	for _, c := range columns {
		sum += row[c]
	}
	if v.average {
		return sum / float64(len(columns))
	}
	return sum
}

// read adds all values up, four sums at a time so that it is the memory that
// it waits for.
func read(m *matrix) (func() error, error) {
	return func() error {
		var sum [4]float64
		for _, row := range m.rows {
			for len(row) >= 4 {
				sum[0] += row[0]
				sum[1] += row[1]
				sum[2] += row[2]
				sum[3] += row[3]
				row = row[4:]
			}
		}
		if sum[0]+sum[1]+sum[2]+sum[3] < 0 {
			return errors.New("the values are not those that were made")
		}
		return nil
	}, nil
}

// counters are triggers of the plainest kind: how long the value is bad.
type counters [vms][3]int

func (c *counters) judge(vm, variable int, bad bool) {
	if bad {
		c[vm][variable] += step
	} else {
		c[vm][variable] = 0
	}
}

func (c *counters) row(m *matrix, row []float64, columns [][]int) {
	width := len(m.names)
	for vm := range vms {
		part := row[vm*width : (vm+1)*width]
		for i, v := range variables {
			c.judge(vm, i, v.fold(part, columns[i]) > v.level)
		}
	}
}

func compiled(m *matrix) (func() error, error) {
	var c counters
	columns := make([][]int, len(variables))
	for i, v := range variables {
		columns[i] = v.columns(m.names, nil)
	}
	return func() error {
		for i := range m.rows {
			c.row(m, m.rows[rows-1-i], columns)
		}
		return nil
	}, nil
}

// eachRefresh matches the columns of each VM, then goes through its rows.
func eachRefresh(m *matrix) (func() error, error) {
	var c counters
	var columns []int
	width := len(m.names)
	return func() error {
		for vm := range vms {
			for i, v := range variables {
				columns = v.columns(m.names, columns[:0])
				for k := range m.rows {
					part := m.rows[rows-1-k][vm*width : (vm+1)*width]
					c.judge(vm, i, v.fold(part, columns) > v.level)
				}
			}
		}
		return nil
	}, nil
}

func eachRow(m *matrix) (func() error, error) {
	var c counters
	var columns []int
	width := len(m.names)
	return func() error {
		for k := range m.rows {
			for vm := range vms {
				part := m.rows[rows-1-k][vm*width : (vm+1)*width]
				for i, v := range variables {
					columns = v.columns(m.names, columns[:0])
					c.judge(vm, i, v.fold(part, columns) > v.level)
				}
			}
		}
		return nil
	}, nil
}
