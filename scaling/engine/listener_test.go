package engine

import (
	"net"
	"net/netip"
	"os"
	"slices"
	"strings"
	"testing"
)

func TestListeners(t *testing.T) {
	const head = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"
	const tail = " 00000000:00000000 00:00000000 00000000  %d        0 31337 1 0000000000000000 100 0 0 10 0\n"
	line := func(address, state, uid string) string {
		return "   0: " + address + " 00000000:0000 " + state + strings.Replace(tail, "%d", uid, 1)
	}
	f := func(table, at string, want ...int) {
		t.Helper()
		got, err := listeners(strings.NewReader(head+table), netip.MustParseAddrPort(at))
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("%v %v, not %v", got, err, want)
		}
	}
	f("", "127.0.0.1:4222")
	f(line("0100007F:107E", "0A", "12"), "127.0.0.1:4222", 12)
	f(line("0100007F:107F", "0A", "12"), "127.0.0.1:4222")
	f(line("0100007F:107E", "01", "12"), "127.0.0.1:4222")
	f(line("0200007F:107E", "0A", "12")+line("00000000:107E", "0A", "13"), "127.0.0.1:4222", 13)
	f(line("00000000000000000000000001000000:107E", "0A", "14"), "[::1]:4222", 14)
	f(line("00000000000000000000000000000000:107E", "0A", "15"), "[::1]:4222", 15)
	f(line("0000000000000000FFFF00000100007F:107E", "0A", "16"), "127.0.0.1:4222", 16)
	for _, bad := range []string{line("xyz", "0A", "1"), line("0100007F:107E", "0A", "root"), line("0100:107E", "0A", "1")} {
		if _, err := listeners(strings.NewReader(bad), netip.MustParseAddrPort("127.0.0.1:4222")); err == nil {
			t.Error(bad)
		}
	}
}

func TestListenerOfOurs(t *testing.T) {
	if _, err := os.Stat("/proc/net/tcp"); err != nil {
		t.Skip("there is no /proc")
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	c, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if err := checkListener(c); err != nil {
		t.Error(err)
	}
	l.Close()
	wants(t, checkListener(c), "nobody listens")
}
