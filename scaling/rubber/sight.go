package rubber

import (
	"net/netip"
	"slices"
	"strings"
	"time"

	"perfmon/scaling/rubber/cloud"
	"perfmon/scaling/rubber/work"
)

// sight is what is known of one machine at one instant.
type sight struct {
	now      time.Time
	listed   bool            // its cloud's last list is complete and fresh
	began    time.Time       // when that list was asked for
	instance *cloud.Instance // in that list; nil: it is not there, or there is no list
	workers  []work.Worker   // on it, gone ones as well
	strays   []stray         // workers of another name, one of which may be its
	heard    bool            // the list of workers is complete
	refused  string          // why no machine of its kind can be had now; ""
	waits    bool            // no request for a machine of its kind may be sent just now
}

// alive is the workers that are heard.
func (s *sight) alive() []work.Worker {
	var list []work.Worker
	for _, w := range s.workers {
		if !w.Gone {
			list = append(list, w)
		}
	}
	return list
}

// says is the state in which the cloud has the machine.
func (s *sight) says() cloud.State {
	if s.instance == nil {
		return cloud.Unknown
	}
	return s.instance.State
}

// dead says that the machine cannot be running anything: the cloud says that
// it is off or has failed, and no worker contradicts.
func (s *sight) dead() bool {
	st := s.says()
	return (st == cloud.Halted || st == cloud.Failed) && len(s.alive()) == 0
}

// progress is what is known of a machine that need not outlive rubber: it is
// found again by asking.
type progress struct {
	absent  int       // complete lists since changed that do not have it
	changed time.Time // when a request about it was answered last: lists that began before say nothing
	retry   time.Time // no request to the cloud before
	fails   int       // requests that failed since one did not
	hush    time.Time // no word to a worker before
	mute    int       // words that failed since one did not

	listened    map[string][]string // worker: all queues that it has ever been heard to listen to
	silentSince time.Time           // since when none of its workers has been heard; zero: one is
	overdue     time.Time           // when it was last said loudly that it takes too long
	doubted     time.Time           // since when it is left alone because of workers of other names; zero: it is not
	workers     map[process]*workerProgress
}

// process is one life of a worker.
type process struct {
	name string
	pid  int
}

// workerProgress is how far the release of one worker has come.
type workerProgress struct {
	left      []string // queues that it has said it left
	cancelled bool     // that was all of them
	empties   int      // times in a row that it had nothing to do
	busy      int      // what it had to do when it was last asked
	asked     time.Time
}

// empty says that it has nothing to do and will get nothing to do. It takes
// two answers: a task may have been on its way to it at the first.
func (p *workerProgress) empty() bool { return p.cancelled && p.empties >= 2 }

func (p *progress) of(w work.Worker) *workerProgress {
	key := process{w.Name, w.PID}
	if p.workers == nil {
		p.workers = map[process]*workerProgress{}
	}
	wp := p.workers[key]
	if wp == nil {
		wp = &workerProgress{}
		p.workers[key] = wp
	}
	return wp
}

func (p *progress) clone() progress {
	c := *p
	c.listened = make(map[string][]string, len(p.listened))
	for w, queues := range p.listened {
		c.listened[w] = slices.Clone(queues)
	}
	c.workers = make(map[process]*workerProgress, len(p.workers))
	for k, w := range p.workers {
		copied := *w
		copied.left = slices.Clone(w.left)
		c.workers[k] = &copied
	}
	return c
}

// goneAfter is how many complete lists without a machine say that it is gone.
const goneAfter = 2

// listedIn takes in a complete list that began at an instant: inst is the
// machine in it, or nil.
func (p *progress) listedIn(inst *cloud.Instance, began time.Time) {
	switch {
	case inst != nil:
		p.absent = 0
	case began.After(p.changed):
		p.absent++
	}
}

// keysOf is what the host part of a worker's name may be for it to run on a
// machine: the machine's name, its id, or one of its addresses, with dots or
// with dashes as clouds make names of them. All are in lower case.
func keysOf(name, id string, addresses []netip.Addr) []string {
	var keys []string
	for _, own := range []string{name, id} {
		if own != "" {
			keys = append(keys, strings.ToLower(own))
		}
	}
	for _, a := range addresses {
		text := a.Unmap().WithZone("").String()
		dashed := strings.NewReplacer(".", "-", ":", "-").Replace(text)
		keys = append(keys, text, dashed, "ip-"+dashed)
	}
	return keys
}

// hostsOf is what is looked for among these keys, in this order: the host part
// of a worker's name, and the same without its domain.
func hostsOf(w work.Worker) []string {
	host := strings.ToLower(w.Host)
	if host == "" {
		return nil
	}
	if first, _, cut := strings.Cut(host, "."); cut && first != "" {
		if _, err := netip.ParseAddr(host); err != nil {
			return []string{host, first}
		}
	}
	return []string{host}
}
