package xapitest

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// call is an RPC as it came in.
type call struct {
	method string
	// args are string, json.Number (as a string too: see number), float64,
	// bool, nil, []any and map[string]any.
	args    []any
	form    form
	id      json.RawMessage // JSON-RPC
	badUTF8 bool            // somewhere in the request
}

// form is the encoding of a call and its reply.
type form int

const (
	formJSON1 form = iota + 1
	formJSON2
	formXML
)

// number is an integer or a float that came as a JSON number.
type number string

// failure is a refusal by the toolstack: its code, then its parameters.
type failure []string

func (f failure) Error() string { return strings.Join(f, " ") }

// Types of results beside string, bool, float64, []any and map[string]any.
type (
	dateTime   string // 20251007T11:30:26Z
	int32Value int    // the one kind of number that is not a string
)

// parseJSONCall reads JSON-RPC 1.0 or 2.0:
//
//	{"jsonrpc":"2.0","method":"session.logout","params":["OpaqueRef:..."],"id":1}
//	{"method":"session.logout","params":["OpaqueRef:..."],"id":"x"}
func parseJSONCall(body []byte) (*call, error) {
	var m struct {
		Version *string         `json:"jsonrpc"`
		Method  *string         `json:"method"`
		Params  []any           `json:"params"`
		ID      json.RawMessage `json:"id"`
	}
	d := json.NewDecoder(strings.NewReader(string(body)))
	d.UseNumber()
	if err := d.Decode(&m); err != nil {
		return nil, fmt.Errorf("read JSON-RPC call: %w", err)
	}
	if m.Method == nil || len(m.ID) == 0 || strings.ContainsAny(string(m.ID[:1]), "n{[tf") {
		return nil, errors.New("read JSON-RPC call: a method, and an id that is a string or an integer, are required")
	}
	c := &call{method: *m.Method, form: formJSON1, id: m.ID, badUTF8: !utf8.Valid(body)}
	if m.Version != nil && *m.Version == "2.0" {
		c.form = formJSON2
	}
	for _, p := range m.Params {
		c.args = append(c.args, fromJSON(p))
	}
	return c, nil
}

// fromJSON replaces json.Number by number.
func fromJSON(v any) any {
	switch v := v.(type) {
	case json.Number:
		return number(v)
	case []any:
		for i := range v {
			v[i] = fromJSON(v[i])
		}
	case map[string]any:
		for k := range v {
			v[k] = fromJSON(v[k])
		}
	}
	return v
}

// callReply carries the call out and encodes what came of it.
func (x *exchange) callReply() *reply {
	if trouble := x.s.emergency(); trouble != nil && !emergencyCalls[x.call.method] {
		if x.call.form == formXML {
			return rpcReply("text/xml", xmlFailure(trouble))
		}
		return rpcReply("application/json", []byte(`{"jsonrpc":"2.0","error":`+string(encodeJSON(nil, stringsToAny(trouble)))+`,"id":0}`))
	}
	result, err := x.perform()
	var f failure
	if err != nil && !errors.As(err, &f) {
		f = failure{"INTERNAL_ERROR", err.Error()}
	}
	switch x.call.form {
	case formXML:
		if f != nil {
			return rpcReply("text/xml", xmlFailure(f))
		}
		return rpcReply("text/xml", xmlSuccess(result))
	default:
		return rpcReply("application/json", x.call.jsonReply(result, f))
	}
}

// emergencyCalls are served while the toolstack cannot serve others.
var emergencyCalls = map[string]bool{
	"session.slave_local_login": true, "session.slave_local_login_with_password": true, "session.local_logout": true,
}

// perform carries the call out. An error that is no failure is the
// toolstack's own mistake.
func (x *exchange) perform() (any, error) {
	c := x.call
	m, ok := methods[c.method]
	if !ok {
		return nil, failure{"MESSAGE_METHOD_UNKNOWN", c.method}
	}
	got := len(c.args)
	if m.session {
		got--
	}
	if got < m.args || got > m.args && !m.more {
		return nil, failure{"MESSAGE_PARAMETER_COUNT_MISMATCH", c.method, strconv.Itoa(m.args), strconv.Itoa(got)}
	}
	if x.fault != nil && x.fault.Kind == RPCFailure {
		return nil, failure(x.fault.Failure)
	}
	args := args(c.args)
	if m.session {
		ref, err := args.string(0)
		if err != nil {
			return nil, err
		}
		if !x.s.sessions.touch(ref, x.s.clock()) {
			return nil, failure{"SESSION_INVALID", ref}
		}
		args = args[1:]
	}
	return m.run(x, args)
}

