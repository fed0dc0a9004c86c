package xapi

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"
)

func TestCall(t *testing.T) {
	f := newFake(t)
	f.methods["VM.get_uuid"] = func(c call) any { return "uuid of " + c.text(0) }
	f.methods["thing.do"] = func(call) any { return "" }
	f.raw["thing.chunked"] = func(w http.ResponseWriter, _ call) {
		_, _ = w.Write([]byte(`{"result":""}`))
		_ = http.NewResponseController(w).Flush()
		<-time.After(20 * time.Millisecond) // the end comes after the value
		_, _ = w.Write([]byte("\n"))
	}
	c := f.client(t, func(o *Options) { o.UserAgent = "agent/7" })

	var uuid string
	if err := c.Call(t.Context(), "VM.get_uuid", &uuid, "OpaqueRef:vm"); err != nil || uuid != "uuid of OpaqueRef:vm" {
		t.Errorf("Call = %q, %v", uuid, err)
	}
	when := time.Date(2025, 10, 7, 13, 30, 26, 0, time.FixedZone("", 7200))
	err := c.Call(t.Context(), "thing.do", nil, 3, int64(-4), Int(5), 30.0, 0.25, true, when, []string(nil), []string{"a<b"}, "é\n")
	if err != nil {
		t.Fatal(err)
	}
	got := f.seen("thing.do")[0]
	want := `"params":["OpaqueRef:session-1","3","-4","5",30.0,0.25,true,"20251007T11:30:26Z",[],["a<b"],"é\n"]`
	wantIn(t, got.Raw, want)
	if ua := got.r.UserAgent(); ua != "agent/7" {
		t.Errorf("User-Agent %q", ua)
	}
	login := f.seen("session.login_with_password")
	wantIn(t, login[0].Raw, `"params":["","","1.0","perfmon"]`)
	if len(login) != 1 {
		t.Errorf("%d logins, want 1", len(login))
	}
	for range 2 {
		if err := c.Call(t.Context(), "thing.chunked", nil); err != nil {
			t.Fatal(err)
		}
	}
	if f.conns != 1 {
		t.Errorf("%d connections for calls in a row, want one that is kept", f.conns)
	}
}

