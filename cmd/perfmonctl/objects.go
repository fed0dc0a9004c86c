package main

import (
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"perfmon/cmd/internal/verbs"
	"perfmon/monitor/api"
)

func newObjects() *cobra.Command {
	a := &agentFlags{}
	var class string
	var whole, alarming bool
	cmd := &cobra.Command{
		Use:   "objects [OBJECT]",
		Short: "the objects of this host, and how many alarms each has",
		Long: `objects lists what the running agent watches: the host, its VMs and its storage,
with the variables in force, the alarms, and what is to be known besides. UUIDs
are shown by as many digits as tell one from the others; verbs take those too.

` + objectHelp + `

` + agentHelp,
		Example: `  perfmonctl objects --alarms
  perfmonctl objects --class vm --output json`,
		Args: atMost(1, "one OBJECT at a time"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := a.check(); err != nil {
				return err
			}
			if class != "" && !slices.Contains(classes, class) {
				return fmt.Errorf("--class %q: want vm, host or sr", class)
			}
			query := url.Values{}
			if len(args) == 1 {
				query.Set("query", args[0])
			}
			all, answer, err := get[api.Objects](cmd.Context(), a, "/v1/objects", query)
			if err != nil {
				return err
			}
			digits := digitsOf(all.Objects)
			if whole || len(args) == 1 {
				digits = wholeDigits
			}
			if class != "" || alarming {
				all.Objects = slices.DeleteFunc(all.Objects, func(o api.ObjectInfo) bool {
					return class != "" && o.Class != class || alarming && o.Firing+o.NoData+o.Pending == 0
				})
				if answer, err = asJSON(all); err != nil {
					return verbs.Failed(err)
				}
			}
			return a.print(cmd, answer, func(on screen) string { return objectsText(all.Objects, digits, on) })
		},
		ValidArgsFunction: arguments(a, objectWords),
	}
	f := cmd.Flags()
	f.StringVar(&class, "class", "", "only the objects of a `CLASS`: vm, host or sr")
	f.BoolVar(&alarming, "alarms", false, "only those whose alarms are not all inactive")
	f.BoolVar(&whole, "full", false, "show whole UUIDs")
	verbs.Offer(cmd, "class", classes...)
	a.add(cmd, "table")
	return cmd
}

// wholeDigits is how long a uuid is.
const wholeDigits = 36

// digitsOf is how many digits tell the uuids of objects from each other, at
// least eight.
func digitsOf(list []api.ObjectInfo) int {
	digits := 8
	sorted := make([]string, len(list))
	for i, o := range list {
		sorted[i] = o.UUID
	}
	slices.Sort(sorted)
	for i := 1; i < len(sorted); i++ {
		for digits < len(sorted[i]) && strings.HasPrefix(sorted[i-1], sorted[i][:digits]) && sorted[i-1] != sorted[i] {
			digits++
		}
	}
	return digits
}

func objectsText(list []api.ObjectInfo, digits int, on screen) string {
	if len(list) == 0 {
		return "there is no such object\n"
	}
	table := [][]string{{"CLASS", "~NAME", "UUID", ">VARIABLES", "~ALARMS", "~TAGS", "~NOTE"}}
	for i := range list {
		o := &list[i]
		table = append(table, []string{
			o.Class, o.Name, o.UUID[:min(len(o.UUID), digits)], fmt.Sprint(o.Variables), flagsText(&o.Flags), strings.Join(o.Tags, " "), objectNote(o),
		})
	}
	return on.Columns(withoutEmpty(table))
}

// flagsText is what the alarms of an object are like:
//
//	2 firing, 1 no data, 1 pending
func flagsText(f *api.Flags) string {
	var words []string
	if f.Firing > 0 {
		words = append(words, paint(styleOf("firing", f.Severity), fmt.Sprintf("%d %s", f.Firing, firingWord(f))))
	}
	if f.NoData > 0 {
		words = append(words, paint(warned, fmt.Sprintf("%d no data", f.NoData)))
	}
	if f.Pending > 0 {
		words = append(words, paint(warned, fmt.Sprintf("%d pending", f.Pending)))
	}
	return strings.Join(words, ", ")
}

// firingWord names the severity of the one that fires, or of all.
func firingWord(f *api.Flags) string {
	if f.Firing == 1 && f.Severity != "" {
		return string(f.Severity)
	}
	return "firing"
}

func objectNote(o *api.ObjectInfo) string {
	var notes []string
	if o.Maintenance != "" {
		notes = append(notes, o.Maintenance)
	}
	if o.ConfigErrors > 0 {
		notes = append(notes, paint(warned, count(o.ConfigErrors, "error")+" in its XML"))
	}
	if o.Columns == 0 {
		notes = append(notes, "no rows")
	}
	if o.ControlDomain {
		notes = append(notes, "control domain")
	}
	return strings.Join(notes, ", ")
}

// withoutEmpty takes columns out of a table in which no cell but the head has
// text.
func withoutEmpty(table [][]string) [][]string {
	out := make([][]string, len(table))
	for k := range table[0] {
		if !slices.ContainsFunc(table[1:], func(row []string) bool { return row[k] != "" }) {
			continue
		}
		for i, row := range table {
			out[i] = append(out[i], row[k])
		}
	}
	return out
}
