// Package drivers decodes a document in Go in every way that the benchmark
// compares: with the agent's own decoder and with its peers, each in the mode
// that its documentation has for speed. All convert every value.
package drivers

import (
	"strconv"
	"unsafe"

	"perfmon/bench/checksum"
)

// Driver is one way to decode. Decode may be called again and again; what can
// be kept from one document to the next is.
type Driver struct {
	Name string
	// About is what it is, in the words of a table.
	About  string
	JSON   bool
	Decode func(document []byte, sum *checksum.Sum) error
	// Partly says that it does not convert every value: its checksum is its
	// own.
	Partly bool
}

// All are the drivers in the order of the tables.
func All() []Driver {
	ours := &decoder{}
	return []Driver{
		{Name: "perfmon", About: "perfmon", Decode: ours.all},
		{Name: "perfmon-skip", About: "perfmon, three columns of thirty wanted", Decode: ours.wanted, Partly: true},
		{Name: "tdewolff", About: "tdewolff/parse, strconv", Decode: tdewolff},
		{Name: "xml-raw", About: "encoding/xml RawToken, strconv", Decode: rawTokens},
		{Name: "xml-token", About: "encoding/xml Token, strconv", Decode: tokens},
		{Name: "bytes-sum", About: "sum of the bytes, eight at a time", Decode: sumBytes, Partly: true},
		{Name: "bytes-count", About: "count of '<'", Decode: countBytes, Partly: true},

		{Name: "perfmon", About: "perfmon", JSON: true, Decode: ours.all},
		{Name: "perfmon-skip", About: "perfmon, three columns of thirty wanted", JSON: true, Decode: ours.wanted, Partly: true},
		{Name: "jsontext", About: "go-json-experiment jsontext, strconv", JSON: true, Decode: jsonText},
		{Name: "simdjson-go", About: "simdjson-go, strconv", JSON: true, Decode: simdjsonGo},
		{Name: "sonic", About: "sonic, strconv", JSON: true, Decode: sonicStrings},
		{Name: "json", About: "encoding/json, strconv", JSON: true, Decode: encodingJSON},
		{Name: "bytes-sum", About: "sum of the bytes, eight at a time", JSON: true, Decode: sumBytes, Partly: true},
	}
}

// Find returns the driver of a name, nil for none.
func Find(name string, json bool) *Driver {
	for _, d := range All() {
		if d.Name == name && d.JSON == json {
			return &d
		}
	}
	return nil
}

// number converts a value, whose text is not kept.
func number(text []byte) (float64, error) {
	return strconv.ParseFloat(unsafe.String(unsafe.SliceData(text), len(text)), 64)
}
