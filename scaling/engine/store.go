package engine

import (
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"golang.org/x/sys/unix"
)

// What lies in the engine's folder.
const (
	lockName    = "lock"      // flock: who has it owns the rest
	tokenName   = "token"     // what the server demands
	formatName  = "format"    // version of what lies here
	addressName = "server"    // where the server listens, as JSON
	storeName   = "jetstream" // JetStream's; the name is its own
)

// format is the version of the folder's layout. One that is greater was made
// by a newer version of this program.
const format = 1

var errLocked = errors.New("another process owns the engine")

// lock is a held lock file.
type lock struct {
	name string
	file *os.File
}

// takeLock takes the lock, or says errLocked at once.
func takeLock(dir string) (*lock, error) {
	name := filepath.Join(dir, lockName)
	for {
		// Go opens files so that no child process has them: a worker that
		// outlives us does not keep the lock.
		f, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE, 0o600)
		if err != nil {
			return nil, fmt.Errorf("open the engine's lock: %w", err)
		}
		if err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
			f.Close()
			if errors.Is(err, unix.EWOULDBLOCK) {
				return nil, errLocked
			}
			return nil, fmt.Errorf("lock %s: %w", name, err)
		}
		l := &lock{name, f}
		if l.inPlace() == nil {
			return l, nil
		}
		f.Close() // somebody put another file in its place meanwhile
	}
}

// inPlace says whether the file that we hold is the one that others would
// lock.
func (l *lock) inPlace() error {
	held, err := l.file.Stat()
	if err != nil {
		return fmt.Errorf("look at the engine's lock: %w", err)
	}
	there, err := os.Stat(l.name)
	if err != nil || !os.SameFile(held, there) {
		return fmt.Errorf("the lock file %s was removed while this process held it, so another might open the same store", l.name)
	}
	return nil
}

func (l *lock) release() { l.file.Close() }

// checkFormat reads the folder's version, and writes it into a new one. To be
// called with the lock.
func checkFormat(dir string) error {
	name := filepath.Join(dir, formatName)
	b, err := os.ReadFile(name)
	if errors.Is(err, fs.ErrNotExist) {
		return writeOwn(name, fmt.Appendln(nil, format))
	}
	if err != nil {
		return fmt.Errorf("read the version of the engine's folder: %w", err)
	}
	text := string(b[:min(len(b), 20)])
	var n int
	if _, err := fmt.Sscanf(text, "%d\n", &n); err != nil || n < 1 {
		return fmt.Errorf("%s says %q and not which version the folder has: write %d there if this version made it", name, text, format)
	}
	if n > format {
		return fmt.Errorf("the engine's folder %s was made by a newer version (its form is %d, this version knows %d): install that version, or name another folder", dir, n, format)
	}
	return nil
}

// ensureToken reads the token, and makes one in a new folder. To be called
// with the lock.
func ensureToken(dir string) (string, error) {
	name := filepath.Join(dir, tokenName)
	token, err := readOwnSecret(name)
	if !errors.Is(err, fs.ErrNotExist) {
		return token, err
	}
	b := make([]byte, 32)
	rand.Read(b)
	token = hex.EncodeToString(b)
	return token, writeOwn(name, []byte(token+"\n"))
}

// place is where the server listens, for the clients of this machine:
//
//	{"address":"127.0.0.1:4222","pid":4711,"since":"2026-02-03T10:00:00Z"}
type place struct {
	Address string    `json:"address"`
	Pid     int       `json:"pid"`
	Since   time.Time `json:"since"`
	// Certificate is the SHA-256 of the server's certificate, in hex; "" is no
	// TLS.
	Certificate string `json:"certificate,omitempty"`
}

func (p *place) write(dir string) error {
	b, err := json.Marshal(p)
	if err != nil {
		return fmt.Errorf("write the server's address: %w", err)
	}
	return writeOwn(filepath.Join(dir, addressName), append(b, '\n'))
}

var errNobody = errors.New("no process has opened the engine yet")

func readPlace(dir string) (*place, error) {
	b, err := os.ReadFile(filepath.Join(dir, addressName))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, errNobody
	}
	if err != nil {
		return nil, fmt.Errorf("read the server's address: %w", err)
	}
	p := &place{}
	if err := json.Unmarshal(b, p); err != nil {
		return nil, fmt.Errorf("read the server's address in %s: %s", filepath.Join(dir, addressName), strconv.Quote(string(b[:min(len(b), 100)])))
	}
	return p, nil
}
