package monitor

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"perfmon/alarm"
)

func matcher(t testing.TB, text string) alarm.Matcher {
	t.Helper()
	m, err := alarm.ParseMatcher(text)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// silence puts one in force that ends so many seconds from t0, and returns
// its id.
func (w *world) silence(ends int64, matchers ...string) string {
	w.t.Helper()
	s := alarm.Silence{Reason: "disk swap", Author: "ann", Ends: t0 + ends}
	for _, text := range matchers {
		s.Matchers = append(s.Matchers, matcher(w.t, text))
	}
	s, err := w.m.addSilence(s)
	if err != nil {
		w.t.Fatal(err)
	}
	return s.ID
}

// heard is what those are told whom silences hold back, by the rules of their
// queues, in the words of told.
func (w *world) heard() string {
	all, known := w.events, map[alarm.ID]bool{}
	defer func() { w.events = all }()
	w.events = nil
	for _, e := range all {
		switch {
		case e.Kind == alarm.KindCleared && known[e.ID]:
			delete(known, e.ID)
		case e.Kind == alarm.KindCleared || e.Kind == alarm.KindState || e.Silenced:
			continue
		default:
			known[e.ID] = true
		}
		w.events = append(w.events, e)
	}
	return w.told()
}

func (w *world) wantHeard(question, want string) {
	w.t.Helper()
	if got := w.heard(); got != want {
		w.t.Errorf("%s:\n got  %s\n want %s", question, got, want)
	}
}

// What fires when a silence ends, by itself, is raised in the next turn of the
// loop, and makes a message of its own.
func TestSilenceEndsByItself(t *testing.T) {
	w := steady(t, "cpu_usage level=0.5 period=60")
	id := w.silence(100, "variable=~cpu.*")
	w.row(0, 0.9)
	w.poll(5)
	w.row(60, 0.9)
	w.poll(65)
	w.wantHeard("in its time", "")
	if n := w.logged("msg=\"alarm raised, silenced\""); n != 1 || w.logged(`silenced_by="silence `+id+`"`) != 1 || w.logged("level=WARN") != 0 {
		t.Errorf("logged:\n%s", w.log.String())
	}
	w.poll(99)
	w.wantHeard("a second before its end", "")
	w.poll(100)
	w.wantTold("at its end", "h:cpu_usage raised@0, h:cpu_usage raised@60")
	w.wantHeard("at its end", "h:cpu_usage raised@60")
	e := w.events[len(w.events)-1]
	if late := w.events[len(w.events)-2]; late.Kind == alarm.KindRaised {
		e = late // an announcement came after it
	}
	if !e.IsALARM() || e.Sequence != 2 || !strings.HasPrefix(e.Body, "value: 0.9") {
		t.Errorf("it is raised as %+v", e)
	}
	w.row(120, 0.1)
	w.poll(125)
	w.wantHeard("afterwards", "h:cpu_usage raised@60, h:cpu_usage cleared@120 level")
	if n := w.logged("silence has ended"); n != 1 || len(w.m.silences) != 0 || len(w.saved.Silences) != 0 {
		t.Errorf("its end is told %d times; %d are left, %d of them kept", n, len(w.m.silences), len(w.saved.Silences))
	}
}

// Announcements say whether something is silenced.
func TestAnnouncedAsSilenced(t *testing.T) {
	w := steady(t, "cpu_usage level=0.5 period=60")
	w.silence(100, "class=host")
	w.row(0, 0.9)
	w.poll(5)
	w.row(60, 0.9)
	w.poll(65)
	w.poll(125)
	var got []bool
	for _, e := range w.events {
		if e.Kind == alarm.KindState {
			got = append(got, e.Silenced)
		}
	}
	if want := []bool{true, true, false}; fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("announced as silenced: %v, want %v", got, want)
	}
}

// A silence that is ended by hand has everybody told at once.
func TestSilenceEndedByHand(t *testing.T) {
	w := steady(t, "cpu_usage level=0.5 period=60")
	id := w.silence(9999, "label.team=\"\"", "class=host")
	w.row(0, 0.9)
	w.poll(5)
	if err := w.m.endSilence("nonsense"); !errors.Is(err, ErrNoSilence) {
		t.Errorf("ended one that is not there: %v", err)
	}
	w.wantHeard("in its time", "")
	w.advance(30 * time.Second)
	if err := w.m.endSilence(id); err != nil {
		t.Fatal(err)
	}
	w.wantHeard("ended", "h:cpu_usage raised@0")
	if err := w.m.endSilence(id); !errors.Is(err, ErrNoSilence) {
		t.Errorf("ended twice: %v", err)
	}
	w.row(60, 0.9)
	w.poll(65)
	w.wantHeard("afterwards", "h:cpu_usage raised@0")
}

