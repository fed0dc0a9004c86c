package engine

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/minio/highwayhash"
	"github.com/nats-io/nats-server/v2/server"
)

// The server's block files hold one record after the other (little endian; as
// nats-server 2.15 writes them, filestore.go):
//
//	length 4 | sequence 8 | time 8 | subject's length 2 | subject | [headers' length 4 | headers] | message | hash 8
//
// The length counts all of it, and its highest bit says that there are
// headers. The hash is HighwayHash-64, keyed with the SHA-256 of
// "<stream>-<block>", of sequence, time, subject, headers and message.
const (
	recordHead   = 22
	recordHash   = 8
	headersBit   = 1 << 31
	maxRecord    = 32 << 20
	blockPattern = "*.blk"
)

// compressed is what a compressed block begins with; we do not look into it.
var compressed = []byte("cmp")

// verifyStore looks for records that are damaged in the middle of what a
// stream keeps. The server trusts a block whose last record is whole: it would
// serve what is left, and with a damaged sequence number take all memory there
// is. What is damaged at the end is what was being written when the power
// went; that the server cuts off itself.
func verifyStore(dir string) error {
	streams := filepath.Join(dir, storeName, server.DEFAULT_GLOBAL_ACCOUNT, "streams")
	entries, err := os.ReadDir(streams)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("look at the store: %w", err)
	}
	for _, d := range entries {
		if !d.IsDir() {
			continue
		}
		if err := verifyStream(filepath.Join(streams, d.Name()), d.Name()); err != nil {
			return err
		}
	}
	return nil
}

type block struct {
	name  string
	index int
}

func verifyStream(dir, stream string) error {
	names, err := filepath.Glob(filepath.Join(dir, "msgs", blockPattern))
	if err != nil {
		return fmt.Errorf("look at the store: %w", err)
	}
	var blocks []block
	for _, name := range names {
		b := block{name: name}
		if _, err := fmt.Sscanf(filepath.Base(name), "%d.blk", &b.index); err == nil {
			blocks = append(blocks, b)
		}
	}
	slices.SortFunc(blocks, func(a, b block) int { return cmp.Compare(a.index, b.index) })
	for i, b := range blocks {
		content, err := os.ReadFile(b.name)
		if err != nil {
			return fmt.Errorf("look at the store: %w", err)
		}
		if bytes.HasPrefix(content, compressed) {
			continue
		}
		at, whole := verifyBlock(content, stream, b.index, i == len(blocks)-1)
		if !whole {
			return &final{fmt.Errorf("the store of stream %s is damaged in %s at byte %d: bring the engine's folder back from a backup, or move %s away and what it kept is gone", stream, b.name, at, dir)}
		}
	}
	return nil
}

// verifyBlock returns where a block is damaged. At the end of the last one it
// may be.
func verifyBlock(b []byte, stream string, index int, last bool) (at int, whole bool) {
	key := sha256.Sum256(fmt.Appendf(nil, "%s-%d", stream, index))
	h, err := highwayhash.NewDigest64(key[:])
	if err != nil {
		return 0, true // not with a key of 32 bytes
	}
	for at < len(b) {
		n := record(h, b[at:])
		if n == 0 {
			return at, last && !laterRecord(h, b, at)
		}
		at += n
	}
	return at, true
}

// record is the length of the record that b begins with, 0 if it is not whole.
func record(h *highwayhash.Digest64, b []byte) int {
	if len(b) < recordHead+recordHash {
		return 0
	}
	length := binary.LittleEndian.Uint32(b)
	headers := length&headersBit != 0
	n, subject := int(length&^headersBit), int(binary.LittleEndian.Uint16(b[20:]))
	from := recordHead + subject
	if headers {
		from += 4
	}
	if n > len(b) || n > maxRecord || from > n-recordHash {
		return 0
	}
	if headers { // their length is in no hash
		size := int(binary.LittleEndian.Uint32(b[from-4:]))
		if size > n-recordHash-from || !bytes.HasSuffix(b[from:from+size], []byte("\r\n\r\n")) {
			return 0
		}
	}
	h.Reset()
	h.Write(b[4:20])
	h.Write(b[recordHead : recordHead+subject])
	h.Write(b[from : n-recordHash])
	var sum [highwayhash.Size64]byte
	if !bytes.Equal(h.Sum(sum[:0]), b[n-recordHash:n]) {
		return 0
	}
	return n
}

// laterRecord looks for a whole record behind a damaged one, wherever it
// begins. Most places are no record by their length alone.
func laterRecord(h *highwayhash.Digest64, b []byte, at int) bool {
	const most = 1 << 20 // places; a damaged record is smaller
	for i := at + 1; i < min(len(b), at+most); i++ {
		if record(h, b[i:]) != 0 {
			return true
		}
	}
	return false
}
