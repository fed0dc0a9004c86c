package door

import "net/http"

// Headers adds what every answer carries: nothing of ours is to be framed,
// guessed at, or to load anything from elsewhere than the policy says. What an
// operator has set in the web configuration file stays.
func Headers(policy string, next http.Handler) http.Handler {
	defaults := map[string]string{
		"Content-Security-Policy": policy,
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