// A silence is about what its matchers match, labels included.
func TestSilenceOfOthers(t *testing.T) {
	w := steady(t, "")
	w.giveXML("host", "h", strings.Replace(shortXML("cpu_usage level=0.5 period=60"), "</variable>", `<alarm_labels value="team=web"/></variable>`, 1))
	w.silence(9999, "class=vm")
	w.silence(9999, "class=host", "label.team=db")
	w.silence(9999, "variable=load")
	w.row(0, 0.9)
	w.poll(5)
	w.wantHeard("none of them", "h:cpu_usage raised@0")
	w.silence(9999, "class=host", "label.team=web")
	w.row(60, 0.1)
	w.row(120, 0.9)
	w.poll(125)
	w.wantHeard("the last", "h:cpu_usage raised@0, h:cpu_usage cleared@60 level")
}

// The end of a silence is a time of the wall clock, however that is set.
func TestSilenceAndTheClock(t *testing.T) {
	w := steady(t, "cpu_usage level=0.5 period=60")
	w.silence(3600, "class=host")
	w.row(0, 0.9)
	w.poll(5)
	set := func(seconds int64) {
		w.wall = w.wall.Add(time.Duration(seconds) * time.Second)
		for at, row := range w.rows {
			delete(w.rows, at)
			w.rows[at+seconds] = row
			break
		}
		w.pollNow()
	}
	set(-1800)
	w.wantHeard("set back", "")
	set(5390)
	w.wantHeard("set to five seconds before its end", "")
	if n := len(w.m.inForce()); n != 1 {
		t.Errorf("%d are in force", n)
	}
	set(7200)
	w.wantHeard("set behind its end", "h:cpu_usage raised@10790")
	if n := len(w.m.inForce()); n != 0 {
		t.Errorf("%d are in force", n)
	}
}

// Silences, and what they held back, outlive the agent.
func TestSilenceOverARestart(t *testing.T) {
	w := steady(t, "cpu_usage level=0.5 period=60")
	w.silence(150, "class=host")
	w.row(0, 0.9)
	w.poll(5)
	w.restart()
	w.row(60, 0.9)
	w.poll(65)
	w.wantHeard("a new run", "")
	w.restart()
	w.row(120, 0.9)
	w.row(180, 0.9)
	w.poll(185)
	w.wantHeard("one that finds it ended", "h:cpu_usage raised@180")
	w.restart()
	w.row(240, 0.9)
	w.poll(245)
	w.wantHeard("and the one after", "h:cpu_usage raised@180")
}

// A silence that is ended when the clock was set back to before its beginning
// has ended for the next run as well.
func TestSilenceThatEndsBeforeItBegan(t *testing.T) {
	w := steady(t, "cpu_usage level=0.5 period=60")
	w.poll(5)
	id := w.silence(9999, "class=host")
	w.wall = w.wall.Add(-7200 * time.Second)
	if err := w.m.endSilence(id); err != nil {
		t.Fatal(err)
	}
	w.restart()
	if n := len(w.m.inForce()); n != 0 || w.logged("not in force") != 0 {
		t.Errorf("%d are in force:\n%s", n, w.log.String())
	}
}

// A restart with a silence that cannot be read goes on without it.
func TestSilenceThatIsSpoilt(t *testing.T) {
	w := steady(t, "cpu_usage level=0.5 period=60")
	w.silence(9999, "class=vm")
	for id := range w.saved.Silences {
		w.saved.Silences[id] = []byte("{")
	}
	w.restart()
	w.row(0, 0.9)
	w.poll(5)
	if len(w.m.silences) != 0 || len(w.saved.Silences) != 0 || w.logged("silence of an earlier run is not in force") != 1 {
		t.Errorf("%d are left, %d kept:\n%s", len(w.m.silences), len(w.saved.Silences), w.log.String())
	}
}

// A silence that has ended goes on for the rows of its time, which can come
// late, and not for ever.
func TestSilenceOfLateRows(t *testing.T) {
	w := steady(t, "cpu_usage level=0.5 period=60 inhibit=0")
	w.poll(5)
	w.silence(3600, "class=host")
	w.refuse = errTorn
	for at := int64(60); at <= 7200; at += 60 {
		w.row(at, map[bool]float64{true: 0.9, false: 0.1}[at == 600 || at >= 3540 && at < 3720 || at == 7140])
		w.poll(at + 5)
	}
	w.refuse = nil
	w.poll(7210)
	w.wantHeard("two hours late", "h:cpu_usage raised@3600, h:cpu_usage repeated@3660, h:cpu_usage cleared@3720 level, "+
		"h:cpu_usage raised@7140, h:cpu_usage cleared@7200 level")
	w.silence(7300, "class=host")
	w.refuse = errTorn
	w.poll(7300 + lateRows - 1)
	if len(w.m.silences) != 1 {
		t.Error("it was forgotten too soon")
	}
	w.poll(7300 + lateRows)
	if len(w.m.silences) != 0 {
		t.Error("it was never forgotten")
	}
}

