package work

import (
	"context"
	"time"
)

// Source tells how much work waits. Its methods may be called by several
// goroutines at once.
type Source interface {
	// Depth looks at one queue. A queue that does not exist has nothing ready,
	// which is known; a broker that cannot be reached is an error, and what the
	// error leaves out is unknown, never empty.
	Depth(ctx context.Context, queue string) (Depth, error)

	// Close ends connections.
	Close() error
}

// Depth is what one queue holds at one instant. What is nil is not known.
type Depth struct {
	Ready     *int           // tasks that nobody has
	Unacked   *int           // tasks that a worker has and has not acknowledged
	Consumers *int           // that listen
	Oldest    *time.Duration // age of the task that has waited longest
	Absent    bool           // there is no such queue
	At        time.Time      // when it was looked at
}

// Workers are those who do the work, as they say themselves. Its methods may
// be called by several goroutines at once.
type Workers interface {
	// Run listens until ctx ends, and connects again as often as it has to.
	Run(ctx context.Context) error

	// Workers is everyone who is known now, by name; the caller owns it. It is
	// complete when whoever lives must have been heard by now: while it is not,
	// nothing follows from anyone's absence.
	Workers() (list []Worker, complete bool)

	// CancelConsumer has a worker take no more work from a queue, and returns when
	// the worker has said so. AddConsumer takes that back.
	CancelConsumer(ctx context.Context, worker, queue string) error
	AddConsumer(ctx context.Context, worker, queue string) error

	// Load asks a worker what it does now, past what it has said by itself.
	Load(ctx context.Context, worker string) (Load, error)

	// Shutdown has a worker end when what it does is done. It returns when the
	// request is with the broker.
	Shutdown(ctx context.Context, worker string) error
}

// Load is what a worker has to do.
type Load struct {
	Active   int // tasks that run
	Reserved int // tasks that it has fetched and not begun
}

// Worker is one worker.
type Worker struct {
	Name      string // "worker@vm-a"
	Host      string // the part after the last @
	PID       int
	Queues    []string // that it takes work from; nil: not known yet
	Slots     int      // tasks that it can run at once; 0: not known yet
	Active    *int     // tasks that run, by its last heartbeat
	Reserved  *int     // tasks that it has fetched and not begun, when last asked
	Processed int64    // tasks since it started

	FirstSeen time.Time // first heartbeat of this process
	LastSeen  time.Time // by our clock
	IdleSince time.Time // since when nothing runs; zero: it works, or nobody knows
	Gone      bool      // it said that it ends, or has been silent for too long
}
