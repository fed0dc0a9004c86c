package webhook

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// The headers of a signed request:
//
//	Perfmon-Timestamp: 1766000105
//	Perfmon-Signature: v1=5f1d…
//
// The timestamp is when the request was made, in Unix seconds. The signature
// is the HMAC-SHA256, in hexadecimal, of the timestamp, a dot and the body as
// it was sent. Every try is signed anew.
const (
	TimestampHeader = "Perfmon-Timestamp"
	SignatureHeader = "Perfmon-Signature"
)

// ReplayWindow is how far a receiver should let the timestamp be from its own
// clock, either way. Within that, it drops repeats by their event id.
const ReplayWindow = 5 * time.Minute

// scheme names the way of signing, for the day when there is another.
const scheme = "v1="

func sign(h http.Header, secret string, body []byte, now time.Time) {
	stamp := strconv.FormatInt(now.Unix(), 10)
	h.Set(TimestampHeader, stamp)
	h.Set(SignatureHeader, scheme+signature(secret, stamp, body))
}

func signature(secret, stamp string, body []byte) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(stamp))
	mac.Write([]byte("."))
	mac.Write(body)
	return hex.EncodeToString(mac.Sum(nil))
}

// Verify is what a receiver does before it believes a request: it returns an
// error if the body was not signed with the secret, or not within
// ReplayWindow of now.
func Verify(secret string, h http.Header, body []byte, now time.Time) error {
	stamp := h.Get(TimestampHeader)
	seconds, err := strconv.ParseInt(stamp, 10, 64)
	if err != nil {
		return fmt.Errorf("verify webhook: %s %q: not Unix seconds", TimestampHeader, stamp)
	}
	got, ok := strings.CutPrefix(h.Get(SignatureHeader), scheme)
	if !ok || !hmac.Equal([]byte(got), []byte(signature(secret, stamp, body))) {
		return errors.New("verify webhook: the signature does not fit the body")
	}
	at := time.Unix(seconds, 0)
	if at.Before(now.Add(-ReplayWindow)) || at.After(now.Add(ReplayWindow)) {
		return fmt.Errorf("verify webhook: signed at %s, more than %v away", at.UTC().Format(time.RFC3339), ReplayWindow)
	}
	return nil
}
