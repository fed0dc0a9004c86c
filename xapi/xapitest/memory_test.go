package xapitest

import (
	"bufio"
	"context"
	"fmt"
	"net/http"
	"testing"
	"testing/synctest"
	"time"
)

// TestMemory: without sockets the server and its clients live by the clock of a
// bubble, in which a day costs nothing.
func TestMemory(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := New(Options{Memory: true})
		if err := s.Start(); err != nil {
			t.Fatal(err)
		}
		s.SetSeries("host", s.HostUUID(), "cpu0", func(int64) float64 { return 0.5 })
		time.Sleep(24 * time.Hour)
		for _, e := range []Endpoint{RRDD, TCP} {
			network := map[Endpoint]string{RRDD: "unix", TCP: "tcp"}[e]
			conn, err := s.Dial(t.Context(), network, s.Addr(e))
			if err != nil {
				t.Fatal(err)
			}
			fmt.Fprintf(conn, "GET /rrd_updates?start=%d&host=true HTTP/1.1\r\nHost: x\r\n\r\n", time.Now().Unix()-60)
			resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
			if err != nil {
				t.Fatal(err)
			}
			if want := map[Endpoint]int{RRDD: 200, TCP: 401}[e]; resp.StatusCode != want {
				t.Errorf("%s: %s, want %d", e, resp.Status, want)
			}
			resp.Body.Close()
			conn.Close()
		}
		if err := s.SetListening(RRDD, false, false); err != nil {
			t.Fatal(err)
		}
		for _, address := range []string{s.Addr(RRDD), "/elsewhere"} {
			if conn, err := s.Dial(context.Background(), "unix", address); err == nil {
				conn.Close()
				t.Errorf("connected to %s, where nobody listens", address)
			}
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
}
