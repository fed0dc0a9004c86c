package metrics

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"perfmon/monitor"
)

// infoPairs are the labels of a variable's info: after those of the family
// come the ones that the configuration gives, as kube_pod_labels has those of
// a pod.
//
//	perfmon_variable_info{class="vm",uuid="…",variable="cpu_usage",label_team="web"} 1
func infoPairs(f *family, v monitor.VariableStatus) []pair {
	all := f.pairs(v.Class, v.Variable)
	for _, name := range slices.Sorted(maps.Keys(v.Labels)) {
		prefixed := "label_" + labelName(name)
		if !slices.ContainsFunc(all, func(p pair) bool { return p.name == prefixed }) {
			all = append(all, pair{prefixed, label(v.Labels[name])})
		}
	}
	slices.SortFunc(all, func(p, q pair) int { return cmp.Compare(p.name, q.name) })
	return all
}

// labelName is a name in the characters that a label's may have. The
// configuration allows no others; a page with one would be refused as a whole.
func labelName(name string) string {
	return strings.Map(func(c rune) rune {
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9':
			return c
		}
		return '_'
	}, name)
}
