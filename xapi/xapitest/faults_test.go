package xapitest

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"
)

const good = `<?xml version="1.0" encoding="UTF-8"?>` + "\n" +
	`<xport><meta><start>1766000740</start><step>5</step><end>1766000745</end><rows>2</rows><columns>2</columns>` +
	`<legend><entry>AVERAGE:host:h:a</entry><entry>AVERAGE:vm:v:b</entry></legend></meta>` +
	`<data><row><t>1766000745</t><v>3</v><v>4</v></row><row><t>1766000740</t><v>1</v><v>2</v></row></data></xport>`

// faulty is a server with the rows of good.
func faulty(t *testing.T, v Version) client {
	c := start(t, Options{HostUUID: "h", Version: v})
	c.s.AddRow(1766000740, 5, Sample{"host", "h", "a", 1}, Sample{"vm", "v", "b", 2})
	c.s.AddRow(1766000745, 5, Sample{"host", "h", "a", 3}, Sample{"vm", "v", "b", 4})
	return c
}

const goodQuery = "/rrd_updates?start=1766000737&host=true&cf=AVERAGE"

func TestDocumentFaults(t *testing.T) {
	f := func(fault Fault, want string) {
		t.Helper()
		c := faulty(t, Head)
		fault.Count = 1
		i := c.s.Install(fault)
		if _, got, err := c.try(RRDD, goodQuery); got != want {
			t.Errorf("%v: got %s (%v)\nwant %s", fault.Kind, got, err, want)
		}
		if i.Hits() != 1 {
			t.Errorf("%v: hit %d times", fault.Kind, i.Hits())
		}
		if q := c.s.Requests(); q[0].Fault != fault.Kind.String() {
			t.Errorf("%v: recorded %+v", fault.Kind, q)
		}
		if _, got := c.get(RRDD, goodQuery); got != good {
			t.Errorf("%v: not used up: got %s", fault.Kind, got)
		}
	}
	with := func(old, new string) string { return strings.Replace(good, old, new, 1) }
	f(Fault{Kind: ShortRow}, with("<v>4</v>", ""))
	f(Fault{Kind: ShortRow, At: 1}, with("<v>2</v>", ""))
	f(Fault{Kind: LongRow}, with("<v>4</v>", "<v>4</v><v>0.5</v>"))
	f(Fault{Kind: BadNumber, At: 1}, with("<v>4</v>", "<v>bogus</v>"))
	f(Fault{Kind: BadNumber, Text: "4<"}, with("<v>3</v>", "<v>4&lt;</v>"))
	f(Fault{Kind: BadLegend, At: 1}, with("AVERAGE:vm:v:b", "bogus"))
	f(Fault{Kind: HTMLPage}, htmlPage)
	f(Fault{Kind: WrongForm}, `{"meta":{"start":"1766000740","step":"5","end":"1766000745","rows":"2","columns":"2",`+
		`"legend":["AVERAGE:host:h:a","AVERAGE:vm:v:b"]},"data":[{"t":"1766000745","values":["3","4"]},{"t":"1766000740","values":["1","2"]}]}`)
	f(Fault{Kind: Truncate, At: 100}, good[:100])
	f(Fault{Kind: Truncate}, "")
	f(Fault{Kind: Truncate, At: -9}, good[:len(good)-9])
	f(Fault{Kind: Truncate, At: 1 << 30}, good[:len(good)-1])
	f(Fault{Kind: Garbage, At: 250}, good[:250]+string(garbage)+good[250+len(garbage):])
	f(Fault{Kind: Oversize, At: 900}, with("</data>", strings.Repeat("<row><t>1766000745</t><v>3</v><v>4</v></row><row><t>1766000740</t><v>1</v><v>2</v></row>", 7)+"</data>"))
}

func TestOversizeForms(t *testing.T) {
	for _, v := range []Version{Head, V23, R2013} {
		c := faulty(t, v)
		c.s.Install(Fault{Kind: Oversize, At: 1 << 20})
		_, body, err := c.try(RRDD, goodQuery+"&json=1")
		if err != nil || len(body) < 1<<20-300 || len(body) > 1<<20+300 || !strings.HasSuffix(body, "}]}") && !strings.HasSuffix(body, "}]}}") {
			t.Errorf("%s: %d bytes ending in %q (%v)", v, len(body), body[max(0, len(body)-20):], err)
		}
	}
	// Without an end it goes on until the client has had enough.
	c := faulty(t, Head)
	c.s.Install(Fault{Kind: Oversize})
	resp, err := c.http(RRDD).Get("http://localhost" + goodQuery)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if n, err := io.CopyN(io.Discard, resp.Body, 4<<20); err != nil {
		t.Errorf("after %d bytes: %v", n, err)
	}
}

func TestStatusFaults(t *testing.T) {
	c := faulty(t, Head)
	for _, code := range []int{401, 403, 404, 500, 501, 503, 418} {
		c.s.Install(Fault{Endpoint: XAPI, Path: "/rrd_updates", Kind: Status, Code: code, Count: 1})
		if got, _ := c.get(XAPI, goodQuery); got != code {
			t.Errorf("got %d, want %d", got, code)
		}
	}
	// Which requests a fault is for.
	c.s.Install(Fault{Endpoint: RRDD, Kind: Status, Code: 500, Skip: 1, Count: 2})
	if got, _ := c.get(XAPI, goodQuery); got != 200 {
		t.Errorf("another endpoint: got %d", got)
	}
	for i, want := range []int{200, 500, 500, 200} {
		if got, _ := c.get(RRDD, goodQuery); got != want {
			t.Errorf("request %d: got %d, want %d", i, got, want)
		}
	}
	for _, clear := range []func(i *Installed){func(*Installed) { c.s.ClearFaults() }, (*Installed).Clear} {
		i := c.s.Install(Fault{Kind: Status, Code: 500})
		for range 3 {
			if got, _ := c.get(RRDD, goodQuery); got != 500 {
				t.Errorf("until cleared: got %d", got)
			}
		}
		clear(i)
		if got, _ := c.get(RRDD, goodQuery); got != 200 {
			t.Errorf("cleared: got %d", got)
		}
	}
}

