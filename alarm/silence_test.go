package alarm

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"testing"
)

func silence(t testing.TB, texts ...string) Silence {
	t.Helper()
	s := Silence{ID: "s1", Reason: "disk swap", Author: "ann", Created: t0, Ends: t0 + 3600}
	for _, text := range texts {
		m, err := ParseMatcher(text)
		if err != nil {
			t.Fatal(err)
		}
		s.Matchers = append(s.Matchers, m)
	}
	return s
}

func TestSilenceMatchesWhatAllMatchersMatch(t *testing.T) {
	f := func(want bool, texts ...string) {
		t.Helper()
		s := silence(t, texts...)
		if got := s.Matches(sampleID, map[string]string{"team": "web"}); got != want {
			t.Errorf("%s: %v", texts, got)
		}
	}
	f(false)
	f(true, "class=~.*")
	f(true, "class=vm", "variable=~cpu.*", "label.team=web")
	f(false, "class=vm", "variable=~cpu.*", "label.team=db")
	f(false, "class=host", "variable=~cpu.*")
}

func TestSilenceInForce(t *testing.T) {
	f := func(now, at int64, want bool) {
		t.Helper()
		s := silence(t, "class=vm")
		if got := s.InForce(t0+now, t0+at); got != want {
			t.Errorf("now %d, row at %d: %v", now, at, got)
		}
	}
	f(0, -600, true) // a row of before that is learned now
	f(3599, 3599, true)
	f(3600, 3600, false)
	f(3605, 3599, true) // a row of its time that is learned late
	f(3605, 0, true)
	f(3605, -1, false)
	f(-7200, -7200, true) // the clock was set back
}

func TestSilenceIsChecked(t *testing.T) {
	f := func(want string, spoil func(s *Silence)) {
		t.Helper()
		s := silence(t, "class=vm")
		spoil(&s)
		if err := s.Check(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
	f("class=~.*", func(s *Silence) { s.Matchers = nil })
	f("limit is 32", func(s *Silence) { s.Matchers = slices.Repeat(s.Matchers, 33) })
	f("matcher 2 is empty", func(s *Silence) { s.Matchers = append(s.Matchers, Matcher{}) })
	f("limit is 1024", func(s *Silence) { s.Reason = strings.Repeat("x", 1025) })
	f("limit is 256", func(s *Silence) { s.Author = strings.Repeat("x", 257) })
	f("limit is 64", func(s *Silence) { s.ID = strings.Repeat("x", 65) })
	f("no UTF-8", func(s *Silence) { s.Reason = "\xff" })
	f("later", func(s *Silence) { s.Ends = s.Created - 1 })
	f("year 10000", func(s *Silence) { s.Ends = 1 << 60 })
	s := silence(t, "class=vm")
	s.Ends, s.Matchers, s.Reason = s.Created, slices.Repeat(s.Matchers, 32), strings.Repeat("x", 1024)
	if err := s.Check(); err != nil {
		t.Error(err)
	}
}

// same reports whether two silences say the same.
func same(a, b Silence) bool {
	x, err := json.Marshal(a)
	y, err2 := json.Marshal(b)
	return err == nil && err2 == nil && bytes.Equal(x, y)
}

func TestSilenceIsKept(t *testing.T) {
	s := silence(t, "class=vm", `label.note=" \"\xff<&>"`)
	s.Reason = "disk swap: <b>\u2028 \"é\""
	b, err := s.Save()
	if err != nil {
		t.Fatal(err)
	}
	loaded, err := LoadSilence(b)
	if err != nil || !same(s, loaded) || !loaded.Matchers[0].Matches(sampleID, nil) {
		t.Errorf("loaded %+v, error %v, saved %s", loaded, err, b)
	}
	if _, err := json.Marshal(s); err != nil {
		t.Error(err)
	}
	big := silence(t, slices.Repeat([]string{`label.` + strings.Repeat("a", 64) + `="` + strings.Repeat(`\xff`, 512) + `"`}, 32)...)
	big.Reason = strings.Repeat("\x01", 1024)
	if b, err = big.Save(); err != nil {
		t.Fatal(err)
	}
	if loaded, err := LoadSilence(b); err != nil || !same(big, loaded) {
		t.Errorf("the largest one is not loaded: %v", err)
	}
}

func spoiltSilences(t testing.TB) map[string]string {
	return map[string]string{
		"":                                       "load silence",
		"{":                                      "load silence",
		"[]":                                     "load silence",
		`{"v":2}`:                                "version 2",
		`{"v":1}`:                                "no id",
		`{"v":1,"id":"a"}`:                       "no matcher",
		`{"v":1,"id":"a","matchers":["x"]}`:      `matcher "x"`,
		`{"v":1,"id":"a","matchers":[null]}`:     "matcher 1 is empty",
		`{"v":1,"id":"a","matchers":"class=vm"}`: "load silence",
		`{"v":1,"matchers":["class=vm"],"ends":5}`: "no id",
		strings.Repeat(" ", maxSavedSilence+1):     "limit",
	}
}

func TestLoadSilenceRefuses(t *testing.T) {
	for text, want := range spoiltSilences(t) {
		if s, err := LoadSilence([]byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.40q: %+v, error %v, want %q", text, s, err, want)
		}
	}
}

func FuzzLoadSilence(f *testing.F) {
	for text := range spoiltSilences(f) {
		f.Add([]byte(text))
	}
	s := silence(f, "class=vm", "variable=~cpu.*", `label.team!=""`)
	b, err := s.Save()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b)
	f.Fuzz(func(t *testing.T, b []byte) {
		s, err := LoadSilence(b)
		if err != nil {
			return
		}
		saved, err := s.Save()
		if err != nil {
			t.Fatal(err)
		}
		again, err := LoadSilence(saved)
		if err != nil || !same(s, again) {
			t.Fatalf("%s became %s: %v", b, saved, err)
		}
	})
}
