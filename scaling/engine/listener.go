package engine

import (
	"bufio"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/netip"
	"os"
	"strconv"
	"strings"
)

// checkListener finds out whose program listens where we have connected to,
// before it is told the token. While no process owns the engine, everybody on
// this machine may listen on a port above 1023.
func checkListener(c net.Conn) error {
	remote, ok := c.RemoteAddr().(*net.TCPAddr)
	if !ok {
		return nil
	}
	at := remote.AddrPort()
	at = netip.AddrPortFrom(at.Addr().Unmap().WithZone(""), at.Port())
	var all []int
	for _, name := range []string{"/proc/net/tcp", "/proc/net/tcp6"} {
		f, err := os.Open(name)
		if errors.Is(err, fs.ErrNotExist) { // no IPv6, or no /proc at all
			continue
		}
		if err != nil {
			return fmt.Errorf("find out who listens on %s: %w", at, err)
		}
		uids, err := listeners(f, at)
		f.Close()
		if err != nil {
			return fmt.Errorf("find out who listens on %s: %s: %w", at, name, err)
		}
		all = append(all, uids...)
	}
	if len(all) == 0 {
		if _, err := os.Stat("/proc/net/tcp"); err != nil {
			return nil // it cannot be known here
		}
		return fmt.Errorf("nobody listens on %s any more", at)
	}
	for _, uid := range all {
		if uid != os.Geteuid() && uid != 0 {
			return fmt.Errorf("a program of user %d listens on %s, where the engine's owner did: it is not told the token; end it, or give the engine another listen address", uid, at)
		}
	}
	return nil
}

// listeners are the users whose sockets listen where a connection to an
// address ends, by a table of the kernel:
//
//	sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
//	 0: 0100007F:107E 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 31337 1 …
//
// An address is of 32-bit words in the machine's order; state 0A is LISTEN.
func listeners(r io.Reader, at netip.AddrPort) ([]int, error) {
	var uids []int
	lines := bufio.NewScanner(r)
	for lines.Scan() {
		f := strings.Fields(lines.Text())
		if len(f) < 8 || f[3] != "0A" {
			continue
		}
		local, err := kernelAddress(f[1])
		if err != nil {
			return nil, err
		}
		if local.Port() != at.Port() || local.Addr() != at.Addr() && !local.Addr().IsUnspecified() {
			continue
		}
		uid, err := strconv.Atoi(f[7])
		if err != nil {
			return nil, fmt.Errorf("user %q is no number", f[7])
		}
		uids = append(uids, uid)
	}
	return uids, lines.Err()
}

func kernelAddress(s string) (netip.AddrPort, error) {
	ip, port, _ := strings.Cut(s, ":")
	b, err := hex.DecodeString(ip)
	n, err2 := strconv.ParseUint(port, 16, 16)
	if err != nil || err2 != nil || len(b) != 4 && len(b) != 16 {
		return netip.AddrPort{}, fmt.Errorf("address %q is not as expected", s)
	}
	for i := 0; i < len(b); i += 4 { // all that we are built for is little endian
		b[i], b[i+1], b[i+2], b[i+3] = b[i+3], b[i+2], b[i+1], b[i]
	}
	a, _ := netip.AddrFromSlice(b)
	return netip.AddrPortFrom(a.Unmap(), uint16(n)), nil
}
