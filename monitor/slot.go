package monitor

import (
	"crypto/sha256"
	"encoding/binary"
)

// Slot is a host's place among the hosts of a pool that would do the same at the
// same moment, from its uuid: in [0,1), always the same, and for many hosts
// spread evenly.
func Slot(hostUUID string) float64 {
	sum := sha256.Sum256([]byte(hostUUID))
	return float64(binary.BigEndian.Uint64(sum[:])>>11) / (1 << 53)
}
