package xapi

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"
)

// idleBody is the body of an answer whose sender may hang: a Read that gets
// nothing for a while ends with ErrStalled. Time that the reader spends
// between Reads does not count.
type idleBody struct {
	ctx    context.Context // of the request
	cancel context.CancelCauseFunc
	body   io.ReadCloser
	idle   time.Duration
	timer  *time.Timer
}

// newIdleBody takes over the body and the cancellation of its request.
func newIdleBody(ctx context.Context, cancel context.CancelCauseFunc, body io.ReadCloser, idle time.Duration) *idleBody {
	b := &idleBody{ctx: ctx, cancel: cancel, body: body, idle: idle}
	b.timer = time.AfterFunc(idle, func() { cancel(ErrStalled) })
	b.timer.Stop()
	return b
}

func (b *idleBody) Read(p []byte) (int, error) {
	b.timer.Reset(b.idle)
	n, err := b.body.Read(p)
	b.timer.Stop()
	if err != nil && !errors.Is(err, io.EOF) {
		if cause := context.Cause(b.ctx); cause != nil {
			err = cause
		}
		err = fmt.Errorf("read rrd_updates: %w", err)
	}
	return n, err
}

// Close ends the request, whether its body has been read or not.
func (b *idleBody) Close() error {
	b.timer.Stop()
	b.cancel(context.Canceled)
	return b.body.Close()
}
