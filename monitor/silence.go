package monitor

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"

	"perfmon/alarm"
)

// ErrNoSilence says that no silence in force has an id.
var ErrNoSilence = errors.New("no silence in force has this id: list them to see those that are")

// lateRows is for how long after its end, in seconds, a silence is remembered
// for rows of its time that have not come yet.
const lateRows = 7200

// silence is one that is in force, or has ended and is remembered.
type silence struct {
	alarm.Silence
	over bool // its end has been told
}

// AddSilence puts a silence in force and returns it with the id and the
// beginning that it got. It is kept by then. An error other than that of ctx
// or ErrEnded says what is wrong with the silence.
func (m *Monitor) AddSilence(ctx context.Context, s alarm.Silence) (added alarm.Silence, err error) {
	if ended := m.onLoop(ctx, func() { added, err = m.addSilence(s) }); ended != nil {
		return alarm.Silence{}, fmt.Errorf("add a silence: %w", ended)
	}
	return added, err
}

// EndSilence ends a silence before its time. What still fires and was held
// back by it is raised at once. The error is that of ctx, ErrEnded or
// ErrNoSilence.
func (m *Monitor) EndSilence(ctx context.Context, id string) (err error) {
	if ended := m.onLoop(ctx, func() { err = m.endSilence(id) }); ended != nil {
		err = ended
	}
	if err != nil {
		return fmt.Errorf("end silence %q: %w", id, err)
	}
	return nil
}

// Silences lists the silences in force, oldest first. The error is that of
// ctx or ErrEnded.
func (m *Monitor) Silences(ctx context.Context) (list []alarm.Silence, err error) {
	if err := m.onLoop(ctx, func() { list = m.inForce() }); err != nil {
		return nil, fmt.Errorf("list silences: %w", err)
	}
	return list, nil
}

func (m *Monitor) addSilence(s alarm.Silence) (alarm.Silence, error) {
	wall, _ := m.opts.Clock.Now()
	s.ID, s.Created, s.Matchers = silenceID(), wall.Unix(), slices.Clone(s.Matchers)
	if s.Ends <= s.Created {
		return alarm.Silence{}, fmt.Errorf("silence: it ends at %d, and it is %d now: give an end that is to come", s.Ends, s.Created)
	}
	if err := s.Check(); err != nil {
		return alarm.Silence{}, err
	}
	if len(m.silences) >= alarm.MaxSilences {
		m.dropSilences(func(old *silence) bool { return s.Created >= old.Ends })
	}
	if len(m.silences) >= alarm.MaxSilences {
		return alarm.Silence{}, fmt.Errorf("silence: %d are in force, which is the limit: end some, or say more with one expression", alarm.MaxSilences)
	}
	if err := m.keepSilence(&s); err != nil {
		return alarm.Silence{}, err
	}
	m.silences = append(m.silences, &silence{Silence: s})
	m.log.Info("silence begins", "silence", s.ID, "matchers", matchersText(s.Matchers), "ends", s.Ends, "author", s.Author, "reason", s.Reason)
	m.metrics.silences.Set(float64(len(m.inForce())))
	m.keep()
	m.republish()
	return s, nil
}

func (m *Monitor) endSilence(id string) error {
	wall, _ := m.opts.Clock.Now()
	now := wall.Unix()
	i := slices.IndexFunc(m.silences, func(s *silence) bool { return s.ID == id && now < s.Ends })
	if i < 0 {
		return ErrNoSilence
	}
	s := m.silences[i]
	s.Ends, s.Created = now, min(s.Created, now)
	if err := m.keepSilence(&s.Silence); err != nil {
		return err
	}
	m.settle(now)
	m.keep()
	m.republish()
	return nil
}

func (m *Monitor) keepSilence(s *alarm.Silence) error {
	b, err := s.Save()
	if err != nil {
		return err
	}
	m.changes.Silences[s.ID] = b
	return nil
}

// inForce lists the silences that have not ended.
func (m *Monitor) inForce() []alarm.Silence {
	wall, _ := m.opts.Clock.Now()
	list := []alarm.Silence{}
	for _, s := range m.silences {
		if wall.Unix() < s.Ends {
			list = append(list, s.Silence)
		}
	}
	slices.SortFunc(list, bySilenceAge)
	return list
}

func bySilenceAge(a, b alarm.Silence) int {
	return cmp.Or(cmp.Compare(a.Created, b.Created), strings.Compare(a.ID, b.ID))
}

// restoreSilences takes up those that an earlier run left.
func (m *Monitor) restoreSilences(saved map[string][]byte) {
	for id, b := range saved {
		s, err := alarm.LoadSilence(b)
		switch {
		case err != nil:
			m.log.Error("a silence of an earlier run is not in force: it is forgotten", "silence", id, "err", err)
			m.changes.Silences[id] = nil
		case len(m.silences) >= alarm.MaxSilences:
			m.log.Error("a silence of an earlier run is not in force: there are too many", "silence", id, "limit", alarm.MaxSilences)
			m.changes.Silences[id] = nil
		default:
			m.silences = append(m.silences, &silence{Silence: s})
		}
	}
	slices.SortFunc(m.silences, func(a, b *silence) int { return bySilenceAge(a.Silence, b.Silence) })
}

// endSilences tells which silences have ended, and forgets those of whose time
// no row will come any more.
func (m *Monitor) endSilences(now int64) {
	for _, s := range m.silences {
		if now < s.Ends {
			s.over = false // the clock may have been set back
		} else if !s.over {
			s.over = true
			m.log.Info("silence has ended", "silence", s.ID, "matchers", matchersText(s.Matchers), "author", s.Author, "reason", s.Reason)
		}
	}
	m.dropSilences(func(s *silence) bool {
		return now >= s.Ends && (m.anchor.hasLast && m.anchor.last >= s.Ends || now >= s.Ends+lateRows)
	})
	m.metrics.silences.Set(float64(len(m.inForce())))
}

func (m *Monitor) dropSilences(drop func(*silence) bool) {
	m.silences = slices.DeleteFunc(m.silences, func(s *silence) bool {
		if !drop(s) {
			return false
		}
		m.changes.Silences[s.ID] = nil
		return true
	})
}

// silencedBy is the id of a silence that holds a variable back, "" for none:
// one that is in force now, or was at the time of a row.
func (m *Monitor) silencedBy(v *variable, now, row int64) string {
	for _, s := range m.silences {
		if s.InForce(now, row) && s.Matches(v.id, v.conf.Labels) {
			return s.ID
		}
	}
	return ""
}

func silenceID() string {
	var b [8]byte
	_, _ = rand.Read(b[:]) // never fails
	return hex.EncodeToString(b[:])
}

func matchersText(matchers []alarm.Matcher) string {
	words := make([]string, len(matchers))
	for i, m := range matchers {
		words[i] = m.String()
	}
	return strings.Join(words, ", ")
}
