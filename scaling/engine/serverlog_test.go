package engine

import (
	"testing"
	"time"
)

func TestServerLog(t *testing.T) {
	l := &serverLog{}
	begin := time.Unix(1000, 0)
	for i := range mostLines + 5 {
		if ok, held := l.take("x", begin.Add(time.Duration(i)*time.Second)); ok != (i < mostLines) || held != 0 {
			t.Fatal(i, ok, held)
		}
	}
	if ok, held := l.take("x", begin.Add(time.Minute)); !ok || held != 5 {
		t.Fatal(ok, held)
	}
}
