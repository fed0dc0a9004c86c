package webhook

import (
	"net/http"
	"testing"
	"time"
)

func TestRetryAfter(t *testing.T) {
	now := time.Date(2025, 12, 17, 19, 35, 0, 0, time.UTC)
	for text, want := range map[string]time.Duration{
		"":                              0,
		"0":                             0,
		"120":                           2 * time.Minute,
		" 7 ":                           7 * time.Second,
		"999999":                        time.Hour,
		"99999999999999999999":          0,
		"-5":                            0,
		"1.5":                           0,
		"soon":                          0,
		"Wed, 17 Dec 2025 19:37:00 GMT": 2 * time.Minute,
		"Wed, 17 Dec 2025 19:30:00 GMT": 0,
		"Wed, 17 Dec 2099 19:30:00 GMT": time.Hour,
	} {
		h := http.Header{"Retry-After": {text}}
		if got := retryAfter(h, now); got != want {
			t.Errorf("%q: %v, want %v", text, got, want)
		}
	}
}
