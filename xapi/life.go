package xapi

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// Records reads the records of a class, such as "VM" or "VDI", by reference.
// T has the fields that are wanted, by their names in the toolstack's
// database. Where is an expression such as
//
//	field "is_a_snapshot"="false" and field "power_state"="Halted"
//
// and "" is all of them.
func Records[T any](ctx context.Context, c *Client, class, where string) (map[string]T, error) {
	method, params := class+".get_all_records", []any(nil)
	if where != "" {
		method, params = class+".get_all_records_where", []any{where}
	}
	var all map[string]T
	if err := c.Call(ctx, method, &all, params...); err != nil {
		return nil, err
	}
	return all, nil
}

// Record reads one record by its reference; one that is not there (any more)
// is the Error HANDLE_INVALID.
func Record[T any](ctx context.Context, c *Client, class, ref string) (T, error) {
	var r T
	err := c.Call(ctx, class+".get_record", &r, ref)
	return r, err
}

// watchFor is how long one event.from waits for a change of a record. It is
// shorter than proxies and firewalls keep silent connections.
const watchFor = 20 * time.Second

// ErrGone says that a record which is being watched has been deleted.
var ErrGone = errors.New("it is gone")

// Watch calls done with the record of a class and reference, such as "vm", as
// it is now and then after each change, until done says true. A record that is
// not there, or is deleted meanwhile, is ErrGone.
func (c *Client) Watch(ctx context.Context, class, ref string, done func(record json.RawMessage) (bool, error)) error {
	for token := ""; ; {
		var got struct {
			Events []event `json:"events"`
			Token  string  `json:"token"`
		}
		wait := watchFor
		if token == "" {
			wait = 0 // what there is now, or nothing
		}
		err := c.withSession(ctx, func(session string) error {
			return c.exchange(ctx, exchange{
				method:  "event.from",
				params:  []any{session, []string{class + "/" + ref}, token, wait.Seconds()},
				session: session,
				timeout: wait + c.opts.CallTimeout,
				limit:   maxEventBytes,
				result:  into(&got),
			})
		})
		if IsCode(err, "EVENTS_LOST") {
			token = ""
			continue
		}
		if err != nil {
			return err
		}
		if token == "" && len(got.Events) == 0 {
			return fmt.Errorf("%s %.60q: %w", class, ref, ErrGone) // the first answer has it, if it is there
		}
		for _, e := range got.Events {
			if e.Operation == "del" {
				return fmt.Errorf("%s %.60q: %w", class, ref, ErrGone)
			}
			if len(e.Snapshot) == 0 || string(e.Snapshot) == "null" {
				continue
			}
			if ok, err := done(e.Snapshot); ok || err != nil {
				return err
			}
		}
		token = got.Token
	}
}
