// Package eventstream reads server-sent events, as the agent's watch stream
// sends them (https://html.spec.whatwg.org/multipage/server-sent-events.html).
package eventstream

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strings"
)

// MaxBytes is how large an event may be, and a line of it.
const MaxBytes = 16 << 20

// ErrTooLong says that an event has more than MaxBytes.
var ErrTooLong = fmt.Errorf("an event has more than %d bytes", MaxBytes)

// Event is one event. A comment, which says no more than that the stream
// lives, has neither a name nor data.
type Event struct {
	ID   string // the place to resume at; "" for none of its own
	Name string
	Data string
}

// Comment says whether it was only a comment.
func (e *Event) Comment() bool { return e.Name == "" && e.Data == "" }

// Read hands over the events of a stream, and its comments, as they come,
// until the stream ends (io.EOF), fails, or each returns an error:
//
//	: a comment
//
//	id: 17
//	event: alarm
//	data: {"kind": "raised", …}
//
// An event that has not ended when the stream does is dropped.
func Read(r io.Reader, each func(Event) error) error {
	in := bufio.NewScanner(r)
	in.Buffer(make([]byte, 0, 64<<10), MaxBytes)
	var e Event
	var data strings.Builder
	any := false
	for in.Scan() {
		line := strings.TrimSuffix(in.Text(), "\r")
		if line == "" {
			if any {
				e.Data = strings.TrimSuffix(data.String(), "\n")
				if err := each(e); err != nil {
					return err
				}
			}
			e, any = Event{}, false
			data.Reset()
			continue
		}
		name, value, _ := strings.Cut(line, ":")
		value = strings.TrimPrefix(value, " ")
		switch name {
		case "": // a comment stands for itself, even within an event
			if err := each(Event{}); err != nil {
				return err
			}
		case "id":
			e.ID, any = value, true
		case "event":
			e.Name, any = value, true
		case "data":
			if data.Len()+len(value) > MaxBytes {
				return ErrTooLong
			}
			data.WriteString(value + "\n")
			any = true
		}
	}
	switch err := in.Err(); {
	case errors.Is(err, bufio.ErrTooLong):
		return ErrTooLong
	case err != nil:
		return fmt.Errorf("read events: %w", err)
	}
	return io.EOF
}
