package outbox

import (
	"perfmon/alarm"
	"perfmon/alarm/journal"
)

// Adopter is a Driver that has to know of alarms that another agent has
// announced: Deliver gets the state of each, an event of alarm.KindState.
type Adopter interface {
	Driver
	TakesAdopted()
}

// Adopt notes, with the batch, that whoever the sink leads to knows of an
// alarm, because another agent has told them: it is announced from now on, and
// cleared. e is the alarm's state. It is queued for an Adopter only.
func (o *Outbox) Adopt(b *journal.Batch, e *alarm.Event) {
	if o.opts.Filter.Match(e) && !(e.Silenced && o.opts.HoldSilenced) {
		b.Set(journal.Told(o.opts.Name), e.ID.String(), nil)
		if _, ok := o.opts.Driver.(Adopter); ok {
			b.Append(o.opts.Name, e)
		}
	}
}
