package metrics

import (
	"strings"
)

// text prints the text format 0.0.4 of Prometheus, or OpenMetrics 1.0
// without its last line:
//
//	# HELP xen_vm_memory_bytes Memory that the VM has.
//	# TYPE xen_vm_memory_bytes gauge
//	xen_vm_memory_bytes{uuid="7b1f3c52-64a0-4e7b-8d39-90c2f5a1e602"} 4.294967296e+09
//
// The two differ in quotes in a help text and in how whole numbers look.
func (e *edition) text(p *printer, openMetrics bool) {
	b := p.b[:0]
	for i := range e.passages {
		part := &e.passages[i]
		if !p.only.wants(part.family.name) {
			continue
		}
		begun := false
		for list := part.series(); len(list) > 0; {
			values := part.fetch(list, &p.room)
			for i, v := range values {
				if !finite(v) {
					continue
				}
				if !begun {
					begun = true
					b = part.family.appendHead(b, openMetrics)
				}
				frame := &part.sheet.frames[list[i].frame]
				b = append(b, frame.before...)
				b = append(b, part.sheet.uuids[list[i].uuid].escaped...)
				b = append(b, frame.after...)
				b = appendNumber(b, v, openMetrics)
				b = append(b, '\n')
				if len(b) >= pieceSize {
					b = p.flush(b)
				}
			}
			if p.err != nil {
				return // whoever reads has gone
			}
			list = list[len(values):]
		}
	}
	p.flush(b)
}

func (f *family) appendHead(b []byte, openMetrics bool) []byte {
	b = append(append(append(b, "# HELP "...), f.name...), ' ')
	if openMetrics {
		b = append(b, escape(f.help)...)
	} else {
		b = append(b, helpEscaper.Replace(f.help)...)
	}
	b = append(append(b, "\n# TYPE "...), f.name...)
	return append(b, " gauge\n"...)
}

var (
	helpEscaper  = strings.NewReplacer(`\`, `\\`, "\n", `\n`)
	labelEscaper = strings.NewReplacer(`\`, `\\`, "\n", `\n`, `"`, `\"`)
)

// escape writes a label value as it stands between quotes.
func escape(s string) string { return labelEscaper.Replace(s) }

// appendTextPair writes a label: vif="0".
func appendTextPair(b []byte, p pair) []byte {
	b = append(append(b, p.name...), `="`...)
	return append(append(b, escape(p.value)...), '"')
}