// jsonReply is
//
//	{"jsonrpc":"2.0","result":X,"id":1}
//	{"jsonrpc":"2.0","error":{"code":1,"message":"CODE","data":["P"]},"id":1}
//	{"result":X,"error":null,"id":1}
//	{"result":null,"error":["CODE","P"],"id":1}
func (c *call) jsonReply(result any, f failure) []byte {
	var b []byte
	switch {
	case c.form == formJSON2 && f != nil:
		b = append(b, `{"jsonrpc":"2.0","error":{"code":1,"message":`+jsonString(f[0])+`,"data":`...)
		b = encodeJSON(b, stringsToAny(f[1:]))
		b = append(b, '}')
	case c.form == formJSON2:
		b = encodeJSON(append(b, `{"jsonrpc":"2.0","result":`...), result)
	case f != nil:
		b = encodeJSON(append(b, `{"result":null,"error":`...), stringsToAny(f))
	default:
		b = encodeJSON(append(b, `{"result":`...), result)
		b = append(b, `,"error":null`...)
	}
	b = append(b, `,"id":`...)
	b = append(b, c.id...)
	return append(b, '}')
}

func stringsToAny(list []string) []any {
	out := make([]any, len(list))
	for i, s := range list {
		out[i] = s
	}
	return out
}

// encodeJSON appends v. Keys of a map come sorted.
func encodeJSON(b []byte, v any) []byte {
	switch v := v.(type) {
	case nil:
		return append(b, "null"...)
	case string:
		return append(b, jsonString(v)...)
	case dateTime:
		return append(b, jsonString(string(v))...)
	case bool:
		return strconv.AppendBool(b, v)
	case int32Value:
		return strconv.AppendInt(b, int64(v), 10)
	case float64:
		s := strconv.FormatFloat(v, 'g', 17, 64)
		if !strings.ContainsAny(s, ".eIN") {
			s += ".0"
		}
		return append(b, s...)
	case []any:
		b = append(b, '[')
		for i, e := range v {
			if i > 0 {
				b = append(b, ',')
			}
			b = encodeJSON(b, e)
		}
		return append(b, ']')
	case map[string]any:
		b = append(b, '{')
		for i, k := range sortedKeys(v) {
			if i > 0 {
				b = append(b, ',')
			}
			b = append(append(b, jsonString(k)...), ':')
			b = encodeJSON(b, v[k])
		}
		return append(b, '}')
	}
	panic(fmt.Sprintf("BUG: a result of type %T", v))
}

// args are the parameters of a call after the session. What is not of the
// type asked for is an internal error, as in XAPI.
type args []any

func (a args) string(i int) (string, error) {
	s, ok := a[i].(string)
	if !ok {
		return "", failure{"INTERNAL_ERROR", fmt.Sprintf("Rpc.Runtime_error: parameter %d is no string", i)}
	}
	return s, nil
}

// int reads an integer, which is a decimal string, or a number all the same.
func (a args) int(i int) (int64, error) {
	text := fmt.Sprint(a[i])
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return 0, failure{"INTERNAL_ERROR", `Failure("Int64.of_string")`}
	}
	return n, nil
}

func (a args) float(i int) (float64, error) {
	f, err := strconv.ParseFloat(fmt.Sprint(a[i]), 64)
	if err != nil {
		return 0, failure{"INTERNAL_ERROR", `Failure("float_of_string")`}
	}
	return f, nil
}

func (a args) strings(i int) ([]string, error) {
	list, ok := a[i].([]any)
	if !ok {
		return nil, failure{"INTERNAL_ERROR", fmt.Sprintf("Rpc.Runtime_error: parameter %d is no array", i)}
	}
	out := make([]string, len(list))
	for j := range list {
		var err error
		if out[j], err = args(list).string(j); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func (a args) stringMap(i int) (map[string]string, error) {
	m, ok := a[i].(map[string]any)
	if !ok {
		return nil, failure{"INTERNAL_ERROR", fmt.Sprintf("Rpc.Runtime_error: parameter %d is no dictionary", i)}
	}
	out := make(map[string]string, len(m))
	for k, v := range m {
		s, ok := v.(string)
		if !ok {
			return nil, failure{"INTERNAL_ERROR", "Rpc.Runtime_error: a value of the dictionary is no string"}
		}
		out[k] = s
	}
	return out, nil
}
