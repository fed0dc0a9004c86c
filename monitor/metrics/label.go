package metrics

import (
	"fmt"
	"hash/fnv"
	"strings"
	"unicode/utf8"
)

// labelLimit is the longest label value in bytes. Data sources of plugins and
// name labels can be of any length.
const labelLimit = 200

// label makes a label value of foreign text: valid UTF-8 of at most
// labelLimit bytes. What had to be changed ends in a hash of the original, so
// that two that differ stay apart.
func label(s string) string {
	if len(s) <= labelLimit && utf8.ValidString(s) {
		return s
	}
	h := fnv.New32a()
	h.Write([]byte(s))
	tail := fmt.Sprintf("~%08x", h.Sum32())

	// Cut before mending, so that a huge one costs nothing.
	cut := strings.ToValidUTF8(s[:min(len(s), labelLimit)], string(utf8.RuneError))
	for len(cut) > labelLimit-len(tail) {
		_, size := utf8.DecodeLastRuneInString(cut)
		cut = cut[:len(cut)-size]
	}
	return cut + tail
}
