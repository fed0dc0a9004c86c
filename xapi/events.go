package xapi

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

const (
	// maxEventBytes bounds one event, a record of some 9 KB on a stock pool;
	// a record's other_config can be set to 300 KiB at most.
	maxEventBytes = 4 << 20
	// maxEventsBytes bounds a reply: a full read of the largest pools is of
	// some 50 MB. It is never held whole.
	maxEventsBytes = 512 << 20
)

// event is one change of one record:
//
//	{"id":"7","timestamp":"1759912080.0","class":"vm","operation":"mod",
//	 "ref":"OpaqueRef:…","snapshot":{"uuid":"…","other_config":{…},…}}
//
// Snapshot is the whole record, and belongs to the decoder.
type event struct {
	Class     string          `json:"class"`
	Operation string          `json:"operation"` // add, mod or del
	Ref       string          `json:"ref"`
	Snapshot  json.RawMessage `json:"snapshot"`
}

// batch is the rest of a reply to event.from.
type batch struct {
	Token  string         // where the next call goes on
	Counts map[string]Int // valid_ref_counts: objects of each class
	Bytes  int64          // of the reply
}

// eventFrom waits for changes after token, which is "" for everything, and
// hands them over as they stream in. No change until the timeout is no error.
// After an error some changes may have been handed over already. A session
// that was refused is forgotten, and is an error: the caller begins again.
func (c *Client) eventFrom(ctx context.Context, token string, timeout time.Duration, each func(*event)) (batch, error) {
	session, err := c.session(ctx, nil)
	if err != nil {
		return batch{}, err
	}
	var got batch
	err = c.exchange(ctx, exchange{
		method:  "event.from",
		params:  []any{session, classes, token, timeout.Seconds()},
		session: session,
		timeout: timeout + c.opts.CallTimeout, // the toolstack holds the call until its timeout
		limit:   maxEventsBytes,
		result: func(r *replyReader, dec *json.Decoder) (err error) {
			got, err = decodeEvents(r, dec, each)
			got.Bytes = r.n
			return err
		},
	})
	if sessionRefused(err) {
		c.forget(ctx, &refusal{session: session, err: err})
	}
	if err != nil {
		return batch{}, err
	}
	if got.Token == "" {
		return batch{}, errors.New("call event.from: reply has no token")
	}
	return got, nil
}

// decodeEvents reads the result of event.from:
//
//	{"events":[{…},…],"token":"00000000000000081931,00000000000000000123",
//	 "valid_ref_counts":{"vm":"12","host":"3"}}
//
// An event that is JSON but no event is handed over as far as it could be
// read, which is to say without a class or without a record.
func decodeEvents(r *replyReader, dec *json.Decoder, each func(*event)) (batch, error) {
	var got batch
	tok, err := dec.Token()
	if err != nil || tok == nil { // null stands beside an error
		return got, err
	}
	if tok != json.Delim('{') {
		return got, fmt.Errorf("events: found %.40q, want an object", fmt.Sprint(tok))
	}
	for dec.More() {
		key, err := dec.Token()
		if err != nil {
			return got, err
		}
		switch key {
		case "events":
			err = decodeEventList(r, dec, each)
		case "token":
			err = decodeValue(dec, &got.Token)
		case "valid_ref_counts":
			err = decodeValue(dec, &got.Counts)
			if wellFormed(err) { // only a cross-check: odd counts are as good as none
				got.Counts, err = nil, nil
			}
		default:
			err = decodeValue(dec, nil)
		}
		if err != nil {
			return got, err
		}
	}
	return got, expect(dec, '}')
}

// decodeEventList holds one event at a time.
func decodeEventList(r *replyReader, dec *json.Decoder, each func(*event)) error {
	whole := r.limit
	defer func() { r.limit = whole }()
	if err := expect(dec, '['); err != nil {
		return err
	}
	var e event
	for dec.More() {
		r.limit = min(whole, r.n+maxEventBytes)
		e = event{Snapshot: e.Snapshot[:0]}
		if err := dec.Decode(&e); err != nil && !wellFormed(err) {
			return err
		}
		each(&e)
	}
	return expect(dec, ']')
}