func TestCallRefusesToSend(t *testing.T) {
	f := newFake(t)
	c := f.client(t)
	for name, p := range map[string]any{
		"bytes that are not text": "a\xffb",
		"too long":                strings.Repeat("x", 300<<10),
		"nested":                  []string{"\xff"},
	} {
		err := c.Call(t.Context(), "thing.do", nil, p)
		if !errors.Is(err, ErrInvalidArgument) || Retriable(err) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if n := len(f.seen("thing.do")); n != 0 {
		t.Errorf("%d calls were sent", n)
	}
}

func TestSessionInvalidLogsInOnce(t *testing.T) {
	f := newFake(t)
	f.methods["thing.get"] = func(call) any { return "it" }
	c := f.client(t)
	for range 2 {
		var got string
		if err := c.Call(t.Context(), "thing.get", &got); err != nil || got != "it" {
			t.Fatalf("Call = %q, %v", got, err)
		}
		f.invalidate()
	}
	if n, _, _, _ := f.counts(); n != 2 {
		t.Errorf("%d logins, want one at first and one after the session was lost", n)
	}

	// A toolstack that refuses every session is asked twice, not for ever.
	f.raw["thing.get"] = text(`{"jsonrpc":"2.0","error":{"code":1,"message":"SESSION_INVALID","data":["OpaqueRef:session-9"]},"id":null}`)
	err := c.Call(t.Context(), "thing.get", nil)
	if !IsCode(err, "SESSION_INVALID") || !Retriable(err) {
		t.Errorf("Call = %v", err)
	}
	if strings.Contains(err.Error(), "OpaqueRef") {
		t.Errorf("the session is in the error: %v", err)
	}
	if n := len(f.seen("thing.get")); n != 5 {
		t.Errorf("%d calls, want 5", n)
	}
}

func TestConcurrentCallsShareOneLogin(t *testing.T) {
	const callers = 8
	f := newFake(t)
	f.methods["thing.warm"] = func(call) any { return "" }
	c := f.client(t)
	if err := c.Call(t.Context(), "thing.warm", nil); err != nil {
		t.Fatal(err)
	}
	f.invalidate()

	// Nobody is refused before all have asked with the same session.
	var all sync.WaitGroup
	all.Add(callers)
	f.raw["thing.get"] = func(w http.ResponseWriter, c call) {
		if c.Session == "OpaqueRef:session-1" {
			all.Done()
			all.Wait()
			text(`{"error":{"message":"SESSION_INVALID","data":[]},"id":null}`)(w, c)
			return
		}
		text(`{"result":"it","id":null}`)(w, c)
	}
	var wg sync.WaitGroup
	for range callers {
		wg.Go(func() {
			if err := c.Call(t.Context(), "thing.get", nil); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if n, _, alive, most := f.counts(); n != 2 || alive != 1 || most != 1 {
		t.Errorf("%d logins, %d sessions alive, %d at most; want 2, 1, 1", n, alive, most)
	}
}

func TestCancelledLoginIsNotLost(t *testing.T) {
	f := newFake(t)
	entered, release := make(chan struct{}), make(chan struct{})
	f.methods["session.login_with_password"] = func(call) any {
		close(entered)
		<-release
		return f.login()
	}
	f.methods["thing.get"] = func(call) any { return "it" }
	c := f.client(t)

	ctx, cancel := context.WithCancel(t.Context())
	failed := make(chan error)
	go func() { failed <- c.Call(ctx, "thing.get", nil) }()
	<-entered
	cancel()
	select {
	case err := <-failed:
		t.Fatalf("the caller did not wait for a login under way: %v", err)
	case <-time.After(50 * time.Millisecond): // far less than the grace
	}
	close(release)
	if err := <-failed; !errors.Is(err, context.Canceled) || Retriable(err) {
		t.Errorf("cancelled Call = %v", err)
	}
	if err := c.Call(t.Context(), "thing.get", nil); err != nil {
		t.Error(err)
	}
	if n, _, _, most := f.counts(); n != 1 || most != 1 {
		t.Errorf("%d logins, want the one whose caller had gone to be used", n)
	}
}

func TestWaitForLoginEndsWithContext(t *testing.T) {
	f := newFake(t)
	c := f.client(t)
	<-c.sessionLock // somebody is logging in
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := c.Call(ctx, "thing.get", nil); !errors.Is(err, context.Canceled) {
		t.Errorf("Call = %v", err)
	}
	c.unlockSession()
}

func TestLogout(t *testing.T) {
	f := newFake(t)
	f.methods["thing.get"] = func(call) any { return "it" }
	c := f.client(t)
	if err := c.Logout(t.Context()); err != nil {
		t.Errorf("Logout without a session = %v", err)
	}
	if err := c.Login(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := c.Logout(t.Context()); err != nil {
		t.Error(err)
	}
	if logins, logouts, alive, _ := f.counts(); logins != 1 || logouts != 1 || alive != 0 {
		t.Errorf("%d logins, %d logouts, %d alive", logins, logouts, alive)
	}
	if err := c.Call(t.Context(), "thing.get", nil); err != nil {
		t.Errorf("Call after Logout = %v", err)
	}
	f.invalidate()
	if err := c.Logout(t.Context()); err != nil {
		t.Errorf("Logout of a session that has gone = %v", err)
	}

	if err := c.Login(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := c.Close(t.Context()); err != nil {
		t.Error(err)
	}
	if err := c.Call(t.Context(), "thing.get", nil); !errors.Is(err, ErrClosed) || Retriable(err) {
		t.Errorf("Call after Close = %v", err)
	}
	if _, _, alive, most := f.counts(); alive != 0 || most != 1 {
		t.Errorf("%d sessions alive after Close, %d at most", alive, most)
	}
}

func TestNullSessionIsAnError(t *testing.T) {
	for _, result := range []any{nil, "", "OpaqueRef:NULL"} {
		f := newFake(t)
		f.methods["session.login_with_password"] = func(call) any { return result }
		if err := f.client(t).Login(t.Context()); !errors.Is(err, ErrNullRef) {
			t.Errorf("Login with %v = %v", result, err)
		}
	}
}

func TestCallFailures(t *testing.T) {
	const secret = "OpaqueRef:session-1"
	fails := func(name string, reply func(http.ResponseWriter, call), kind string, retriable bool, says string) {
		t.Run(name, func(t *testing.T) {
			f := newFake(t)
			f.raw["thing.get"] = reply
			c := f.client(t, func(o *Options) { o.MaxReplyBytes = 4 << 10 })
			if err := c.Login(t.Context()); err != nil {
				t.Fatal(err)
			}
			if kind == "deadline" {
				c.opts.CallTimeout = 500 * time.Millisecond // of the call alone
			}
			var got string
			err := c.Call(t.Context(), "thing.get", &got)
			if err == nil {
				t.Fatalf("no error, result %q", got)
			}
			if k := Kind(err); k != kind {
				t.Errorf("kind %q, want %q: %v", k, kind, err)
			}
			if r := Retriable(err); r != retriable {
				t.Errorf("retriable %v: %v", r, err)
			}
			wantIn(t, err.Error(), says)
			wantIn(t, err.Error(), "call thing.get")
			if strings.Contains(err.Error(), secret) {
				t.Errorf("the session is in the error: %v", err)
			}
		})
	}
	refused := func(code string, params string) func(http.ResponseWriter, call) {
		return text(`{"jsonrpc":"2.0","error":{"code":1,"message":"` + code + `","data":[` + params + `]},"id":null}`)
	}
	fails("not the coordinator", refused("HOST_IS_SLAVE", `"192.0.2.7"`), "HOST_IS_SLAVE", true, `HOST_IS_SLAVE ["192.0.2.7"]`)
	fails("booting", refused("HOST_STILL_BOOTING", ``), "HOST_STILL_BOOTING", true, "HOST_STILL_BOOTING")
	fails("gone", refused("UUID_INVALID", `"VM","u"`), "UUID_INVALID", false, `["VM" "u"]`)
	fails("session as a parameter", refused("HANDLE_INVALID", `"session","`+secret+`"`), "HANDLE_INVALID", false, `"(session)"`)
	fails("html", html(500), "http 500", true, "internal server error")
	fails("html that claims success", html(200), "bad reply", true, `begins with "<html>`)
	fails("cut short", text(`{"jsonrpc":"2.0","result":"`+secret), "bad reply", true, "cut short")
	fails("nothing", text(""), "bad reply", true, "cut short")
	fails("giant", text(`{"result":"`+strings.Repeat("x", 8<<10)+`"}`), "bad reply", true, "over the size limit of 4096 bytes")
	fails("no result", text(`{"jsonrpc":"2.0","id":null}`), "bad reply", true, "neither result nor error")
	fails("another type", text(`{"result":{"a":1}}`), "bad reply", true, "cannot unmarshal object")
	fails("another call's", text(`{"result":"x","id":4711}`), "bad reply", true, `id "4711"`)
	fails("hung", hang, "deadline", true, "deadline exceeded")
	fails("hung in the middle", func(w http.ResponseWriter, c call) {
		_, _ = w.Write([]byte(`{"result":"`))
		_ = http.NewResponseController(w).Flush()
		hang(w, c)
	}, "deadline", true, "deadline exceeded")
}

func TestNobodyListens(t *testing.T) {
	socket := shortDir(t) + "/xapi"
	opts := Options{XAPISocket: socket}
	err := New(opts).Login(t.Context())
	if Kind(err) != "absent" || !Retriable(err) {
		t.Errorf("no socket: kind %q, %v", Kind(err), err)
	}
	l := listen(t, socket)
	l.(interface{ SetUnlinkOnClose(bool) }).SetUnlinkOnClose(false)
	_ = l.Close()
	err = New(opts).Login(t.Context())
	if Kind(err) != "refused" || !Retriable(err) {
		t.Errorf("nobody behind the socket: kind %q, %v", Kind(err), err)
	}
}

func TestOnCallHearsOfEveryExchange(t *testing.T) {
	f := newFake(t)
	f.methods["thing.get"] = func(call) any { return &Error{Code: "HOST_STILL_BOOTING"} }
	var heard []string
	c := f.client(t, func(o *Options) {
		o.OnCall = func(method string, err error, seconds float64) {
			if seconds < 0 {
				t.Errorf("%s took %v s", method, seconds)
			}
			heard = append(heard, method+" "+Kind(err))
		}
	})
	_ = c.Call(t.Context(), "thing.get", nil)
	if got, want := strings.Join(heard, ", "), "session.login_with_password , thing.get HOST_STILL_BOOTING"; got != want {
		t.Errorf("heard %q, want %q", got, want)
	}
}

func TestSessionIsNotLogged(t *testing.T) {
	var log bytes.Buffer
	f := newFake(t)
	f.raw["session.logout"] = html(500)
	c := f.client(t, func(o *Options) {
		o.Logger = slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	})
	if err := c.Login(t.Context()); err != nil {
		t.Fatal(err)
	}
	c.forget(t.Context(), &refusal{session: "OpaqueRef:session-1", err: &HTTPStatusError{Code: 401}})
	wantIn(t, log.String(), "could not be logged out")
	if strings.Contains(log.String(), "session-1") {
		t.Errorf("the session is in the log: %s", log.String())
	}
}
