package outbox

import (
	"context"
	"time"
)

// tend lets the driver do what is due beside deliveries.
func (r *runner) tend(ctx context.Context) {
	bounded, cancel := context.WithTimeout(ctx, r.o.opts.Timeout)
	wait, err := r.tends.Tend(bounded)
	cancel()
	if err == nil {
		r.untended = 0
		r.tendAt = time.Now().Add(max(wait, firstWait))
		return
	}
	r.untended++
	r.tendAt = time.Now().Add(backoff(r.untended, longestWait, r.o.opts.Rand()))
	if ctx.Err() != nil {
		return // the end of Run says nothing
	}
	if r.untended == 1 {
		r.o.log.Warn("what the sink has to do beside deliveries is not done: tried again later", "err", err)
	} else {
		r.o.log.Debug("what the sink has to do beside deliveries is not done", "tries", r.untended, "err", err)
	}
}

// tendSoon says that a delivery may have changed what is due. A try that
// failed waits nevertheless.
func (r *runner) tendSoon() {
	if r.untended == 0 {
		r.tendAt = time.Time{}
	}
}
