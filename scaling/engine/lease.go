package engine

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"

	"github.com/nats-io/nuid"
)

// LeaseOptions say how a lease is held.
type LeaseOptions struct {
	// TTL is how long others wait for a holder that says nothing any more. 0
	// is 15 s; at least 1 s. The holder renews four times within it, and takes
	// itself for not holding it after two thirds.
	TTL time.Duration
	// Holder is who we are, for people; "" is host and process.
	Holder string
}

const (
	defaultLeaseTTL = 15 * time.Second
	minLeaseTTL     = time.Second
	maxLeaseTTL     = 10 * time.Minute
)

// holding is what the key of a lease has:
//
//	{"id":"Vd1…","holder":"xen-03, process 811","ttl_ms":15000,"token":42}
type holding struct {
	ID     string `json:"id"` // of one Acquire, so that nobody takes another's for his own
	Holder string `json:"holder"`
	TTL    int64  `json:"ttl_ms"`
	Token  uint64 `json:"token,omitempty"` // absent in the first write, whose revision it is
}

func (h *holding) ttl() time.Duration {
	return min(max(time.Duration(h.TTL)*time.Millisecond, minLeaseTTL), maxLeaseTTL)
}

// ErrLost is why the methods of a lease fail that is no longer ours.
var ErrLost = errors.New("the lease is lost")

// Lease is a key that one holder has at a time.
//
// No clock is compared with another machine's, and none that can be set is
// asked. A holder counts from the moment before it sent its last renewal, by a
// clock that also runs while the machine sleeps; who waits counts from the
// moment after it saw that renewal and takes the lease by writing on condition
// that it is still the last one. So the holder's time is over first, as long
// as the two clocks do not differ by a third in speed. A process that was
// stopped in between learns of it too late, and what it does in that instant
// has to be refused by others: Put and Delete of the lease are refused by the
// server, and Token grows with each holder.
type Lease struct {
	b     *Bucket
	key   string
	self  holding
	lost  chan struct{}
	ended chan struct{} // closed when the renewals have ended
	stop  context.CancelFunc

	// renewing is held while the key is written and it is not known what
	// revision it has.
	renewing sync.Mutex

	mu sync.Mutex
	// mu guards everything that follows
	revision uint64
	until    time.Duration // by sinceBoot
	err      error         // why it was lost
}

// Acquire waits until the lease is ours and holds it until Release, or until
// it is lost. Nobody can have it within its TTL after a holder was killed.
func (b *Bucket) Acquire(ctx context.Context, key string, o LeaseOptions) (*Lease, error) {
	if o.TTL == 0 {
		o.TTL = defaultLeaseTTL
	}
	if o.TTL < minLeaseTTL || o.TTL > maxLeaseTTL {
		return nil, fmt.Errorf("engine: lease %s: a time to live of %v: it has to be %v to %v", key, o.TTL, minLeaseTTL, maxLeaseTTL)
	}
	if err := b.check(key); err != nil {
		return nil, err
	}
	if o.Holder == "" {
		host, _ := os.Hostname() // for people; without it there is the process
		o.Holder = fmt.Sprintf("%s, process %d", host, os.Getpid())
	}
	l := &Lease{
		b: b, key: key, self: holding{ID: nuid.Next(), Holder: o.Holder, TTL: o.TTL.Milliseconds()},
		lost: make(chan struct{}), ended: make(chan struct{}),
	}
	if err := l.take(ctx); err != nil {
		return nil, fmt.Errorf("engine: wait for lease %s of bucket %s: %w", key, b.name, err)
	}
	run, stop := context.WithCancel(context.WithoutCancel(ctx))
	l.stop = stop
	go l.run(run)
	return l, nil
}

