package hear

// Outcome is what became of something that was heard.
type Outcome string

// The outcomes.
const (
	Raised    Outcome = "raised"    // an alarm that was not believed before, or not so
	Confirmed Outcome = "confirmed" // an alarm is believed for longer
	Cleared   Outcome = "cleared"   // an alarm is over
	Beat      Outcome = "heartbeat"
	Woken     Outcome = "woken"     // a heartbeat of a host that was silent, or new
	Late      Outcome = "late"      // something newer, or the same, is known
	Foreign   Outcome = "foreign"   // of a type that we do not know, or about no host
	Malformed Outcome = "malformed" // not what docs/events.md says
	TooLarge  Outcome = "too_large" // more bytes than are read
	NoRoom    Outcome = "no_room"   // more hosts or alarms than are kept
)

// Outcomes lists all of them.
func Outcomes() []Outcome {
	return []Outcome{Raised, Confirmed, Cleared, Beat, Woken, Late, Foreign, Malformed, TooLarge, NoRoom}
}

func (o Outcome) changes() bool { return o == Raised || o == Cleared || o == Woken }

// Counts is how often each outcome was had since the start.
type Counts map[Outcome]int64

func (c Counts) add(o Outcome) { c[o]++ }