func TestSilencesAreRefused(t *testing.T) {
	w := steady(t, "")
	refuse := func(want string, s alarm.Silence) {
		t.Helper()
		if _, err := w.m.addSilence(s); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
	all := []alarm.Matcher{matcher(t, "class=~.*")}
	refuse("no matcher", alarm.Silence{Ends: t0 + 60})
	refuse("is to come", alarm.Silence{Matchers: all, Ends: t0})
	refuse("reason", alarm.Silence{Matchers: all, Ends: t0 + 60, Reason: strings.Repeat("x", 2000)})
	for range alarm.MaxSilences {
		w.silence(60, "class=vm")
	}
	refuse("the limit", alarm.Silence{Matchers: all, Ends: t0 + 60})
	w.advance(time.Minute)
	w.silence(120, "class=vm") // those that have ended make room
	if n := len(w.m.silences); n != 1 || len(w.saved.Silences) != 1 {
		t.Errorf("%d are left, %d kept", n, len(w.saved.Silences))
	}
}

// The calls of others, while the loop waits for its rows.
func TestSilencesFromOutside(t *testing.T) {
	loop(t, Options{}, func(s *counting, m *Monitor) {
		ctx := context.Background()
		m.SetInventory(empty())
		time.Sleep(time.Second)
		all := []alarm.Matcher{matcher(t, "class=~.*")}
		first, err := m.AddSilence(ctx, alarm.Silence{ID: "mine", Matchers: all, Reason: "a", Ends: time.Now().Unix() + 60})
		if err != nil || first.ID == "" || first.ID == "mine" || first.Created != time.Now().Unix() {
			t.Fatalf("added %+v, error %v", first, err)
		}
		time.Sleep(time.Second)
		second, err := m.AddSilence(ctx, alarm.Silence{Matchers: all, Reason: "b", Ends: time.Now().Unix() + 10})
		if err != nil || second.ID == first.ID {
			t.Fatalf("added %+v, error %v", second, err)
		}
		if _, err := m.AddSilence(ctx, alarm.Silence{Reason: "c", Ends: time.Now().Unix() + 10}); err == nil {
			t.Error("one without matchers was added")
		}
		if list, err := m.Silences(ctx); err != nil || len(list) != 2 || list[0].ID != first.ID || list[1].ID != second.ID {
			t.Errorf("listed %+v, error %v", list, err)
		}
		time.Sleep(10 * time.Second)
		if list, err := m.Silences(ctx); err != nil || len(list) != 1 || list[0].ID != first.ID {
			t.Errorf("listed %+v, error %v", list, err)
		}
		if err := m.EndSilence(ctx, second.ID); !errors.Is(err, ErrNoSilence) {
			t.Errorf("ended one that had ended: %v", err)
		}
		if err := m.EndSilence(ctx, first.ID); err != nil {
			t.Error(err)
		}
		if list, err := m.Silences(ctx); err != nil || list == nil || len(list) != 0 {
			t.Errorf("listed %+v, error %v", list, err)
		}
	})
	loop(t, Options{Loops: 1}, func(s *counting, m *Monitor) {
		m.SetInventory(empty())
		synctest.Wait()
		ctx := context.Background()
		_, err := m.Silences(ctx)
		_, err2 := m.AddSilence(ctx, alarm.Silence{})
		if err3 := m.EndSilence(ctx, "x"); !errors.Is(err, ErrEnded) || !errors.Is(err2, ErrEnded) || !errors.Is(err3, ErrEnded) {
			t.Errorf("after the end: %v, %v, %v", err, err2, err3)
		}
	})
}

// Whatever the rows, however often the agent stops, and whenever silences
// begin and end: who is not held back is told the same as without silences,
// and what comes late; who is knows whether the alarm fires when none is in
// force.
func TestSilencesLoseNothing(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		short := fmt.Sprintf("cpu_usage level=0.5 period=%d inhibit=0", rapid.Int64Range(0, 200).Draw(rt, "period"))
		xml := strings.Replace(shortXML(short), "</variable>", fmt.Sprintf(`<alarm_clear_level value="0.3"/><alarm_warning_level value="0.4"/><alarm_clear_period value="%d"/>%s</variable>`,
			rapid.Int64Range(0, 200).Draw(rt, "clear"), rapid.SampledFrom([]string{"", `<alarm_nodata_period value="240"/>`}).Draw(rt, "nodata")), 1)
		values := rapid.SliceOfN(rapid.SampledFrom([]float64{0.1, 0.35, 0.45, 0.9, 0.9, 0.9, nan}), 5, 60).Draw(rt, "values")
		begins := rapid.SliceOfN(rapid.IntRange(0, 6), len(values), len(values)).Draw(rt, "silences begin")
		lasts := rapid.SliceOfN(rapid.Int64Range(1, 600), len(values), len(values)).Draw(rt, "last")
		stops := rapid.SliceOfN(rapid.IntRange(0, 4), len(values), len(values)).Draw(rt, "stops")
		run := func(silences, stopping bool) *world {
			w := steady(t, "")
			w.giveXML("host", "h", xml)
			for i, v := range values {
				at := int64(60 * i)
				w.row(at, v)
				if silences && begins[i] == 0 {
					w.advance(time.Unix(t0+at+1, 0).Sub(w.wall))
					w.silence(at+1+lasts[i], "class=host")
				}
				switch {
				case stopping && stops[i] == 0:
					w.poll(at + 5)
					w.restart()
				case stopping && stops[i] == 1 && i > 0:
					w.restart()
					continue
				default:
					w.poll(at + 5)
				}
				if silences && len(w.m.inForce()) == 0 {
					w.agree(rt)
				}
			}
			w.poll(int64(60*len(values)) + 5)
			return w
		}
		plain := run(false, false)
		for _, stopping := range []bool{false, true} {
			w := run(true, stopping)
			if amiss := beside(w.events, plain.events); amiss != "" {
				rt.Fatalf("stopping %v: %s: told\n%s\nwithout silences\n%s", stopping, amiss, w.told(), plain.told())
			}
			w.poll(int64(60*len(values)) + 605)
			w.agree(rt)
		}
	})
}

