package xapitest

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
)

// UUID makes the uuid that belongs to a name: the same one for the same name.
func UUID(name string) string {
	sum := sha256.Sum256([]byte("xapitest " + name))
	return formatUUID(sum[:16])
}

// Ref is the reference of the object with this class (lower-case) and uuid.
func Ref(class, uuid string) string { return "OpaqueRef:" + UUID("ref "+class+" "+uuid) }

// randomRef is a reference that cannot be guessed.
func randomRef() string {
	var b [16]byte
	rand.Read(b[:])
	return "OpaqueRef:" + formatUUID(b[:])
}

// formatUUID writes 16 bytes as a uuid of version 4.
func formatUUID(b []byte) string {
	b[6] = b[6]&0x0f | 0x40
	b[8] = b[8]&0x3f | 0x80
	h := hex.EncodeToString(b)
	return h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:]
}
