package alarm

// Calm says whether good rows, with values known, change nothing of a trigger
// but which of them is the newest. Nearly every trigger is calm nearly always,
// so that whoever has many rows can Pass over them at once.
func (t *Trigger) Calm(tm Timing) bool {
	rest := *t
	rest.reset()
	return *t == rest && t.KnownAt != 0 && tm.NoData <= 0
}

// Pass does what Step does with any number of known rows that are bad for no
// level, of which the newest is at the time at and has this value. The trigger
// is Calm.
func (t *Trigger) Pass(at int64, value float64) {
	t.KnownAt, t.Value, t.EverKnown = at, value, true
}