// agree fails the test if those whom silences hold back, when none is in
// force, take something to be that is not.
func (w *world) agree(rt *rapid.T) {
	knows, as := alarm.Kind(""), alarm.Severity("")
	for _, e := range w.events {
		switch {
		case e.Kind == alarm.KindState:
		case e.Kind == alarm.KindCleared:
			knows, as = "", ""
		case e.Silenced:
		default:
			knows, as = e.Kind, e.Severity
		}
	}
	v := w.m.objects[Object{"host", "h"}].byName["cpu_usage"]
	knowsFiring := knows == alarm.KindRaised || knows == alarm.KindRepeated
	if v.fires() != knowsFiring || v.trig.State == alarm.NoData && knows != alarm.KindNoData || v.fires() && v.trig.Severity == alarm.Critical && as != alarm.Critical {
		rt.Fatalf("it is %v %q, and they know %q %q: %s", v.trig.State, v.trig.Severity, knows, as, w.told())
	}
}

// beside says what is amiss with what was told beside silences: all that would
// have been told without has to be there, and besides only what comes late,
// behind something that was held back. A raise can stand for a repeat.
func beside(told, without []*alarm.Event) string {
	type word struct {
		kind     alarm.Kind
		severity alarm.Severity
		reason   alarm.Reason
		at       int64
	}
	var wanted []word
	for _, e := range without {
		if e.Kind != alarm.KindState {
			wanted = append(wanted, word{e.Kind, e.Severity, e.Reason, e.Time})
		}
	}
	held := false
	for _, e := range told {
		w := word{e.Kind, e.Severity, e.Reason, e.Time}
		repeat := w
		repeat.kind = alarm.KindRepeated
		switch {
		case e.Kind == alarm.KindState:
			continue
		case len(wanted) > 0 && wanted[0] == w:
			wanted = wanted[1:]
		case len(wanted) > 0 && wanted[0] == repeat && e.Kind == alarm.KindRaised && held && !e.Silenced:
			wanted, held = wanted[1:], false
		case held && !e.Silenced:
			held = false
		default:
			return fmt.Sprintf("%s at %d is too much", e.Kind, e.Time-t0)
		}
		held = held || e.Silenced && e.Kind != alarm.KindCleared
	}
	if len(wanted) > 0 {
		return fmt.Sprintf("%s at %d is missing", wanted[0].kind, wanted[0].at-t0)
	}
	return ""
}

// What nobody heard is no reason to be quiet: the inhibit time counts from
// what was heard, also when the rows of a silence come late.
func TestInhibitCountsFromWhatWasHeard(t *testing.T) {
	w := steady(t, "cpu_usage level=0.5 period=60 inhibit=3600")
	w.poll(5)
	w.silence(130, "class=host")
	for at, value := range map[int64]float64{60: 0.9, 120: 0.1, 180: 0.9, 240: 0.1, 300: 0.9} {
		w.row(at, value)
	}
	w.poll(305)
	w.wantHeard("raised for nobody, and again", "h:cpu_usage raised@180, h:cpu_usage cleared@240 level, h:cpu_usage raised@300 inhibited")
}
