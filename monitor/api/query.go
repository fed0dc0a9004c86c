package api

import (
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"perfmon/monitor/api/door"
)

// maxQuery bounds a query, in bytes.
const maxQuery = 4 << 10

// readQuery reads the parameters of a request. Those that the path does not
// know are refused, and so is one that stands twice: what is misspelt must
// not be passed over.
func readQuery(raw string, known []string) (url.Values, error) {
	if len(raw) > maxQuery {
		return nil, badRequest("say less at once", "the query has %d bytes; the limit is %d", len(raw), maxQuery)
	}
	values, err := url.ParseQuery(raw)
	if err != nil {
		return nil, badRequest("escape what is special in a URL: %20 for a space", "the query cannot be read: %v", err)
	}
	for name, list := range values {
		if !slices.Contains(known, name) {
			r := badRequest("use one of those that it knows", "there is no parameter %q here", door.Shorten(name))
			if len(known) == 0 {
				r.Fix = "this path takes none"
			}
			r.Known = known
			return nil, r
		}
		if len(list) > 1 {
			return nil, badRequest("say it once", "the parameter %q stands %d times", name, len(list))
		}
	}
	return values, nil
}

// wholeNumber reads a parameter that is a whole number from least to most;
// absent is the default.
func wholeNumber(v url.Values, name string, absent, least, most int64) (int64, error) {
	text := v.Get(name)
	if text == "" {
		return absent, nil
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < least || n > most {
		return 0, badRequest(fmt.Sprintf("give a whole number from %d to %d", least, most), "%s is %q", name, door.Shorten(text))
	}
	return n, nil
}

// trueOrFalse reads a parameter that is one of these words.
func trueOrFalse(v url.Values, name string, absent bool) (bool, error) {
	switch text := v.Get(name); text {
	case "":
		return absent, nil
	case "true":
		return true, nil
	case "false":
		return false, nil
	default:
		return false, badRequest("write true or false", "%s is %q", name, door.Shorten(text))
	}
}

// words reads a parameter that lists words, separated by commas.
func words(v url.Values, name string) []string {
	var list []string
	for word := range strings.SplitSeq(v.Get(name), ",") {
		if word = strings.TrimSpace(word); word != "" {
			list = append(list, word)
		}
	}
	return list
}