func TestHanging(t *testing.T) {
	for _, fault := range []Fault{{Kind: HangHeader}, {Kind: HangBody, At: 10}} {
		c := faulty(t, Head)
		c.s.Install(fault)
		ctx, cancel := context.WithCancel(t.Context())
		req, err := http.NewRequestWithContext(ctx, "GET", "http://localhost"+goodQuery, nil)
		if err != nil {
			t.Fatal(err)
		}
		done := make(chan error)
		go func() {
			resp, err := c.http(RRDD).Do(req)
			if err == nil {
				_, err = io.ReadAll(resp.Body)
				resp.Body.Close()
			}
			done <- err
		}()
		if err := c.s.WaitFor(t.Context(), func() bool { return len(c.s.Requests()) > 0 }); err != nil {
			t.Fatal(err)
		}
		select {
		case err := <-done:
			t.Errorf("%v: ended with %v", fault.Kind, err)
		case <-time.After(20 * time.Millisecond):
		}
		if fault.Kind == HangHeader {
			cancel() // the client gives up
			if err := <-done; !errors.Is(err, context.Canceled) {
				t.Errorf("%v: %v", fault.Kind, err)
			}
		} else {
			if err := c.s.Close(); err != nil { // or the server
				t.Error(err)
			}
			if err := <-done; !errors.Is(err, io.ErrUnexpectedEOF) {
				t.Errorf("%v: %v", fault.Kind, err)
			}
		}
		cancel()
	}
}

func TestRPCFaults(t *testing.T) {
	c := start(t, Options{HostUUID: "h"})
	s := c.login()
	create := func() (any, string) { return c.rpc("message.create", s, "ALARM", "3", "Host", "h", "b") }
	f := func(fault Fault, result any, want string) {
		t.Helper()
		fault.Method, fault.Count = "message.create", 1
		c.s.Install(fault)
		if _, failed := c.rpc("pool.get_all", s); failed != "" {
			t.Errorf("%v: another method fails with %s", fault.Kind, failed)
		}
		if got, failed := create(); failed != want || got != result {
			t.Errorf("%v: got %v, %q, want %v, %q", fault.Kind, got, failed, result, want)
		}
	}
	f(Fault{Kind: RPCFailure, Failure: []string{"INTERNAL_ERROR", "disk full"}}, nil, "INTERNAL_ERROR disk full")
	f(Fault{Kind: RPCFailure, Failure: []string{"SESSION_INVALID", "x"}}, nil, "SESSION_INVALID x")
	f(Fault{Kind: NullRef}, "OpaqueRef:NULL", "")
	if n := len(c.s.Messages()); n != 0 {
		t.Errorf("%d messages were stored", n)
	}
	// For one object alone.
	c.s.Install(Fault{Kind: RPCFailure, Object: "h", Failure: []string{"HANDLE_INVALID", "host", "h"}})
	if _, failed := create(); failed != "HANDLE_INVALID host h" {
		t.Errorf("for the object: %q", failed)
	}
	if _, failed := c.rpc("message.create", s, "ALARM", "3", "Pool", UUID("pool"), "b"); failed != "" {
		t.Errorf("for another object: %q", failed)
	}
	c.s.ClearFaults()

	// A toolstack that refuses all calls leaves the fault to the next.
	c.s.SetEmergency("HOST_STILL_BOOTING")
	i := c.s.Install(Fault{Kind: RPCFailure, Failure: []string{"INTERNAL_ERROR"}, Count: 1})
	c.post(XAPI, "/jsonrpc", `{"method":"pool.get_all","params":["`+s+`"],"id":1}`)
	c.s.SetEmergency()
	if i.Hits() != 0 {
		t.Error("the fault is used up by a call that was refused all the same")
	}
	if _, failed := c.rpc("pool.get_all", "no session"); failed != "INTERNAL_ERROR" {
		t.Errorf("without a session: %q", failed)
	}

	// Carried out, or not, and no answer.
	for kind, stored := range map[FaultKind]int{LostAnswer: 2, Cut: 2} {
		before := len(c.s.Messages())
		c.s.Install(Fault{Kind: kind, Method: "message.create", Count: 1})
		_, err := c.http(XAPI).Post("http://localhost/jsonrpc", "application/json",
			strings.NewReader(`{"method":"message.create","params":["`+s+`","ALARM","3","Host","h","b"],"id":1}`))
		if !errors.Is(err, io.EOF) {
			t.Errorf("%v: the client gets %v", kind, err)
		}
		if got := len(c.s.Messages()) - before; got != stored-1 && kind == LostAnswer || got != 0 && kind == Cut {
			t.Errorf("%v: %d messages were stored", kind, got)
		}
	}
	if q := c.s.Requests(); q[len(q)-1].Status != 0 && q[len(q)-2].Status != 0 {
		t.Errorf("recorded a status for a cut request: %+v", q[len(q)-2:])
	}
}

func TestFaultNames(t *testing.T) {
	for k := Status; k <= NullRef; k++ {
		if got, ok := ParseFaultKind(k.String()); !ok || got != k {
			t.Errorf("%d is called %q, which is %d", k, k, got)
		}
	}
	if _, ok := ParseFaultKind("nothing"); ok {
		t.Error("a word that is no fault was accepted")
	}
}
