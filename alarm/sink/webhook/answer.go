package webhook

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// maxWait bounds what a Retry-After can ask for.
const maxWait = time.Hour

// Later is the error of a receiver that said when to come again.
type Later struct {
	Err error
	At  time.Time // until then Deliver sends nothing
}

func (l *Later) Error() string {
	return fmt.Sprintf("%v; not before %s", l.Err, l.At.UTC().Format(time.RFC3339))
}

// Unwrap returns the answer itself.
func (l *Later) Unwrap() error { return l.Err }

// statusError is an answer other than 2xx.
type statusError struct {
	code    int
	excerpt string
}

func (e *statusError) Error() string { return fmt.Sprintf("status %d: %q", e.code, e.excerpt) }

// final says whether the answer will be the same next time.
func (e *statusError) final() bool {
	switch e.code {
	case http.StatusBadRequest, http.StatusGone, http.StatusRequestEntityTooLarge, http.StatusUnprocessableEntity:
		return true
	}
	return false
}

// retryAfter reads the header of that name:
//
//	Retry-After: 120
//	Retry-After: Wed, 17 Dec 2025 19:37:00 GMT
//
// What is neither, or not in the future, is no wait.
func retryAfter(h http.Header, now time.Time) time.Duration {
	text := strings.TrimSpace(h.Get("Retry-After"))
	if seconds, err := strconv.ParseUint(text, 10, 31); err == nil {
		return min(time.Duration(seconds)*time.Second, maxWait)
	}
	at, err := http.ParseTime(text)
	if err != nil {
		return 0
	}
	return max(0, min(at.Sub(now), maxWait))
}
