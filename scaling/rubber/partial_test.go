package rubber

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"perfmon/scaling/rubber/plan"
	"perfmon/scaling/rubber/work"
)

// dim is a shop whose broker tells what waits and not what workers have, as
// RabbitMQ does while its management plugin is off.
type dim struct {
	*shop
	off  atomic.Bool // the plugin
	deaf atomic.Bool // and not all workers are known
}

var errOff = &work.Error{Kind: work.Away, Op: "ask the management plugin", Err: errors.New("connection refused"), Hint: "is RabbitMQ's management plugin on, and is its address right?"}

func (d *dim) Depth(ctx context.Context, queue string) (work.Depth, error) {
	depth, err := d.shop.Depth(ctx, queue)
	if err == nil && d.off.Load() {
		depth.Unacked, depth.Oldest, depth.Partial = nil, nil, errOff
	}
	return depth, err
}

func (d *dim) Workers() ([]work.Worker, bool) {
	list, complete := d.shop.Workers()
	return list, complete && !d.deaf.Load()
}

// While a broker does not tell what is unacknowledged, the workers' own word
// counts. Where that is missing as well, demand is unknown and not 0: nothing
// is let go, and the status says why and what to do.
func TestNobodyTellsWhatIsUnacknowledged(t *testing.T) {
	inTime(t, func(r *rig) { r.opts.Plan = nil }, func(r *rig) {
		d := &dim{shop: r.shop}
		r.stop()
		r.opts.Brokers = map[string]Broker{"b": {Source: d, Workers: d}}
		r.start()
		r.shop.add("q", 3, time.Hour)
		r.after(2 * time.Minute)
		r.want(r.states()[plan.Ready] == 3, "3 tasks have %v", r.states())

		// The plugin goes off: the three that run are known by their workers, and
		// what comes is served.
		d.off.Store(true)
		r.shop.add("q", 2, 30*time.Minute)
		r.after(3 * time.Minute)
		p := r.c.Status().Profile("q")
		r.want(p.DemandKnown && p.Waits == 0 && p.Running == 5 && strings.Contains(p.DemandError, "management plugin on"), "by the workers: %+v", p)
		r.want(r.states()[plan.Ready] == 5, "5 tasks have %v", r.states())

		// Nor does anybody know all workers: for hours nothing is let go, though
		// machines say that they are idle.
		d.deaf.Store(true)
		r.after(3 * time.Hour)
		p = r.c.Status().Profile("q")
		r.want(r.shop.done == 5, "%d of 5 tasks are done", r.shop.done)
		r.want(!p.DemandKnown && strings.Contains(p.DemandError, "management plugin on"), "nobody knows: %+v", p)
		r.want(r.states()[plan.Ready] == 5 && r.shop.commands["cancel"] == 0, "%v are left, and %v were said", r.states(), r.shop.commands)

		// All is told again, and they go.
		d.off.Store(false)
		d.deaf.Store(false)
		r.after(time.Hour)
		r.want(len(r.states()) == 0 && len(r.shop.killed) == 0, "%v are left, killed %q", r.states(), r.shop.killed)
	})
}
