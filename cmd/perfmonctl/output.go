package main

import (
	"io"

	"perfmon/cmd/internal/verbs"
)

// writeJSON writes a value.
func writeJSON(out io.Writer, v any) error {
	text, err := asJSON(v)
	if err != nil {
		return verbs.Failed(err)
	}
	return verbs.Write(out, string(text))
}
