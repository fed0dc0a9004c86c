package xapi

import (
	"context"
	"errors"
	"io"
	"testing"
	"testing/synctest"
	"time"
)

// pipeBody is a body whose Read ends with its context, as an HTTP body does.
func pipeBody(ctx context.Context) (*io.PipeWriter, *io.PipeReader) {
	r, w := io.Pipe()
	context.AfterFunc(ctx, func() { _ = w.CloseWithError(errors.New("connection closed")) })
	return w, r
}

func TestIdleBody(t *testing.T) {
	const idle = 30 * time.Second
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancelCause(t.Context())
		w, r := pipeBody(ctx)
		body := newIdleBody(ctx, cancel, r, idle)
		buf := make([]byte, 8)

		go func() {
			time.Sleep(idle - time.Nanosecond) // just in time
			_, _ = w.Write([]byte("a"))
			time.Sleep(3 * idle) // the reader is busy for longer than this
			_, _ = w.Write([]byte("b"))
		}()
		if n, err := body.Read(buf); n != 1 || err != nil {
			t.Errorf("a byte just before the deadline: %d, %v", n, err)
		}
		time.Sleep(10 * idle) // the reader's own time does not count
		if n, err := body.Read(buf); n != 1 || err != nil {
			t.Errorf("after a pause of the reader: %d, %v", n, err)
		}

		began := time.Now()
		if n, err := body.Read(buf); n != 0 || !errors.Is(err, ErrStalled) {
			t.Errorf("nothing comes: %d, %v", n, err)
		}
		if d := time.Since(began); d != idle {
			t.Errorf("gave up after %v of bubble time, want %v", d, idle)
		}
		if _, err := body.Read(buf); !errors.Is(err, ErrStalled) {
			t.Errorf("read on: %v", err)
		}
		if err := body.Close(); err != nil {
			t.Error(err)
		}
	})
}

func TestIdleBodyEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancelCause(t.Context())
		w, r := pipeBody(ctx)
		body := newIdleBody(ctx, cancel, r, time.Second)
		go func() { _, _ = w.Write([]byte("abc")); _ = w.Close() }()
		if got, err := io.ReadAll(body); string(got) != "abc" || err != nil {
			t.Errorf("%q, %v", got, err)
		}
		_ = body.Close()
		if cause := context.Cause(ctx); cause != context.Canceled {
			t.Errorf("Close leaves the request with %v", cause)
		}
	})
}
