package xapitest

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// subscription is one of the classes that event.from is asked for: "*",
// "vm", or "vm/OpaqueRef:...".
type subscription struct{ class, ref string }

func parseSubscriptions(words []string) []subscription {
	subs := make([]subscription, len(words))
	for i, w := range words {
		class, ref, _ := strings.Cut(w, "/")
		subs[i] = subscription{strings.ToLower(class), ref}
	}
	return subs
}

func wanted(subs []subscription, class, ref string) bool {
	for _, s := range subs {
		if s.class == "*" || s.class == class && (s.ref == "" || s.ref == ref) {
			return true
		}
	}
	return false
}

// parseToken reads "generation,generation of messages". Empty is from the
// beginning.
func parseToken(token string) (objects, messages int64, err error) {
	if token == "" {
		return 0, 0, nil
	}
	a, b, _ := strings.Cut(token, ",")
	objects, err1 := strconv.ParseInt(a, 10, 64)
	messages, err2 := strconv.ParseInt(b, 10, 64)
	if err1 != nil || err2 != nil {
		return 0, 0, failure{"EVENT_FROM_TOKEN_PARSE_FAILURE", token}
	}
	return objects, messages, nil
}

// LoseEvents makes every token that has been given out so far fail with
// EVENTS_LOST.
func (s *Server) LoseEvents() {
	w := &s.world
	w.mu.Lock()
	defer w.mu.Unlock()
	w.horizon = w.next()
}

// eventFrom is event.from(classes, token, timeout): what changed since the
// token, or, when nothing did, what changes next, until the timeout, in
// seconds, has passed.
func eventFrom(x *exchange, a args) (any, error) {
	words, err := a.strings(0)
	if err != nil {
		return nil, err
	}
	token, err := a.string(1)
	if err != nil {
		return nil, err
	}
	seconds, err := a.float(2)
	if err != nil {
		return nil, err
	}
	objects, messages, err := parseToken(token)
	if err != nil {
		return nil, err
	}
	ref, err := args(x.call.args).string(0)
	if err != nil {
		return nil, err
	}
	subs := parseSubscriptions(words)
	timeout := time.NewTimer(time.Duration(math.Min(math.Max(seconds, 0), 24*3600) * float64(time.Second)))
	defer timeout.Stop()
	for expired := false; ; {
		gone := x.s.sessions.watch()
		batch, changed, err := x.s.world.since(subs, objects, messages)
		if err != nil {
			return nil, err
		}
		if !x.s.sessions.has(ref) {
			return nil, failure{"SESSION_INVALID", ref}
		}
		if len(batch.events) > 0 || expired {
			return batch.result(), nil
		}
		objects, messages = batch.objects, batch.messages
		select {
		case <-changed:
		case <-gone:
		case <-timeout.C:
			expired = true
		case <-x.ctx.Done():
			return nil, failure{"SESSION_INVALID", ref}
		}
	}
}

// batch is an answer of event.from.
type batch struct {
	events            []any
	objects, messages int64 // generations up to which it goes
	counts            map[string]any
}

func (b batch) result() any {
	if b.events == nil {
		b.events = []any{}
	}
	return map[string]any{
		"events":           b.events,
		"valid_ref_counts": b.counts,
		"token":            fmt.Sprintf("%020d,%020d", b.objects, b.messages),
	}
}

// since collects the events after two generations, and gives what is closed
// at the next change. Messages come first, then additions, changes and
// deletions. The generation of the result is that of the newest event that
// the subscriptions select.
func (w *world) since(subs []subscription, objects, messages int64) (batch, <-chan struct{}, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if objects != 0 && objects < w.horizon {
		return batch{}, nil, failure{"EVENTS_LOST"}
	}
	b := batch{objects: objects, messages: messages, counts: map[string]any{}}
	event := func(gen int64, class, operation, ref string, snapshot any) {
		e := map[string]any{"id": strconv.FormatInt(gen, 10), "timestamp": "0.0", "class": class, "operation": operation, "ref": ref}
		if snapshot != nil {
			e["snapshot"] = snapshot
		}
		b.events = append(b.events, e)
	}
	w.messagesSince(subs, messages, &b, event)
	var mods []*object
	counts := map[string]int32Value{}
	for class := range wireNames {
		counts[class] = 0
	}
	for _, o := range w.objects {
		counts[o.class]++
		if o.modified <= objects || !wanted(subs, o.class, o.ref) {
			continue
		}
		b.objects = max(b.objects, o.modified)
		if o.created > objects {
			event(o.created, o.class, "add", o.ref, w.recordOf(o))
		} else {
			mods = append(mods, o)
		}
	}
	for _, o := range mods {
		event(o.modified, o.class, "mod", o.ref, w.recordOf(o))
	}
	for _, d := range w.deleted.all() {
		if d.deleted <= objects || !wanted(subs, d.class, d.ref) {
			continue
		}
		b.objects = max(b.objects, d.deleted)
		if d.created <= objects {
			event(d.deleted, d.class, "del", d.ref, nil)
		}
	}
	for class, n := range counts {
		b.counts[class] = n
	}
	return b, w.wake, nil
}

func (w *world) messagesSince(subs []subscription, since int64, b *batch, event func(int64, string, string, string, any)) {
	for _, m := range w.messages.all() {
		if m.gen > since && wanted(subs, classMessage, m.Ref) {
			b.messages = max(b.messages, m.gen)
			event(0, classMessage, "add", m.Ref, m.record())
		}
	}
	for _, d := range w.msgGone.all() {
		if d.deleted > since && wanted(subs, classMessage, d.ref) {
			b.messages = max(b.messages, d.deleted)
			if d.created <= since {
				event(0, classMessage, "del", d.ref, nil)
			}
		}
	}
}
