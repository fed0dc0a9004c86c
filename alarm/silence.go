package alarm

import (
	"encoding/json"
	"errors"
	"fmt"
	"unicode/utf8"
)

// Limits of silences.
const (
	MaxSilences       = 1000 // in force at once
	MaxMatchers       = 32   // of one
	MaxSilenceReason  = 1024 // bytes
	MaxSilenceAuthor  = 256  // bytes
	maxSilenceID      = 64   // bytes
	maxSavedSilence   = 1 << 18
	silencesVersion   = 1
	latestSilenceEnds = 253402300799 // the end of the year 9999, which RFC 3339 can just write
)

// Silence keeps alarms from those sinks that wake people, until it ends. The
// alarms that it is about are those which all of its matchers match. Times
// are Unix seconds of the wall clock.
type Silence struct {
	ID       string    `json:"id"`
	Matchers []Matcher `json:"matchers"`
	Reason   string    `json:"reason"`
	Author   string    `json:"author"`
	Created  int64     `json:"created"`
	Ends     int64     `json:"ends"`
}

// Check says what is wrong with a silence, other than its time. One without
// matchers is refused: to silence everything is asked for by saying so.
func (s *Silence) Check() error {
	switch {
	case len(s.Matchers) == 0:
		return errors.New("silence: it has no matcher, and would be about every alarm: if that is meant, say class=~.*")
	case len(s.Matchers) > MaxMatchers:
		return fmt.Errorf("silence: %d matchers; the limit is %d", len(s.Matchers), MaxMatchers)
	case len(s.Reason) > MaxSilenceReason:
		return fmt.Errorf("silence: the reason has %d bytes; the limit is %d", len(s.Reason), MaxSilenceReason)
	case len(s.Author) > MaxSilenceAuthor:
		return fmt.Errorf("silence: the author has %d bytes; the limit is %d", len(s.Author), MaxSilenceAuthor)
	case !utf8.ValidString(s.Reason) || !utf8.ValidString(s.Author):
		return fmt.Errorf("silence: the reason %q or the author %q is no UTF-8", s.Reason, s.Author)
	case len(s.ID) > maxSilenceID:
		return fmt.Errorf("silence: the id has %d bytes; the limit is %d", len(s.ID), maxSilenceID)
	case s.Created > s.Ends || s.Ends > latestSilenceEnds:
		return fmt.Errorf("silence: it ends at %d and begins at %d: give an end that is later, before the year 10000", s.Ends, s.Created)
	}
	for i, m := range s.Matchers {
		if m.name == "" {
			return fmt.Errorf("silence: matcher %d is empty", i+1)
		}
	}
	return nil
}

// Matches reports whether a silence is about an alarm, whatever the time.
func (s *Silence) Matches(id ID, labels map[string]string) bool {
	for _, m := range s.Matchers {
		if !m.Matches(id, labels) {
			return false
		}
	}
	return len(s.Matchers) > 0
}

// InForce reports whether a silence holds back now what was found in a row
// of the time at. One that has ended goes on holding back what is learned
// late of its time.
func (s *Silence) InForce(now, at int64) bool {
	return now < s.Ends || s.Created <= at && at < s.Ends
}

// savedSilence is a silence's persisted form.
type savedSilence struct {
	Version int `json:"v"`
	Silence
}

// Save is the silence's persisted form.
func (s *Silence) Save() ([]byte, error) {
	b, err := json.Marshal(savedSilence{silencesVersion, *s})
	if err != nil {
		return nil, fmt.Errorf("save silence %s: %w", s.ID, err)
	}
	return b, nil
}

// LoadSilence reads what Save wrote.
func LoadSilence(b []byte) (Silence, error) {
	if len(b) > maxSavedSilence {
		return Silence{}, fmt.Errorf("load silence: %d bytes; the limit is %d", len(b), maxSavedSilence)
	}
	var version struct {
		Version int `json:"v"`
	}
	if err := json.Unmarshal(b, &version); err != nil {
		return Silence{}, fmt.Errorf("load silence: %w", err)
	}
	if version.Version != silencesVersion {
		return Silence{}, fmt.Errorf("load silence: version %d, want %d", version.Version, silencesVersion)
	}
	var s savedSilence
	if err := json.Unmarshal(b, &s); err != nil {
		return Silence{}, fmt.Errorf("load silence: %w", err)
	}
	if s.ID == "" {
		return Silence{}, errors.New("load silence: it has no id")
	}
	if err := s.Check(); err != nil {
		return Silence{}, fmt.Errorf("load %w", err)
	}
	return s.Silence, nil
}
