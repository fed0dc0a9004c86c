package metrics

import "slices"

// uuidLabel is the label that every series has.
const uuidLabel = "uuid"

// family is a metric of the page with its label names. All of them are
// gauges: what the toolstack records are values and rates, never counts.
type family struct {
	name   string
	help   string
	labels []string // in the order of the documentation
	unit   unit     // of what is recorded; plain for what is in base units
}

func newFamily(name, help string, labels ...string) *family {
	return &family{name: name, help: help, labels: labels, unit: plain}
}

// pair is a label.
type pair struct{ name, value string }

// pairs are the labels of a series but for the uuid, mended where foreign
// text needs it. The values come in the order of the family's labels.
func (f *family) pairs(values ...string) []pair {
	var all []pair
	for _, name := range f.labels {
		if name != uuidLabel {
			all = append(all, pair{name, label(values[len(all)])})
		}
	}
	slices.SortFunc(all, func(a, b pair) int {
		if a.name < b.name {
			return -1
		}
		return 1
	})
	return all
}
