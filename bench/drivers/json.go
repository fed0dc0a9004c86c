package drivers

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"unsafe"

	"github.com/bytedance/sonic"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/minio/simdjson-go"

	"perfmon/bench/checksum"
)

// update is what encoding/json and its like decode into. The numbers are
// strings in the document.
type update struct {
	Data []struct {
		T      string   `json:"t"`
		Values []string `json:"values"`
	} `json:"data"`
}

func (u *update) sum(s *checksum.Sum) error {
	for i := range u.Data {
		for _, text := range u.Data[i].Values {
			v, err := number([]byte(text))
			if err != nil {
				return err
			}
			s.Add(v)
		}
	}
	return nil
}

func encodingJSON(document []byte, s *checksum.Sum) error {
	var u update
	if err := json.Unmarshal(document, &u); err != nil {
		return err
	}
	return u.sum(s)
}

// sonicStrings leaves the strings where they stand in the document, as its
// fastest configuration does with a document that is a string.
func sonicStrings(document []byte, s *checksum.Sum) error {
	var u update
	text := unsafe.String(unsafe.SliceData(document), len(document))
	if err := sonic.ConfigFastest.UnmarshalFromString(text, &u); err != nil {
		return err
	}
	return u.sum(s)
}

// jsonText goes from token to token; values are taken as they stand. What is
// in a bytes.Buffer is not copied.
func jsonText(document []byte, s *checksum.Sum) error {
	d := jsontext.NewDecoder(bytes.NewBuffer(document))
	inValues := false
	for {
		if inValues && d.PeekKind() == '"' {
			raw, err := d.ReadValue()
			if err != nil {
				return err
			}
			v, err := number(raw[1 : len(raw)-1])
			if err != nil {
				return err
			}
			s.Add(v)
			continue
		}
		inValues = false
		token, err := d.ReadToken()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		if token.Kind() != '"' || d.StackDepth() != 3 {
			continue
		}
		// A name in a row; the strings of the legend are as deep.
		if inside, _ := d.StackIndex(3); inside == '{' && token.String() == "values" {
			if _, err := d.ReadToken(); err != nil { // [
				return err
			}
			inValues = true
		}
	}
}

// tape is what simdjson-go parses into, kept as its documentation says.
var tape *simdjson.ParsedJson

func simdjsonGo(document []byte, s *checksum.Sum) error {
	if !simdjson.SupportedCPU() {
		return fmt.Errorf("simdjson-go does not know this processor")
	}
	var err error
	if tape, err = simdjson.Parse(document, tape, simdjson.WithCopyStrings(false)); err != nil {
		return err
	}
	root := tape.Iter()
	data, err := root.FindElement(nil, "data")
	if err != nil {
		return err
	}
	rows, err := data.Iter.Array(nil)
	if err != nil {
		return err
	}
	var object simdjson.Object
	var element simdjson.Element
	var array simdjson.Array
	for i := rows.Iter(); i.Advance() == simdjson.TypeObject; {
		row, err := i.Object(&object)
		if err != nil {
			return err
		}
		values, err := row.FindKey("values", &element).Iter.Array(&array)
		if err != nil {
			return err
		}
		for j := values.Iter(); j.Advance() == simdjson.TypeString; {
			text, err := j.StringBytes()
			if err != nil {
				return err
			}
			v, err := number(text)
			if err != nil {
				return err
			}
			s.Add(v)
		}
	}
	return nil
}