// take waits until nobody holds the lease and takes it.
func (l *Lease) take(ctx context.Context) error {
	var (
		seen  uint64        // revision of the other's last renewal
		since time.Duration // when we saw it first
	)
	for {
		h, revision, err := l.read(ctx)
		now := sinceBoot()
		switch {
		case errors.Is(err, ErrNotFound):
			if done, err := l.claim(ctx, 0); done || err != nil {
				return err
			}
			continue
		case err != nil:
			return err
		case revision != seen:
			seen, since = revision, now
		case now-since >= max(h.ttl(), l.self.ttl()):
			if done, err := l.claim(ctx, revision); done || err != nil {
				return err
			}
			continue
		}
		pause(ctx, min(max(l.self.ttl()/20, 50*time.Millisecond), time.Second), nil)
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
}

func (l *Lease) read(ctx context.Context) (holding, uint64, error) {
	e, err := l.b.Get(ctx, l.key)
	if err != nil {
		return holding{}, 0, err
	}
	var h holding
	if err := json.Unmarshal(e.Value, &h); err != nil {
		return holding{}, 0, fmt.Errorf("key %s holds %q and no lease: name another key", l.key, e.Value[:min(len(e.Value), 60)])
	}
	return h, e.Revision, nil
}

// claim writes the first holding over the revision given, 0 for none. It says
// false if another was quicker.
func (l *Lease) claim(ctx context.Context, over uint64) (bool, error) {
	body, err := json.Marshal(l.self)
	if err != nil {
		return false, err
	}
	begun := sinceBoot()
	var revision uint64
	if over == 0 {
		revision, err = l.b.Create(ctx, l.key, body)
	} else {
		revision, err = l.b.Update(ctx, l.key, body, over)
	}
	if errors.Is(err, ErrConflict) || errors.Is(err, ErrExists) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	l.self.Token = revision
	l.mu.Lock()
	defer l.mu.Unlock()
	l.revision, l.until = revision, begun+l.lasts()
	return true, nil
}

// lasts is how long after a renewal was sent we take the lease for ours.
func (l *Lease) lasts() time.Duration { return l.self.ttl() * 2 / 3 }

// run renews until the lease is lost or the context ends. Lost does not wait
// for a renewal that is under way.
func (l *Lease) run(ctx context.Context) {
	defer close(l.ended)
	ctx, cancel := context.WithCancel(ctx)
	var wg sync.WaitGroup
	defer wg.Wait()
	defer cancel()
	defer close(l.lost)
	gone := make(chan error, 1)
	wg.Go(func() {
		for ctx.Err() == nil {
			pause(ctx, l.self.ttl()/4, nil)
			if err := l.renew(ctx); errors.Is(err, ErrConflict) || errors.Is(err, ErrNotFound) || errors.Is(err, ErrClosed) {
				gone <- err
				return
			}
		}
	})
	for {
		left := l.left()
		if left <= 0 {
			l.lose(fmt.Errorf("it could not be renewed within %v", l.lasts()))
			return
		}
		// Not all that is left at once, because the clock that runs while the
		// machine sleeps wakes nobody.
		t := time.NewTimer(min(left, l.self.ttl()/20))
		select {
		case <-ctx.Done():
		case <-t.C:
		case err := <-gone:
			l.lose(err)
		case <-l.b.e.ended:
			l.lose(ErrClosed)
		}
		t.Stop()
		if ctx.Err() != nil || l.Err() != nil {
			return
		}
	}
}

func (l *Lease) lose(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.err, l.until = err, 0
}

// renew writes the holding again.
func (l *Lease) renew(ctx context.Context) error {
	body, err := json.Marshal(l.self)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, l.left())
	defer cancel()
	l.renewing.Lock()
	defer l.renewing.Unlock()
	begun := sinceBoot()
	revision, err := l.b.Update(ctx, l.key, body, l.at())
	if errors.Is(err, ErrConflict) {
		// A renewal that nobody waited for any more may have been stored.
		h, found, e := l.read(ctx)
		if e != nil {
			return e
		}
		if h.ID != l.self.ID {
			return fmt.Errorf("%s has taken it: %w", h.Holder, err)
		}
		l.set(found, 0)
		return nil
	}
	if err != nil {
		return err
	}
	l.set(revision, begun+l.lasts())
	return nil
}

func (l *Lease) at() uint64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.revision
}

func (l *Lease) set(revision uint64, until time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.revision = revision
	if l.err == nil {
		l.until = max(l.until, until)
	}
}

func (l *Lease) left() time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.until - sinceBoot()
}

// Held says whether the lease is ours at this instant. It is worth to be asked
// before each act: after the machine slept, it knows before Lost does.
func (l *Lease) Held() bool {
	select {
	case <-l.lost:
		return false
	default:
		return l.left() > 0
	}
}

// Lost is closed when the lease is no longer ours, a third of its TTL before
// anybody else can have it; and by Release.
func (l *Lease) Lost() <-chan struct{} { return l.lost }

// Err is why the lease was lost; nil while it is held and after Release.
func (l *Lease) Err() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.err == nil {
		return nil
	}
	return fmt.Errorf("engine: lease %s of bucket %s: %w: %w", l.key, l.b.name, ErrLost, l.err)
}

// Token is greater than those of all holders before, in this bucket.
func (l *Lease) Token() uint64 { return l.self.Token }

// Put writes a key of the lease's bucket, unless the lease is no longer ours:
// the server refuses the write then, with ErrLost.
func (l *Lease) Put(ctx context.Context, key string, value []byte) (uint64, error) {
	return l.fenced(ctx, "write", key, value, false)
}

// Delete deletes a key of the lease's bucket as Put writes one.
func (l *Lease) Delete(ctx context.Context, key string) error {
	_, err := l.fenced(ctx, "delete", key, nil, true)
	return err
}

func (l *Lease) fenced(ctx context.Context, doing, key string, value []byte, remove bool) (uint64, error) {
	header := deletion
	if !remove {
		header = nil
	}
	for {
		left := l.left()
		if left <= 0 || !l.Held() {
			return 0, fmt.Errorf("engine: %s %s of bucket %s: %w", doing, key, l.b.name, ErrLost)
		}
		// A write that is on its way when the time is over ends then, too.
		tryCtx, cancel := context.WithTimeout(ctx, left)
		revision := l.at()
		rev, err := l.b.write(tryCtx, doing, key, value, header, &expect{revision: &revision, other: l.key})
		cancel()
		switch {
		case errors.Is(err, ErrConflict):
			if l.settled() == revision {
				return 0, fmt.Errorf("engine: %s %s of bucket %s: %w", doing, key, l.b.name, ErrLost)
			}
		case ctx.Err() == nil && errors.Is(err, context.DeadlineExceeded): // the lease's time is over, or was prolonged
		default:
			return rev, err
		}
	}
}

// settled is the revision when no renewal is under way.
func (l *Lease) settled() uint64 {
	l.renewing.Lock()
	defer l.renewing.Unlock()
	return l.at()
}

// Release gives the lease back, so that the next need not wait, and waits
// until nothing of it runs any more. What holds it must have ended before.
func (l *Lease) Release(ctx context.Context) error {
	held := l.Held()
	l.stop()
	<-l.ended
	l.lose(nil)
	if !held {
		return nil
	}
	err := l.b.Delete(ctx, l.key, l.at())
	if errors.Is(err, ErrConflict) { // the last renewal was stored, and nobody waited for it
		h, revision, e := l.read(ctx)
		if errors.Is(e, ErrNotFound) || e == nil && h.ID != l.self.ID {
			return nil
		}
		if err = e; e == nil {
			err = l.b.Delete(ctx, l.key, revision)
		}
	}
	if err != nil && !errors.Is(err, ErrConflict) {
		return err
	}
	return nil
}
