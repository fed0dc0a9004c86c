package outbox

import (
	"perfmon/alarm"
	"perfmon/alarm/journal"
)

// Adopt notes, with the batch, that whoever the sink leads to knows of an
// alarm, because another agent has told them: it is announced from now on, and
// cleared. e is the alarm's state. Nothing is queued.
func (o *Outbox) Adopt(b *journal.Batch, e *alarm.Event) {
	if o.opts.Filter.Match(e) && !(e.Silenced && o.opts.HoldSilenced) {
		b.Set(journal.Told(o.opts.Name), e.ID.String(), nil)
	}
}
