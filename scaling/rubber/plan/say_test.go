package plan

import (
	"testing"
	"time"
)

func TestSpan(t *testing.T) {
	for d, want := range map[time.Duration]string{
		-time.Second: "0 s", 0: "0 s", 499 * time.Millisecond: "0 s", 1500 * time.Millisecond: "2 s", 59 * time.Second: "59 s",
		time.Minute: "1 min", 65 * time.Second: "1 min 5 s", time.Hour: "1 h", time.Hour + 59*time.Second: "1 h", 90 * time.Minute: "1 h 30 min",
		26*time.Hour + 5*time.Minute: "1 d 2 h",
	} {
		if got := Span(d); got != want {
			t.Errorf("%v: %q, want %q", d, got, want)
		}
	}
}
