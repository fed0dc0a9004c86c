package xapi

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Message is a message to create: an alarm that XenCenter, Xen Orchestra and
// mail-alarm read.
type Message struct {
	Name     string // "ALARM"
	Priority int64  // 1 critical to 5 informational
	Class    string // of the object: exactly "VM", "Host", "SR" or "Pool"
	UUID     string // of the object
	Body     string // valid UTF-8; a request is limited to 300 KiB
}

// CreateMessage stores a message on the coordinator and returns its
// reference. A message that the toolstack could not store is ErrNullRef. A
// body that is not valid UTF-8 or too long is not sent, and ErrInvalidArgument.
// The toolstack does not look for repeats: a call whose reply was lost may
// have created the message.
func (c *Client) CreateMessage(ctx context.Context, m Message) (ref string, err error) {
	err = c.Call(ctx, "message.create", &ref, m.Name, m.Priority, m.Class, m.UUID, m.Body)
	if err != nil {
		return "", fmt.Errorf("create message for %s %s: %w", m.Class, m.UUID, err)
	}
	if nullRef(ref) {
		return "", fmt.Errorf("create message for %s %s: %w", m.Class, m.UUID, ErrNullRef)
	}
	return ref, nil
}

// MessageRecord is a message that the toolstack has.
type MessageRecord struct {
	Message
	Ref  string
	Time time.Time // of its creation, UTC
}

// Messages returns the messages of one object since a time, oldest first. The
// coordinator opens all files of that object's messages for it.
func (c *Client) Messages(ctx context.Context, class, uuid string, since time.Time) ([]MessageRecord, error) {
	all, err := c.messages(ctx, "message.get", class, uuid, since)
	if err != nil {
		return nil, fmt.Errorf("get messages of %s %s: %w", class, uuid, err)
	}
	return all, nil
}

// MessagesSince returns the messages of the whole pool since a time, oldest
// first. The coordinator opens the files of these alone, which it tells by
// their names. More than Options.MaxReplyBytes of them are ErrTooLarge.
func (c *Client) MessagesSince(ctx context.Context, since time.Time) ([]MessageRecord, error) {
	all, err := c.messages(ctx, "message.get_since", since)
	if err != nil {
		return nil, fmt.Errorf("get messages since %s: %w", since.UTC().Format(time.RFC3339), err)
	}
	return all, nil
}

// messages calls a method that answers with messages by reference.
func (c *Client) messages(ctx context.Context, method string, params ...any) ([]MessageRecord, error) {
	var byRef map[string]struct {
		Name      string `json:"name"`
		Priority  Int    `json:"priority"`
		Class     string `json:"cls"`
		UUID      string `json:"obj_uuid"`
		Timestamp string `json:"timestamp"`
		Body      string `json:"body"`
	}
	if err := c.Call(ctx, method, &byRef, params...); err != nil {
		return nil, err
	}
	all := make([]MessageRecord, 0, len(byRef))
	for ref, r := range byRef {
		t, err := parseTime(r.Timestamp)
		if err != nil {
			return nil, fmt.Errorf("message %s: %w", ref, err)
		}
		all = append(all, MessageRecord{
			Message: Message{Name: r.Name, Priority: int64(r.Priority), Class: r.Class, UUID: r.UUID, Body: r.Body},
			Ref:     ref,
			Time:    t,
		})
	}
	slices.SortFunc(all, func(a, b MessageRecord) int {
		if d := a.Time.Compare(b.Time); d != 0 {
			return d
		}
		return strings.Compare(a.Ref, b.Ref)
	})
	return all, nil
}

// DestroyMessage removes a message.
func (c *Client) DestroyMessage(ctx context.Context, ref string) error {
	if err := c.Call(ctx, "message.destroy", nil, ref); err != nil {
		return fmt.Errorf("destroy message %s: %w", ref, err)
	}
	return nil
}
