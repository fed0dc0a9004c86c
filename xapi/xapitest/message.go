package xapitest

import (
	"context"
	"strconv"
	"strings"
	"time"
)

// Message is one that message.create stored.
type Message struct {
	Ref, UUID string
	Name      string
	Priority  int64
	Class     string // VM, Host, SR, Pool, ... in XAPI's spelling
	ObjUUID   string
	Body      string
	Timestamp time.Time // by the server's clock
	Received  time.Time // by the real clock

	gen int64
}

// messageClasses are those that a message may be about, in XAPI's spelling.
var messageClasses = []string{"VM", "Host", "SR", "Pool", "VMPP", "VMSS", "PVS_proxy", "VDI", "Certificate"}

const timeLayout = "20060102T15:04:05Z"

func (m Message) record() map[string]any {
	return map[string]any{
		"uuid": m.UUID, "name": m.Name, "priority": strconv.FormatInt(m.Priority, 10), "cls": m.Class, "obj_uuid": m.ObjUUID,
		"timestamp": dateTime(m.Timestamp.UTC().Format(timeLayout)), "body": m.Body,
	}
}

// Messages returns the stored messages, oldest first.
func (s *Server) Messages() []Message {
	s.world.mu.Lock()
	defer s.world.mu.Unlock()
	return s.world.messages.all()
}

// WaitMessages blocks until n messages are stored, or ctx ends. It returns
// the messages that there are.
func (s *Server) WaitMessages(ctx context.Context, n int) ([]Message, error) {
	for {
		s.world.mu.Lock()
		all, wake := s.world.messages.all(), s.world.wake
		s.world.mu.Unlock()
		if len(all) >= n {
			return all, nil
		}
		select {
		case <-wake:
		case <-ctx.Done():
			return all, ctx.Err()
		}
	}
}

// parseClass finds the class in XAPI's spelling. In 2013 the case had to
// agree.
func parseClass(v Version, word string) (string, error) {
	for _, c := range messageClasses {
		if c == word || v != R2013 && strings.EqualFold(c, word) {
			return c, nil
		}
	}
	return "", failure{"INTERNAL_ERROR", `Failure("Enum: ` + word + `")`}
}

// exists says whether there is an object that a message can be about.
// Classes that the simulator has no objects of know no uuid.
func (w *world) exists(class, uuid string) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.byUUID[strings.ToLower(class)+uuid] != nil
}

// createMessage is message.create(name, priority, cls, obj_uuid, body).
func createMessage(x *exchange, a args) (any, error) {
	name, err := a.string(0)
	if err != nil {
		return nil, err
	}
	priority, err := a.int(1)
	if err != nil {
		return nil, err
	}
	word, err := a.string(2)
	if err != nil {
		return nil, err
	}
	uuid, err := a.string(3)
	if err != nil {
		return nil, err
	}
	body, err := a.string(4)
	if err != nil {
		return nil, err
	}
	class, err := parseClass(x.s.opt.Version, word)
	if err != nil {
		return nil, err
	}
	if x.call.badUTF8 {
		return nil, failure{"INVALID_VALUE", "UTF8 expected"}
	}
	if !x.s.world.exists(class, uuid) {
		return nil, failure{"UUID_INVALID", class, uuid}
	}
	if x.fault != nil && x.fault.Kind == NullRef {
		return "OpaqueRef:NULL", nil
	}
	m := Message{Ref: randomRef(), UUID: strings.TrimPrefix(randomRef(), "OpaqueRef:"), Name: name, Priority: priority, Class: class,
		ObjUUID: uuid, Body: body, Timestamp: x.s.clock(), Received: time.Now()}
	x.s.world.addMessage(m)
	if f := x.s.opt.OnMessage; f != nil {
		f(m)
	}
	return m.Ref, nil
}

func (w *world) addMessage(m Message) {
	w.mu.Lock()
	defer w.mu.Unlock()
	m.gen = w.next()
	if len(w.messages.items) == w.messages.limit {
		delete(w.byMsgRef, w.messages.items[w.messages.next].Ref)
	}
	w.messages.add(m)
	w.byMsgRef[m.Ref] = m
}

// getMessages is message.get(cls, obj_uuid, since).
func getMessages(x *exchange, a args) (any, error) {
	word, err := a.string(0)
	if err != nil {
		return nil, err
	}
	uuid, err := a.string(1)
	if err != nil {
		return nil, err
	}
	since, err := a.date(2)
	if err != nil {
		return nil, err
	}
	class, err := parseClass(x.s.opt.Version, word)
	if err != nil {
		return nil, err
	}
	if !x.s.world.exists(class, uuid) {
		return nil, failure{"UUID_INVALID"}
	}
	return x.s.messageRecords(func(m Message) bool {
		return m.Class == class && m.ObjUUID == uuid && m.Timestamp.Truncate(time.Second).After(since)
	}), nil
}

// getMessagesSince is message.get_since(since): those of the whole pool. It
// goes by the names of their files, which are times to a hundred thousandth of
// a second.
func getMessagesSince(x *exchange, a args) (any, error) {
	since, err := a.date(0)
	if err != nil {
		return nil, err
	}
	return x.s.messageRecords(func(m Message) bool { return m.Timestamp.After(since) }), nil
}

// date is a parameter that is a time.
func (a args) date(i int) (time.Time, error) {
	text, err := a.string(i)
	if err != nil {
		return time.Time{}, err
	}
	t, err := parseTime(text)
	if err != nil {
		return time.Time{}, failure{"INTERNAL_ERROR", `Invalid_argument("date ` + text + `")`}
	}
	return t, nil
}

// parseTime reads the forms of a date that clients write.
func parseTime(text string) (time.Time, error) {
	var t time.Time
	var err error
	for _, layout := range []string{timeLayout, "20060102T15:04:05", time.RFC3339} {
		if t, err = time.Parse(layout, text); err == nil {
			return t, nil
		}
	}
	return t, err
}

func (s *Server) messageRecords(keep func(Message) bool) map[string]any {
	out := map[string]any{}
	for _, m := range s.Messages() {
		if keep(m) {
			out[m.Ref] = m.record()
		}
	}
	return out
}

func getAllMessages(x *exchange, _ args) (any, error) {
	return x.s.messageRecords(func(Message) bool { return true }), nil
}

func getMessagesWhere(x *exchange, a args) (any, error) {
	match, err := a.where(0)
	if err != nil {
		return nil, err
	}
	return x.s.messageRecords(func(m Message) bool { return match(m.record()) }), nil
}

// destroyMessages is message.destroy(ref) and message.destroy_many(refs).
func destroyMessages(refs func(args) ([]string, error)) func(*exchange, args) (any, error) {
	return func(x *exchange, a args) (any, error) {
		list, err := refs(a)
		if err != nil {
			return nil, err
		}
		for _, ref := range list {
			if err := x.s.world.destroyMessage(ref); err != nil {
				return nil, err
			}
		}
		return "", nil
	}
}

func (w *world) destroyMessage(ref string) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	m, ok := w.byMsgRef[ref]
	if !ok {
		return failure{"HANDLE_INVALID", "message", ref}
	}
	delete(w.byMsgRef, ref)
	left := w.messages.all()
	w.messages.items, w.messages.next = nil, 0
	for _, o := range left {
		if o.Ref != ref {
			w.messages.add(o)
		}
	}
	w.msgGone.add(deletion{class: classMessage, ref: ref, created: m.gen, deleted: w.next()})
	return nil
}
