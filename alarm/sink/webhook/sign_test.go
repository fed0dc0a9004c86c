package webhook

import (
	"net/http"
	"strings"
	"testing"
	"time"
)

func TestSignature(t *testing.T) {
	now := time.Unix(1766000105, 0)
	h := http.Header{}
	sign(h, "key", []byte("body"), now)
	// printf 1766000105.body | openssl dgst -sha256 -hmac key
	const want = "v1=740766b04a1a06bb8700513a41afd8d09a4caac731ea195410a87c1f3af92075"
	if got := h.Get("Perfmon-Signature"); got != want {
		t.Errorf("signature %s, want %s", got, want)
	}
	if got := h.Get("Perfmon-Timestamp"); got != "1766000105" {
		t.Errorf("timestamp %s", got)
	}
}

func TestVerify(t *testing.T) {
	now := time.Unix(1766000105, 0)
	f := func(question string, change func(h http.Header), body string, at time.Time, want string) {
		t.Helper()
		h := http.Header{}
		sign(h, "key", []byte("body"), now)
		change(h)
		err := Verify("key", h, []byte(body), at)
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%s: %v, want %q", question, err, want)
		}
	}
	same := func(http.Header) {}
	f("as it was signed", same, "body", now, "")
	f("at the end of the window", same, "body", now.Add(ReplayWindow), "")
	f("a clock that is behind", same, "body", now.Add(-ReplayWindow), "")
	f("a replay", same, "body", now.Add(ReplayWindow+time.Second), "more than 5m0s away")
	f("from the future", same, "body", now.Add(-ReplayWindow-time.Second), "more than 5m0s away")
	f("another body", same, "bodx", now, "does not fit")
	f("another time", func(h http.Header) { h.Set(TimestampHeader, "1766000106") }, "body", now, "does not fit")
	f("no time", func(h http.Header) { h.Del(TimestampHeader) }, "body", now, "not Unix seconds")
	f("no signature", func(h http.Header) { h.Del(SignatureHeader) }, "body", now, "does not fit")
	f("another scheme", func(h http.Header) {
		h.Set(SignatureHeader, "v0="+strings.TrimPrefix(h.Get(SignatureHeader), "v1="))
	}, "body", now, "does not fit")
}
