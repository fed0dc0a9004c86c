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
	// error leaves out is unknown, never empty. Errors are *Error.
	Depth(ctx context.Context, queue string) (Depth, error)

	// Close ends connections.
	Close() error
}

// Depth is what one queue holds at one instant. What is nil is not known.
type Depth struct {
	Ready *int // tasks that nobody has

	// Unacked is the tasks that a worker has and has not acknowledged: as many as
	// there can be where that is not known to the instant, so that a task on its
	// way from the queue to a worker is never in neither. Celery acknowledges a
	// task when it begins unless it is told otherwise: what runs is then in the
	// workers' Active and not here.
	Unacked *int

	Consumers *int           // that listen
	Oldest    *time.Duration // age of the task that has waited longest: that or more; 0 when none waits
	Absent    bool           // there is no such queue
	At        time.Time      // when it was looked at
	Partial   error          // why something above is not known; nil when there is no more to say
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
	// the worker has said that it listens no more: Load then misses nothing that it
	// has taken before. AddConsumer takes that back.
	CancelConsumer(ctx context.Context, worker, queue string) error
	AddConsumer(ctx context.Context, worker, queue string) error

	// Load asks a worker what it does now, past what it has said by itself.
	Load(ctx context.Context, worker string) (Load, error)

	// Shutdown has a worker end when what it does is done. It returns when the
	// request is with the broker.
	Shutdown(ctx context.Context, worker string) error

	// TaskTime is how long tasks of a queue run, measured; false: not known.
	TaskTime(queue string) (TaskTime, bool)
}

// TaskTime is how long tasks run.
type TaskTime struct {
	Mean  time.Duration // of the last few hundred tasks, the latest weighing most
	Tasks int64         // that it was measured on
}

// Load is what a worker has to do.
type Load struct {
	Active   int // tasks that run
	Reserved int // tasks that it has fetched and not begun

	// Scheduled is tasks that it has fetched and keeps until their time has come.
	// When it ends they go back to the queue, not begun.
	Scheduled int
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
	Twins     bool      // two processes have this name: no command is sure to reach the right one
}
