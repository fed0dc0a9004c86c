package api

import (
	"net/http"

	"perfmon/monitor/api/page"
)

// withHeaders adds what every answer carries: nothing of ours is to be
// framed, guessed at, or to load anything from elsewhere. What an operator has set in the
// web configuration file stays.
func withHeaders(next http.Handler) http.Handler {
	defaults := map[string]string{
		"Content-Security-Policy": page.Policy,
		"Referrer-Policy":         "no-referrer",
		"X-Content-Type-Options":  "nosniff",
		"X-Frame-Options":         "deny",
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for name, value := range defaults {
			if w.Header().Get(name) == "" {
				w.Header().Set(name, value)
			}
		}
		next.ServeHTTP(w, r)
	})
}
