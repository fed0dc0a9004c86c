package local

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/google/renameio/v2"
)

// uuidFile keeps the uuid of a host without a machine-id, in the state
// directory.
const uuidFile = "host-uuid"

// hostUUID returns the identity of the host: /etc/machine-id in the usual
// form of a uuid. Where that is missing or is no machine-id (32 hexadecimal
// digits, not all of them 0) it is made from the host's name and the
// addresses of its NICs, and kept in stateDir (unless that is ""), so that it
// stays the same when those change. The uuid is good also when there is an
// error: that says why it could not be kept.
func hostUUID(etc, proc, sys, stateDir string) (string, error) {
	if id, err := readFile(filepath.Join(etc, "machine-id")); err == nil {
		if uuid, ok := formatUUID(strings.TrimSpace(string(id))); ok {
			return uuid, nil
		}
	}
	if stateDir == "" {
		return deriveUUID(proc, sys), nil
	}
	path := filepath.Join(stateDir, uuidFile)
	kept, err := readFile(path)
	if uuid, ok := formatUUID(strings.ReplaceAll(strings.TrimSpace(string(kept)), "-", "")); err == nil && ok {
		return uuid, nil
	}
	uuid := deriveUUID(proc, sys)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return uuid, fmt.Errorf("read host uuid: %w", err)
	}
	if err := renameio.WriteFile(path, []byte(uuid+"\n"), 0o600, renameio.WithTempDir(stateDir)); err != nil {
		return uuid, fmt.Errorf("keep host uuid in %q: %w", path, err)
	}
	return uuid, nil
}

// formatUUID writes 32 hexadecimal digits as a uuid.
//
//	3d1219c7c4c5404aaa1f6d2a48adfda4
func formatUUID(digits string) (string, bool) {
	b, err := hex.DecodeString(digits)
	if err != nil || len(b) != 16 || strings.Trim(digits, "0") == "" {
		return "", false
	}
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[0:4], b[4:6], b[6:8], b[8:10], b[10:16]), true
}

// deriveUUID makes a uuid (version 8, RFC 9562) of what tells hosts apart.
func deriveUUID(proc, sys string) string {
	facts := []string{"perfmon host", kernelFact(proc, "hostname")}
	nics, _ := os.ReadDir(filepath.Join(sys, "class/net")) // none is a fact too
	var addresses []string
	for _, n := range nics {
		address, err := readFile(filepath.Join(sys, "class/net", n.Name(), "address"))
		if err == nil && exists(filepath.Join(sys, "class/net", n.Name()), "device") {
			addresses = append(addresses, strings.TrimSpace(string(address)))
		}
	}
	slices.Sort(addresses)
	sum := sha256.Sum256([]byte(strings.Join(append(facts, addresses...), "\n")))
	sum[6] = sum[6]&0x0f | 0x80
	sum[8] = sum[8]&0x3f | 0x80
	uuid, _ := formatUUID(hex.EncodeToString(sum[:16]))
	return uuid
}

// kernelFact reads /proc/sys/kernel/<name>, "" where it cannot be read.
func kernelFact(proc, name string) string {
	data, err := readFile(filepath.Join(proc, "sys/kernel", name))
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(data))
}
