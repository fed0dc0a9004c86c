package openstack

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"perfmon/scaling/rubber/cloud"
)

// Cloud is one project of one region. Its methods may be called by several
// goroutines at once. It asks each thing once: when to try again is for its
// user to say.
type Cloud struct {
	o     Options
	wire  http.RoundTripper // nil, or a test's
	pause time.Duration     // between two looks for something to happen

	login   chan struct{} // has room for the one who logs in
	current atomic.Pointer[session]
	names   names

	life   context.Context // of creates, which go on when their callers leave
	end    context.CancelFunc
	births sync.WaitGroup

	mu        sync.Mutex // guards everything that follows
	closed    bool
	creating  map[intent]*birth
	unsure    map[intent]time.Time // creates whose answer was lost, and when
	unwelcome map[string]unwelcome // by server id
}

// intent is a request by its owner and its id.
type intent struct{ owner, id string }

var (
	_ cloud.Cloud   = (*Cloud)(nil)
	_ cloud.Warmer  = (*Cloud)(nil)
	_ cloud.Checker = (*Cloud)(nil)
	_ cloud.Adopter = (*Cloud)(nil)
)

// New checks the options. It reads no file and asks nobody: the first call
// does, and each one after a refused login.
func New(o Options) (*Cloud, error) {
	if err := o.validate(); err != nil {
		return nil, &cloud.Error{Kind: cloud.Invalid, Op: "configure", Name: o.Cloud, Err: err}
	}
	c := &Cloud{
		o: o.withDefaults(), pause: time.Second, login: make(chan struct{}, 1),
		creating: map[intent]*birth{}, unsure: map[intent]time.Time{}, unwelcome: map[string]unwelcome{},
	}
	c.names = names{believed: c.o.NamesFor, now: time.Now, known: map[name]thing{}}
	c.life, c.end = context.WithCancel(context.Background())
	return c, nil
}

// closeGrace is how long Close waits for creates that are under way.
const closeGrace = 10 * time.Second

// Close waits for creates under way, for some seconds, and ends connections.
func (c *Cloud) Close() error {
	c.mu.Lock()
	c.closed = true
	c.mu.Unlock()
	late := time.AfterFunc(closeGrace, c.end)
	c.births.Wait()
	late.Stop()
	c.end()
	if s := c.current.Swap(nil); s != nil {
		s.idle()
	}
	return nil
}

// List is all servers of the project that are marked as the owner's. Nova is
// asked for all of the project, without a filter: with one it leaves out those
// of a cell that is down and says nothing.
func (c *Cloud) List(ctx context.Context, owner string) ([]cloud.Instance, error) {
	s, err := c.session(ctx, "list")
	if err != nil {
		return nil, err
	}
	all, err := c.servers(ctx, s, "list")
	if err != nil {
		return nil, err
	}
	list := []cloud.Instance{}
	for _, server := range all {
		if server.Metadata[ownerKey] != owner {
			continue
		}
		server, there, err := c.whole(ctx, "list", server)
		if err != nil {
			return nil, err
		}
		if !there {
			continue
		}
		list = append(list, c.instance(s, server))
	}
	c.forget(all, time.Now())
	return list, nil
}

// whole is a server with its fault: Nova's list has none of a server that never
// came to a host. It is false if the server is gone.
func (c *Cloud) whole(ctx context.Context, op string, v server) (server, bool, error) {
	if v.state() != cloud.Failed || v.Fault != nil {
		return v, true, nil
	}
	_, again, err := c.look(ctx, op, v.ID)
	if cloud.KindOf(err) == cloud.NotFound {
		return v, false, nil
	}
	return again, true, err
}

// listings is how often a list is begun anew that changed between two pages.
const listings = 5

// servers is every server of the project. Nova 26 fails with 500 (AttributeError:
// 'NoneType' object has no attribute 'uuid', in get_marker_record) when the server
// at the end of a page has no cell yet: after a 500 it is asked once more.
func (c *Cloud) servers(ctx context.Context, s *session, op string) ([]server, error) {
	broke := false
	for n := 1; ; n++ {
		list, err := all[server](ctx, s.compute, "servers/detail", nil, "servers")
		if err == nil {
			if list, err = once(list); err == nil {
				return list, nil
			}
		}
		failed := c.lost(s, op, "", err).(*cloud.Error)
		if n < listings && (errors.Is(err, errTwice) || statusOf(err) == http.StatusBadRequest && strings.Contains(failed.Error(), "marker")) {
			continue
		}
		if statusOf(err) == http.StatusInternalServerError && !broke {
			broke = true
			continue
		}
		if failed.Kind == cloud.Invalid || failed.Kind == cloud.NotFound { // of a page that was the next one, or of a proxy
			failed.Kind = cloud.Transient
		}
		return nil, failed
	}
}

// once is a list whose servers are all known, and each once.
func once(list []server) ([]server, error) {
	ids := make(map[string]bool, len(list))
	for i := range list {
		id := list[i].ID
		switch {
		case id == "":
			return nil, errors.New("the list has a server without an id")
		case list[i].Status == "UNKNOWN":
			return nil, &cloud.Error{Kind: cloud.Transient, Name: id, Err: errDown, Hint: "a cell of Nova is away: its servers are there, and nothing is known of them"}
		case ids[id]:
			return nil, fmt.Errorf("%w: %s", errTwice, id)
		}
		ids[id] = true
	}
	return list, nil
}

// errTwice is of a list that changed between two of its pages.
var errTwice = errors.New("the list has a server twice")

// Check resolves all names of a spec, and makes nothing.
func (c *Cloud) Check(ctx context.Context, spec cloud.Spec) error {
	if err := c.fits(spec); err != nil {
		return err
	}
	s, err := c.session(ctx, "check")
	if err != nil {
		return err
	}
	_, err = c.parts(ctx, s, "check", spec)
	return err
}

// errDown is of a server that Nova knows by its id alone.
var errDown = errors.New("the cell that has the server does not answer")
