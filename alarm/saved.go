package alarm

import (
	"encoding/json"
	"fmt"
)

// savedVersion is the version of a trigger's persisted form. A form of
// another version is not read: its trigger starts anew.
const savedVersion = 1

// savedTrigger is a trigger's persisted form.
type savedTrigger struct {
	Version   int      `json:"v"`
	Rule      string   `json:"rule"`
	State     State    `json:"state"`
	Severity  Severity `json:"sev,omitempty"`
	BadFor    int64    `json:"bad,omitempty"`
	WorstFor  int64    `json:"worst,omitempty"`
	FineFor   int64    `json:"fine,omitempty"`
	FallFor   int64    `json:"fall,omitempty"`
	Since     int64    `json:"since,omitempty"`
	RaisedAt  int64    `json:"raised,omitempty"`
	AlarmedAt int64    `json:"alarmed,omitempty"`
	KnownAt   int64    `json:"known,omitempty"`
	Value     float64  `json:"value,omitempty"`
	EverKnown bool     `json:"ever,omitempty"`
	Current   bool     `json:"cur,omitempty"`
	Sequence  int64    `json:"seq,omitempty"`

	// Nil if all was heard, and in the forms of agents that knew no silences.
	Heard *savedHeard `json:"heard,omitempty"`
}

// savedHeard is a Heard's persisted form.
type savedHeard struct {
	Severity  Severity `json:"sev,omitempty"`
	NoData    bool     `json:"nodata,omitempty"`
	RaisedAt  int64    `json:"raised,omitempty"`
	AlarmedAt int64    `json:"alarmed,omitempty"`
	Owed      bool     `json:"owed,omitempty"`
}

// Kept is what goes with a trigger's persisted form.
type Kept struct {
	Rule     string // what the variable means
	Sequence int64  // of its last transition
	// Current says that the value was known at the newest row when this was
	// saved. Such a trigger is not saved anew for each row with a known
	// value, so KnownAt is older than it could be.
	Current bool
	Heard   Heard // what those know whom silences hold back
}

// Progress is the trigger without what every row changes: two triggers that
// agree in it need not both be kept.
func (t *Trigger) Progress() Trigger {
	p := *t
	p.KnownAt, p.Value, p.EverKnown = 0, 0, false
	return p
}

// Save is the trigger's persisted form.
func (t *Trigger) Save(k Kept) ([]byte, error) {
	var heard *savedHeard
	if k.Heard != HeardOf(t) {
		heard = (*savedHeard)(&k.Heard)
	}
	b, err := json.Marshal(savedTrigger{
		Version: savedVersion, Rule: k.Rule, State: t.State, Severity: t.Severity, BadFor: t.BadFor, WorstFor: t.WorstFor,
		FineFor: t.FineFor, FallFor: t.FallFor, Since: t.Since, RaisedAt: t.RaisedAt, AlarmedAt: t.AlarmedAt,
		KnownAt: t.KnownAt, Value: t.Value, EverKnown: t.EverKnown, Sequence: k.Sequence, Current: k.Current,
		Heard: heard,
	})
	if err != nil {
		return nil, fmt.Errorf("save trigger: %w", err)
	}
	return b, nil
}

// LoadTrigger reads what Save wrote, and what it was told.
func LoadTrigger(b []byte) (Trigger, Kept, error) {
	var s savedTrigger
	if err := json.Unmarshal(b, &s); err != nil {
		return Trigger{}, Kept{}, fmt.Errorf("load trigger: %w", err)
	}
	if s.Version != savedVersion {
		return Trigger{}, Kept{}, fmt.Errorf("load trigger: version %d, want %d", s.Version, savedVersion)
	}
	if s.State < 0 || int(s.State) >= len(stateNames) {
		return Trigger{}, Kept{}, fmt.Errorf("load trigger: no state has the number %d", s.State)
	}
	t := Trigger{
		State: s.State, Severity: s.Severity, BadFor: s.BadFor, WorstFor: s.WorstFor, FineFor: s.FineFor, FallFor: s.FallFor,
		Since: s.Since, RaisedAt: s.RaisedAt, AlarmedAt: s.AlarmedAt, KnownAt: s.KnownAt, Value: s.Value, EverKnown: s.EverKnown,
	}
	heard := HeardOf(&t)
	if s.Heard != nil {
		heard = Heard(*s.Heard)
	}
	return t, Kept{s.Rule, s.Sequence, s.Current, heard}, nil
}
