package config

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// optional is a data source that the toolstack offers and does not record
// until it is told to (xen-api, rrdp_cpu.ml, rrdp_netdev.ml, rrdp_squeezed.ml:
// ~default:false).
type optional struct {
	// beside is a data source that is recorded wherever this one is offered;
	// nil if that is on every object of the class.
	beside *regexp.Regexp
	name   string // of the data source, with what beside has found
}

// Data sources that every interface has.
var (
	virtualInterface  = regexp.MustCompile(`^(vif_[0-9]+)_rx$`)
	physicalInterface = regexp.MustCompile(`^(pif_(?:eth|em|en|p[0-9]|bond)[A-Za-z0-9_.-]*)_rx$`)
)

var optionals = map[string][]optional{
	ClassVM: {
		{name: "runstate_fullrun"},
		{name: "runstate_full_contention"},
		{name: "runstate_concurrency_hazard"},
		{name: "runstate_blocked"},
		{name: "runstate_partial_run"},
		{name: "runstate_partial_contention"},
		{name: "runnable_any"},              // since xapi 25.29, like the next
		{name: "runnable_vcpus"},            //
		{name: "numa_nodes"},                // since xapi 26.2
		{name: "numa_node_nonaffine_vcpus"}, // since xapi 26.3
		{beside: virtualInterface, name: "${1}_rx_errors"},
		{beside: virtualInterface, name: "${1}_tx_errors"},
	},
	ClassHost: {
		{beside: physicalInterface, name: "${1}_rx_errors"},
		{beside: physicalInterface, name: "${1}_tx_errors"},
	},
}

// RecordHint is what an operator can do about data sources that a variable of
// an object should read and that are not there; "" for nothing. sources are
// those of the object that are recorded. If it is a command that turns
// recording on, for the shell of a host of the pool, that is said too:
//
//	for s in runstate_full_contention runstate_partial_contention; do xe vm-data-source-record uuid=… data-source=$s; done
//
// Where the variable's own rrd_regex chooses at least one source, that is
// taken to be what was meant; of a name with a default, all are wanted.
func RecordHint(class, uuid string, v *Variable, sources []string) (hint string, command bool) {
	if v.Pattern == nil {
		return "", false
	}
	missing := v.unrecorded(class, sources)
	found := slices.ContainsFunc(sources, v.reads)
	switch {
	case len(missing) > 0 && (v.standard || !found):
		return recordCommand(class, uuid, missing), true
	case v.standard && !found:
		return builtinOf(class, v.Name, Options{}).absent, false
	}
	return "", false
}

// reads says whether a data source is one of the variable's.
func (v *Variable) reads(source string) bool {
	ok, err := v.Pattern.Match(source)
	return ok && err == nil
}

// unrecorded are the data sources that a variable would read and that are
// offered, but not among those that are recorded.
func (v *Variable) unrecorded(class string, sources []string) []string {
	var names []string
	for _, o := range optionals[class] {
		if o.beside == nil {
			names = append(names, o.name)
			continue
		}
		for _, source := range sources {
			if at := o.beside.FindStringSubmatchIndex(source); at != nil {
				names = append(names, string(o.beside.ExpandString(nil, o.name, source, at)))
			}
		}
	}
	return slices.DeleteFunc(names, func(name string) bool { return !v.reads(name) || slices.Contains(sources, name) })
}

// recordCommand has the toolstack record data sources of an object. Their
// names need no quotes.
func recordCommand(class, uuid string, names []string) string {
	if len(names) == 1 {
		return fmt.Sprintf("xe %s-data-source-record uuid=%s data-source=%s", class, uuid, names[0])
	}
	return fmt.Sprintf("for s in %s; do xe %s-data-source-record uuid=%s data-source=$s; done", strings.Join(names, " "), class, uuid)
}
