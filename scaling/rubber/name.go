package rubber

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"strings"
)

// newIntent is an id that nobody else will make, and that says in which store it
// was written; see storeOf.
func newIntent(store string) string { return store + "-" + chance(16) }

// chance is n characters of a-z and 2-7; at most 26.
func chance(n int) string { return strings.ToLower(rand.Text())[:n] }

// orphanIntent is what the record of a machine is called that has no intent of
// ours, or that of another machine. It is the same each time.
func orphanIntent(cloudName, id string) string {
	sum := sha256.Sum256([]byte(cloudName + "/" + id))
	return "orphan-" + hex.EncodeToString(sum[:8])
}

// MachineName is what a machine is called: what of the profile's name fits into
// a host name, at most 30 characters of it, and the end of its intent, the
// beginning of which many have in common.
func MachineName(profile, intent string) string {
	var b strings.Builder
	for _, r := range strings.ToLower(profile) {
		if b.Len() >= 30 {
			break
		}
		switch {
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9':
			b.WriteRune(r)
		case b.Len() > 0 && !strings.HasSuffix(b.String(), "-"):
			b.WriteByte('-')
		}
	}
	name := strings.Trim(b.String(), "-")
	if name == "" {
		name = "worker"
	}
	return name + "-" + strings.TrimLeft(intent[max(0, len(intent)-10):], "-")
}

// keyFor is a name as part of a key: what a store may not like is written as
// its bytes.
func keyFor(name string) string {
	var b strings.Builder
	for i := range len(name) {
		c := name[i]
		if c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-' {
			b.WriteByte(c)
			continue
		}
		b.WriteString("_" + hex.EncodeToString([]byte{c}))
	}
	return b.String()
}
