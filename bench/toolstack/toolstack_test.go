package toolstack

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"

	"perfmon/rrd"
)

// TestRows asks as a daemon does: each answer but the first has the rows that
// it should, all of them known, and no CPU is so busy that an alarm is raised.
func TestRows(t *testing.T) {
	for _, sources := range []int{13, 30} {
		t.Run(fmt.Sprint(sources), func(t *testing.T) { testRows(t, sources) })
	}
}

func testRows(t *testing.T, sources int) {
	stdin, quit := io.Pipe()
	stdout, out := io.Pipe()
	done := make(chan error, 1)
	go func() { done <- Run(Options{Dir: t.TempDir(), VMs: 3, Sources: sources, Rows: 120}, stdin, out) }()
	lines := bufio.NewScanner(stdout)
	next := func() (l Line) {
		if !lines.Scan() {
			t.Fatal("no line")
		}
		if err := json.Unmarshal(lines.Bytes(), &l); err != nil {
			t.Fatal(err)
		}
		return l
	}
	at := next()
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true, DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "unix", at.RRDD)
	}}}
	start := int64(-5)
	for n := 1; n <= 4; n++ {
		reply, err := client.Get(fmt.Sprintf("http://localhost/rrd_updates?start=%d&interval=5&cf=AVERAGE&host=true", start))
		if err != nil {
			t.Fatal(err)
		}
		request := rrd.NewDecoder(reply.Body, rrd.DecoderOptions{})
		h, err := request.Header()
		if err != nil {
			t.Fatal(err)
		}
		rows := 0
		for {
			row, err := request.Next()
			if err == io.EOF {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			rows++
			for i, v := range row.Values {
				name := h.Legend.Entries[i].Name
				if v != v || strings.HasPrefix(name, "cpu") && v > 0.9 {
					t.Fatalf("answer %d: %s is %v at %d", n, name, v, row.T)
				}
			}
		}
		reply.Body.Close()
		if line := next(); line.Answer != n || line.Bytes == 0 {
			t.Errorf("answer %d is told of as %+v", n, line)
		}
		if n > 1 && (rows != 120 || h.Step != step || len(h.Legend.Entries) != 3*sources+4) {
			t.Errorf("answer %d has %d rows of %d s and %d columns", n, rows, h.Step, len(h.Legend.Entries))
		}
		start = h.End + 1
	}
	quit.Close()
	if err := <-done; err != nil {
		t.Error(err)
	}
}
