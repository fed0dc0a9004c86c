package xapi

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"perfmon/alarm"
)

// skew is by how much the clock of the host that keeps the messages may be
// behind this one's, or ahead of it.
const skew = time.Hour

const (
	maxNotes = 4000 // alarms that something is known of
	maxRefs  = 500  // messages of one alarm
)

// note is what is kept of an alarm: which messages are known, and which event
// was dealt with last.
type note struct {
	Epoch    string `json:"epoch"` // of that event
	Sequence int64  `json:"seq"`
	At       int64  `json:"at"`                // when it was, Unix seconds
	Made     []made `json:"made,omitempty"`    // oldest first
	Alarmed  bool   `json:"alarmed,omitempty"` // an ALARM was made of what fires
}

// made is a message that an alarm got.
type made struct {
	Ref   string `json:"ref"`
	At    int64  `json:"at"`              // when we heard of it, Unix seconds
	Fires bool   `json:"fires,omitempty"` // its alarm has not been cleared since
}

const alarmKeys = "alarm/" // prefix of the keys of notes

func noteKey(id alarm.ID) string { return alarmKeys + id.String() }

// has reports whether an event was dealt with. Those of an alarm are in the
// order of their numbers.
func (n *note) has(e *alarm.Event) bool {
	return n.Epoch != "" && n.Epoch == e.Epoch && n.Sequence >= e.Sequence
}

func (n *note) knows(ref string) bool {
	return slices.ContainsFunc(n.Made, func(m made) bool { return m.Ref == ref })
}

// add takes an event's message down, the newest of refs, and forgets those that no lookup can
// come across any more: all events before this one are done with, and a
// lookup of one to come starts at its own time, less skew. keepFiring keeps
// those that are to be destroyed with the alarm's end, too.
func (n *note) add(refs []string, now time.Time, keepFiring bool) {
	for i, ref := range refs {
		n.Made = append(n.Made, made{ref, now.Unix(), i == len(refs)-1})
	}
	n.Alarmed = true
	old := now.Add(-2 * skew).Unix()
	n.Made = slices.DeleteFunc(n.Made, func(m made) bool { return m.At < old && !(m.Fires && keepFiring) })
	if over := len(n.Made) - maxRefs; over > 0 {
		n.Made = slices.Delete(n.Made, 0, over)
	}
}

// end notes that the alarm has been cleared.
func (n *note) end() {
	n.Alarmed = false
	for i := range n.Made {
		n.Made[i].Fires = false
	}
}

// note reads what is known of an alarm. What cannot be read is as good as
// nothing.
func (s *Sink) note(id alarm.ID) *note {
	n := &note{}
	if b, ok := s.opts.Notes.Get(noteKey(id)); ok {
		if err := json.Unmarshal(b, n); err != nil {
			s.log.Error("what was kept of an alarm's messages cannot be read", "class", id.Class, "uuid", id.UUID, "variable", id.Variable, "err", err)
			return &note{}
		}
	}
	return n
}

// keep writes a note, and what is known of the limit if that has changed.
// Without them the promise does not outlive the agent, but a delivery that was
// made is not undone by that.
func (s *Sink) keep(e *alarm.Event, n *note, more map[string][]byte) {
	n.Epoch, n.Sequence, n.At = e.Epoch, e.Sequence, time.Now().Unix()
	changes := map[string][]byte{noteKey(e.ID): encode(n)}
	for key, value := range more {
		changes[key] = value
	}
	s.put(changes)
}

func (s *Sink) put(changes map[string][]byte) {
	if err := s.opts.Notes.Put(changes); err != nil {
		s.log.Error("not kept for a restart: what is known of the messages", "err", err)
	}
}

// encode never fails: the types have neither floats nor cycles.
func encode(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		panic(fmt.Sprintf("BUG: encode %T: %v", v, err))
	}
	return b
}

// tidy forgets the alarms that have been quiet the longest, if there are too
// many.
func (s *Sink) tidy() {
	type aged struct {
		key string
		at  int64
	}
	var all []aged
	for key, b := range s.opts.Notes.All() {
		if !strings.HasPrefix(key, alarmKeys) {
			continue
		}
		var n note
		_ = json.Unmarshal(b, &n) // one that cannot be read goes first
		all = append(all, aged{key, n.At})
	}
	over := len(all) - maxNotes
	if over <= 0 {
		return
	}
	slices.SortFunc(all, func(a, b aged) int { return cmp.Or(cmp.Compare(a.at, b.at), strings.Compare(a.key, b.key)) })
	changes := map[string][]byte{}
	for _, a := range all[:over] {
		changes[a.key] = nil
	}
	s.put(changes)
}
