package engine

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

func TestServerLog(t *testing.T) {
	l := &serverLog{}
	begin := time.Unix(1000, 0)
	for i := range mostLines + 5 {
		if ok, held := l.take(begin.Add(time.Duration(i) * time.Second)); ok != (i < mostLines) || held != 0 {
			t.Fatal(i, ok, held)
		}
	}
	if ok, held := l.take(begin.Add(time.Minute)); !ok || held != 5 {
		t.Fatal(ok, held)
	}
}

// A server that is tried again and again has the same to say each time: that
// is said once. One that has served for a while says what it likes.
func TestServersThatSayTheSame(t *testing.T) {
	log, past := &lines{}, &repeats{}
	for range 5 {
		l := &serverLog{to: logTo(log), past: past}
		l.Warnf("state of %s is torn", "ALARMS")
		l.Errorf("no space left on device")
		if why := l.complaints(); !strings.Contains(why, "torn; no space") {
			t.Errorf("why it does not begin is not known any more: %s", why)
		}
	}
	text := log.String()
	if strings.Count(text, "torn") != 1 || strings.Count(text, "no space") != 1 || past.unsaid() != 8 {
		t.Errorf("%d lines were not said again, of\n%s", past.unsaid(), text)
	}
	l := &serverLog{to: logTo(log), past: past}
	l.settled.Store(true)
	l.Warnf("state of %s is torn", "ALARMS")
	if n := strings.Count(log.String(), "torn"); n != 2 {
		t.Errorf("it was said %d times", n)
	}
}

func TestRepeats(t *testing.T) {
	r, at := &repeats{}, time.Unix(1000, 0)
	f := func(text string, after time.Duration, want bool) {
		t.Helper()
		if got := r.again(text, at.Add(after)); got != want {
			t.Errorf("%s after %v: %t", text, after, got)
		}
	}
	f("x", 0, false)
	f("x", sayAgain-1, true)
	f("y", sayAgain-1, false)
	f("x", sayAgain, false) // it lasts: somebody should hear of it again
	f("x", sayAgain+1, true)
	if n := r.forget(); n != 2 || r.unsaid() != 0 {
		t.Errorf("%d were not said", n)
	}
	f("x", sayAgain+2, false)
	for i := range 3 * mostSaid {
		f(fmt.Sprint(i), sayAgain, false)
	}
	if len(r.said) > mostSaid {
		t.Errorf("%d are remembered", len(r.said))
	}
}
