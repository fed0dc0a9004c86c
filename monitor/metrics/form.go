package metrics

import (
	"io"
	"net/http"
	"strconv"
	"strings"

	"github.com/prometheus/common/expfmt"
)

// accepted are the formats of the page, in the order in which they are chosen
// among equals. The two of OpenMetrics are the same but for the name.
var accepted = []expfmt.Format{expfmt.FmtOpenMetrics_1_0_0, expfmt.FmtOpenMetrics_0_0_1, expfmt.FmtProtoDelim, expfmt.FmtText}

// form is one of the ways to write the page.
type form struct {
	kind   expfmt.FormatType
	coding coding
}

// formOf chooses the form that a client likes best. The format is its
// Content-Type.
func formOf(h http.Header) (form, expfmt.Format) {
	format := expfmt.NegotiateAccept(h, accepted...)
	return form{format.FormatType(), codingOf(h.Get("Accept-Encoding"))}, format
}

// codingNames are those of the codings, in the order of preference among equals:
// who takes anything gets the page as it is, and gzip is asked for anyway.
var codingNames = [codings]string{identity: "identity", gzipped: "gzip", zstandard: "zstd"}

// codingOf reads an Accept-Encoding header:
//
//	gzip, deflate, br;q=0.9, zstd;q=0
//
// An item that cannot be read does not count.
func codingOf(header string) coding {
	best, chosen := 0.0, identity
	for c, name := range codingNames {
		for item := range strings.SplitSeq(header, ",") {
			word, parameter, weighted := strings.Cut(item, ";")
			word = strings.TrimSpace(word)
			if word != "*" && !strings.EqualFold(word, name) {
				continue
			}
			q := 1.0
			if weighted {
				value, found := strings.CutPrefix(strings.TrimSpace(parameter), "q=")
				var err error
				if q, err = strconv.ParseFloat(value, 64); err != nil || !found {
					continue
				}
			}
			if q > best {
				best, chosen = q, coding(c)
			}
		}
	}
	return chosen
}

// print prints an edition in a format, and returns how many bytes that were.
// The families are those that only wants; piece is memory to use.
func (e *edition) print(w io.Writer, kind expfmt.FormatType, only filter, piece []byte) (int, error) {
	p := printer{to: w, only: only, b: piece}
	if kind == expfmt.TypeProtoDelim {
		e.protobuf(&p)
	} else {
		e.text(&p, kind == expfmt.TypeOpenMetrics)
	}
	return p.n, p.err
}
