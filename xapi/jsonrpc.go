package xapi

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
)

// maxRequestBytes is the toolstack's limit of a request's body.
const maxRequestBytes = 300 << 10

// encodeRequest writes
//
//	{"jsonrpc":"2.0","method":"message.create","params":["OpaqueRef:…","ALARM","3"],"id":7}
func encodeRequest(id int64, method string, params []any) ([]byte, error) {
	encoded := make([]any, len(params))
	for i, p := range params {
		e, err := encodeParam(p)
		if err != nil {
			return nil, fmt.Errorf("encode parameter %d: %w", i, err)
		}
		encoded[i] = e
	}
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false) // bodies are XML; six bytes for each < would eat the limit
	err := enc.Encode(struct {
		Version string `json:"jsonrpc"`
		Method  string `json:"method"`
		Params  []any  `json:"params"`
		ID      int64  `json:"id"`
	}{"2.0", method, encoded, id})
	if err != nil {
		return nil, fmt.Errorf("encode request: %w: %w", ErrInvalidArgument, err)
	}
	if buf.Len() >= maxRequestBytes {
		return nil, fmt.Errorf("encode request of %d bytes, the toolstack reads %d: %w: %w",
			buf.Len(), maxRequestBytes, ErrInvalidArgument, ErrTooLarge)
	}
	return buf.Bytes(), nil
}

// replyReader reads a reply up to a limit, and keeps its beginning for an
// error.
type replyReader struct {
	r     io.Reader
	limit int64
	n     int64
	head  []byte
}

func (r *replyReader) Read(p []byte) (int, error) {
	if r.n >= r.limit {
		return 0, fmt.Errorf("%w of %d bytes", ErrTooLarge, r.limit)
	}
	if left := r.limit - r.n; int64(len(p)) > left {
		p = p[:left]
	}
	n, err := r.r.Read(p)
	r.n += int64(n)
	if missing := excerptBytes - len(r.head); missing > 0 {
		r.head = append(r.head, p[:min(n, missing)]...)
	}
	return n, err
}

// decodeReply reads one reply. Version 2.0 and 1.0 of JSON-RPC look like
//
//	{"jsonrpc":"2.0","result":"OpaqueRef:…","id":1}
//	{"jsonrpc":"2.0","error":{"code":1,"message":"SESSION_INVALID","data":["OpaqueRef:…"]},"id":1}
//	{"result":"OpaqueRef:…","error":null,"id":"1"}
//	{"result":null,"error":["SESSION_INVALID","OpaqueRef:…"],"id":"1"}
//
// and a toolstack that is starting, or has lost its coordinator, mixes the two,
// with 0 for the id of every call:
//
//	{"jsonrpc":"2.0","error":["HOST_STILL_BOOTING"],"id":0}
//
// The result is handed to the function as it streams in; it must read one
// JSON value, which may be null. What the toolstack refused is an *Error, what
// cannot be read a *ReplyError.
func decodeReply(r *replyReader, id int64, result func(*replyReader, *json.Decoder) error) error {
	dec := json.NewDecoder(r)
	err := decodeEnvelope(r, dec, id, result)
	var failure *Error
	if err == nil || errors.As(err, &failure) {
		return err
	}
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		err = fmt.Errorf("cut short: %w", io.ErrUnexpectedEOF)
	}
	return &ReplyError{Offset: dec.InputOffset(), Excerpt: redact(string(r.head)), Err: err}
}

func decodeEnvelope(r *replyReader, dec *json.Decoder, id int64, result func(*replyReader, *json.Decoder) error) error {
	if err := expect(dec, '{'); err != nil {
		return err
	}
	var (
		sawResult bool
		resultErr error
		idErr     error
		failure   *Error
	)
	for dec.More() {
		key, err := dec.Token()
		if err != nil {
			return err
		}
		switch key {
		case "result":
			sawResult = true
			resultErr = result(r, dec)
			if resultErr != nil && !wellFormed(resultErr) {
				return resultErr
			}
		case "error":
			var raw json.RawMessage
			if err := dec.Decode(&raw); err != nil {
				return err
			}
			if failure, err = decodeFailure(raw); err != nil {
				return err
			}
		case "id":
			var raw json.RawMessage
			if err := dec.Decode(&raw); err != nil {
				return err
			}
			if !echoes(raw, id) {
				idErr = fmt.Errorf("reply has id %.40q, the call %d", raw, id)
			}
		default:
			if err := decodeValue(dec, nil); err != nil {
				return err
			}
		}
	}
	if err := expect(dec, '}'); err != nil {
		return err
	}
	switch {
	case failure != nil:
		return failure // whatever its id: see decodeReply
	case idErr != nil:
		return idErr
	case !sawResult:
		return errors.New("reply has neither result nor error")
	}
	return resultErr
}

// valueError is a value that is JSON, but not what was wanted.
type valueError struct{ err error }

func (e *valueError) Error() string { return e.err.Error() }
func (e *valueError) Unwrap() error { return e.err }

// decodeValue reads the next value into v; a nil v discards it. Unless the
// error is a valueError the stream cannot be read on.
func decodeValue(dec *json.Decoder, v any) error {
	var raw json.RawMessage
	if err := dec.Decode(&raw); err != nil || v == nil {
		return err
	}
	if err := json.Unmarshal(raw, v); err != nil {
		return &valueError{err}
	}
	return nil
}

// wellFormed says whether a decoding error left the decoder behind a whole
// value.
func wellFormed(err error) bool {
	var value *valueError
	var kind *json.UnmarshalTypeError
	return errors.As(err, &value) || errors.As(err, &kind)
}

// expect reads one delimiter.
func expect(dec *json.Decoder, want json.Delim) error {
	tok, err := dec.Token()
	if err != nil {
		return err
	}
	if tok != want {
		return fmt.Errorf("found %.40q, want %q", fmt.Sprint(tok), want.String())
	}
	return nil
}

// decodeFailure reads the error of a reply; nil if it is null.
func decodeFailure(raw json.RawMessage) (*Error, error) {
	if string(raw) == "null" {
		return nil, nil
	}
	if raw[0] == '[' {
		var words []any
		if err := json.Unmarshal(raw, &words); err != nil {
			return nil, err
		}
		if len(words) == 0 {
			return nil, errors.New("reply has an empty error")
		}
		all := texts(words)
		return &Error{Code: all[0], Params: all[1:]}, nil
	}
	var object struct {
		Message string `json:"message"`
		Data    any    `json:"data"`
	}
	if err := json.Unmarshal(raw, &object); err != nil {
		return nil, fmt.Errorf("read error of reply: %w", err)
	}
	if object.Message == "" {
		return nil, fmt.Errorf("reply has an error without a code, %.80q", redact(string(raw)))
	}
	e := &Error{Code: object.Message}
	switch data := object.Data.(type) {
	case nil:
	case []any:
		e.Params = texts(data)
	default:
		e.Params = texts([]any{data})
	}
	return e, nil
}

func texts(values []any) []string {
	all := make([]string, len(values))
	for i, v := range values {
		if s, ok := v.(string); ok {
			all[i] = s
		} else {
			all[i] = fmt.Sprint(v)
		}
	}
	return all
}

// echoes says whether raw is the id of the call, as an integer or as a
// string. A null says nothing.
func echoes(raw json.RawMessage, id int64) bool {
	s := string(raw)
	if s == "null" {
		return true
	}
	if unquoted, err := strconv.Unquote(s); err == nil {
		s = unquoted
	}
	return s == strconv.FormatInt(id, 10)
}
