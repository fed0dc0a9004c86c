package docstest

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
)

// Registry is a prometheus.Registerer that only writes down what it is given.
type Registry struct {
	Families []Family // in the order of registration, by name where a collector has several
}

// Family is what a metric says of itself.
type Family struct {
	Name, Kind, Help string
	Labels           []string // constant ones first
}

// Register is part of prometheus.Registerer.
func (r *Registry) Register(c prometheus.Collector) error {
	kinds, err := kindsOf(c)
	if err != nil {
		return err
	}
	var own []Family
	for _, d := range collect(c.Describe) {
		f, err := family(d)
		if err != nil {
			return err
		}
		if f.Kind = kinds[d.String()]; f.Kind == "" {
			f.Kind = kindOfType(c)
		}
		if known := func(o Family) bool { return o.Name == f.Name }; !slices.ContainsFunc(r.Families, known) {
			own = append(own, f)
		}
	}
	slices.SortStableFunc(own, func(a, b Family) int { return strings.Compare(a.Name, b.Name) })
	r.Families = append(r.Families, own...)
	return nil
}

// MustRegister is part of prometheus.Registerer.
func (r *Registry) MustRegister(all ...prometheus.Collector) {
	for _, c := range all {
		if err := r.Register(c); err != nil {
			panic(err)
		}
	}
}

// Unregister is part of prometheus.Registerer. It does nothing.
func (r *Registry) Unregister(prometheus.Collector) bool { return false }

// Table is the families as a table in Markdown.
func (r *Registry) Table() string {
	var b strings.Builder
	b.WriteString("| metric | type | labels | meaning |\n|---|---|---|---|\n")
	for _, f := range r.Families {
		var labels []string
		for _, l := range f.Labels {
			labels = append(labels, "`"+l+"`")
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", f.Name, f.Kind, strings.Join(labels, ", "), f.Help)
	}
	return b.String()
}

// kindsOf are the kinds of the metrics that a collector has at present, by
// description.
func kindsOf(c prometheus.Collector) (map[string]string, error) {
	kinds := map[string]string{}
	for _, m := range collect(c.Collect) {
		var written dto.Metric
		if err := m.Write(&written); err != nil {
			return nil, fmt.Errorf("collect: %w", err)
		}
		kind := ""
		switch {
		case written.Counter != nil:
			kind = "counter"
		case written.Gauge != nil:
			kind = "gauge"
		case written.Histogram != nil:
			kind = "histogram"
		case written.Summary != nil:
			kind = "summary"
		}
		kinds[m.Desc().String()] = kind
	}
	return kinds, nil
}

// kindOfType is the kind of a collector without any metric yet.
func kindOfType(c prometheus.Collector) string {
	switch c.(type) {
	case *prometheus.GaugeVec:
		return "gauge"
	case *prometheus.CounterVec:
		return "counter"
	case *prometheus.HistogramVec:
		return "histogram"
	}
	return "unknown"
}

func collect[T any](from func(chan<- T)) []T {
	ch := make(chan T)
	go func() {
		defer close(ch)
		from(ch)
	}()
	var all []T
	for one := range ch {
		all = append(all, one)
	}
	return all
}

// descText is how client_golang prints a description, which has no other way
// to ask.
var descText = regexp.MustCompile(`^Desc\{fqName: (".*"), help: (".*"), unit: ".*", constLabels: \{(.*)\}, variableLabels: \{(.*)\}\}$`)

func family(d *prometheus.Desc) (Family, error) {
	parts := descText.FindStringSubmatch(d.String())
	if parts == nil {
		return Family{}, fmt.Errorf("cannot read the description %q", d)
	}
	name, err := strconv.Unquote(parts[1])
	if err != nil {
		return Family{}, err
	}
	help, err := strconv.Unquote(parts[2])
	if err != nil {
		return Family{}, err
	}
	f := Family{Name: name, Help: help}
	for _, l := range strings.FieldsFunc(parts[3], func(c rune) bool { return c == ',' }) {
		label, _, _ := strings.Cut(l, "=")
		f.Labels = append(f.Labels, label)
	}
	f.Labels = append(f.Labels, strings.FieldsFunc(parts[4], func(c rune) bool { return c == ',' })...)
	return f, nil
}
