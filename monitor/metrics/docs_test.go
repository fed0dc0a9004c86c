package metrics

import (
	"bytes"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"perfmon/docs/docstest"
	"perfmon/monitor"
	"perfmon/rrd"
)

const docsPath = "../../docs/metrics.md"

// TestDocs keeps docs/metrics.md in step with the table.
func TestDocs(t *testing.T) {
	golden(t, docsPath, docs(newPress()))
}

const docsIntro = `# Metrics

<!-- Made from the table in monitor/metrics: go test ./monitor/metrics -run TestDocs -update -->

The web port (127.0.0.1:9789 unless told otherwise) serves these at ` + "`/metrics`" + `.

- Everything is in base units: bytes, seconds, watts, hertz, and fractions of one (` + "`_ratio`" + `). "Recorded in" is
  the unit of the data source, which a trigger compares with; the page converts, a trigger does not.
- What the toolstack records as a rate is a gauge that ends in ` + "`_per_second`" + `. Do not put ` + "`rate()`" + ` around it.
- The ` + "`uuid`" + ` is the identity of an object. Names are in the ` + "`*_info`" + ` metrics, which are always 1, to be joined:
  ` + "`xen_vm_memory_bytes * on (uuid) group_left (name) xen_vm_info`" + `.
- Values are those of the newest row. A value that is unknown has no series, it is never 0. When the newest row is
  older than two steps and 30 seconds, all series made of rows are gone until the next row. An agent that is told to
  poll less often than that (` + "`--interval`" + `) therefore shows them only for a while after each poll.
- Only averages are shown, not the minima and maxima of the archives.
- Text that is no valid UTF-8 is mended, and labels end at 200 bytes; what was changed ends in ` + "`~`" + ` and a hash.
- The forms are the text format 0.0.4, OpenMetrics 1.0 and delimited protobuf, as the client's ` + "`Accept`" + ` has it, each also
  in gzip or zstd (` + "`Accept-Encoding`" + `). What comes from rows, records and triggers is made once after a poll for each
  form that somebody asks for; ` + "`go_*`, `process_*`" + ` and the counters of the agent are gathered for the first scrape after
  a poll, and then at most once a second: two scrapers, or a hundred, cost no more than one. ` + "`?name[]=xen_vm_info`" + `,
  once or several times, gets some metrics only.
- A data source that is not listed here is found under ` + "`xen_data_source`" + ` with its own name and unit.
`

// docs is the whole of docs/metrics.md.
func docs(c *press) string {
	var b strings.Builder
	b.WriteString(docsIntro)
	for _, class := range []struct{ class, title, text string }{
		{rrd.ClassHost, "Hosts", "`sr` is how the uuid of an SR begins (8 digits), as the toolstack names them here."},
		{rrd.ClassVM, "VMs", "The control domain is a VM too."},
		{rrd.ClassSR, "SRs", "Most kinds of SR have no rows: then these two are what the toolstack's record of the SR says."},
	} {
		fmt.Fprintf(&b, "\n## %s\n\n%s\n\n", class.title, class.text)
		b.WriteString("| metric | labels | data source | recorded in | meaning |\n|---|---|---|---|---|\n")
		for i, k := range c.mapping.kinds {
			s := sources[i]
			if s.class == class.class {
				fmt.Fprintf(&b, "| `%s` | %s | `%s` | %s | %s |\n", s.metric, codes(k.family.labels), s.pattern, s.unit.name, s.help)
			}
		}
	}
	b.WriteString("\n## Names, and data sources without a metric of their own\n\n")
	familyTable(&b, append(c.objects.own(), c.mapping.others)...)
	b.WriteString("\n## Triggers\n\n`class` is host, vm or sr; `variable` is the name that the configuration gives.\n\n")
	info := *c.triggers.info
	info.labels = append(slices.Clone(info.labels), "label_<name>")
	familyTable(&b, append(c.triggers.own(), &info)...)
	b.WriteString("\n## The loop's own health\n\n")
	var own docstest.Registry
	monitor.New(monitor.Options{Registerer: &own})
	b.WriteString(own.Table())
	return b.String() + rest(docsPath)
}

// rest is the end of the page, which is not made here but by a test of
// cmd/perfmon.
func rest(path string) string {
	text, err := os.ReadFile(path)
	if err != nil {
		return ""
	}
	if i := bytes.Index(text, []byte("\n## The other parts of the agent\n")); i >= 0 {
		return string(text[i:])
	}
	return ""
}

func familyTable(b *strings.Builder, families ...*family) {
	b.WriteString("| metric | labels | meaning |\n|---|---|---|\n")
	for _, f := range families {
		fmt.Fprintf(b, "| `%s` | %s | %s |\n", f.name, codes(f.labels), f.help)
	}
}

// codes sets words as code, with commas between.
func codes(words []string) string {
	if len(words) == 0 {
		return ""
	}
	return "`" + strings.Join(words, "`, `") + "`"
}
