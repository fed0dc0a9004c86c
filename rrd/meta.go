package rrd

import "fmt"

// meta collects the numbers before the legend as they come, in any order:
//
//	<start>1766000150</start><step>5</step><end>1766000745</end><rows>120</rows><columns>45</columns>
//	"start":"1766000150","step":"5","end":"1766000745","rows":"120","columns":"45"
type meta struct {
	numbers [len(metaNames)]int64
	seen    [len(metaNames)]bool
	legend  bool // has been read
}

const (
	metaStart = iota
	metaStep
	metaEnd
	metaRows
	metaColumns
)

var metaNames = [...]string{"start", "step", "end", "rows", "columns"}

// metaIndex is the place of a name in metaNames, or -1.
func metaIndex(name string) int {
	for i, known := range metaNames {
		if name == known {
			return i
		}
	}
	return -1
}

func (m *meta) set(i int, text []byte, offset int64) error {
	if m.seen[i] {
		return errAt(offset, "%s is given twice", metaNames[i])
	}
	n, ok := parseInteger(text)
	if !ok {
		return errAt(offset, "%s %q is not a whole number", metaNames[i], clip(text))
	}
	m.numbers[i], m.seen[i] = n, true
	return nil
}

// beginLegend is called where the legend begins.
func (m *meta) beginLegend() error {
	if m.legend {
		return fmt.Errorf("the legend is given twice")
	}
	m.legend = true
	return nil
}

// header is what was collected, without the legend. The counts may be
// missing, the rest may not: a row without a step could not be weighed.
func (m *meta) header() (*Header, error) {
	for _, i := range []int{metaStart, metaStep, metaEnd} {
		if !m.seen[i] {
			return nil, fmt.Errorf("no %s before the rows", metaNames[i])
		}
	}
	if m.numbers[metaStep] <= 0 {
		return nil, fmt.Errorf("step %d is not a positive number of seconds", m.numbers[metaStep])
	}
	return &Header{
		Start:   m.numbers[metaStart],
		Step:    m.numbers[metaStep],
		End:     m.numbers[metaEnd],
		Rows:    int(m.numbers[metaRows]),
		Columns: int(m.numbers[metaColumns]),
	}, nil
}
