package alertmanager

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"perfmon/alarm"
	"perfmon/alarm/sink/internal/address"
	"perfmon/alarm/sink/internal/turn"
	"perfmon/alarm/sink/internal/webclient"
)

// maxBatch bounds the alerts of one request.
const maxBatch = 100

// Sink speaks to the Alertmanagers. Its methods may be called concurrently;
// they take turns.
type Sink struct {
	opts   Options
	client *http.Client
	peers  []*peer
	now    func() time.Time

	// Who has the turn may use what follows, and the peers.
	turn  turn.Turn
	lives map[alarm.ID]*life
	born  time.Time // of the heartbeat
}

// life is what was said about an alarm that fires. It is kept beyond the
// clear until somebody has heard of that.
type life struct {
	labels   map[string]string
	key      string
	starts   time.Time
	ends     time.Time // after that Alertmanager has ended the alert by itself
	over     bool
	epoch    string
	sequence int64
}

// New makes a sink. It does not connect.
func New(o Options) (*Sink, error) {
	if err := o.validate(); err != nil {
		return nil, fmt.Errorf("alertmanager: %w", err)
	}
	client, err := webclient.New(o.TLS, o.Proxy, o.Timeout)
	if err != nil {
		return nil, fmt.Errorf("alertmanager: %w", err)
	}
	s := &Sink{opts: o, client: client, now: time.Now, turn: turn.New(), lives: map[alarm.ID]*life{}}
	for i, raw := range o.URLs {
		u, err := address.Parse(raw, "", "http", "https")
		if err != nil {
			return nil, fmt.Errorf("alertmanager: url %d: %w", i+1, err)
		}
		if u.User != nil || u.RawQuery != "" || u.Fragment != "" {
			return nil, fmt.Errorf("alertmanager: url %d: only scheme, host, port and a path belong there; credentials have options of their own", i+1)
		}
		s.peers = append(s.peers, &peer{
			name: u.Scheme + "://" + u.Host,
			url:  u.JoinPath("api/v2/alerts").String(),
			told: map[string]*told{},
		})
	}
	return s, nil
}

// String names the peers.
func (s *Sink) String() string { return s.opts.String() }

// GoString leaves the secrets out, too.
func (s *Sink) GoString() string { return s.opts.String() }

// Deliver tells of transitions, oldest first. Of several about one alarm in
// one request only the last is sent: it is the state that counts. taken
// events have reached at least one peer. A *alarm.Refused is about the event
// after those, which every peer answered with status 400; any other error is
// worth another try.
func (s *Sink) Deliver(ctx context.Context, events []*alarm.Event) (taken int, err error) {
	if err := s.enter(ctx); err != nil {
		return 0, err
	}
	defer s.turn.Leave()
	for chunk := range slices.Chunk(events, maxBatch) {
		var n int
		n, err = s.deliver(ctx, chunk)
		taken += n
		if err != nil {
			return taken, err
		}
	}
	return taken, nil
}

func (s *Sink) deliver(ctx context.Context, events []*alarm.Event) (int, error) {
	err := s.tell(ctx, events)
	if err == nil {
		return len(events), nil
	}
	if !refused(err) {
		return 0, err
	}
	// One bad alert spoils the request; find it.
	for i := range events {
		if len(events) > 1 {
			err = s.tell(ctx, events[i:i+1])
		}
		if refused(err) {
			return i, &alarm.Refused{Err: err}
		}
		if err != nil {
			return i, err
		}
	}
	return len(events), nil
}

// Announce keeps the alerts of alarms alive that still fire. The events are
// announcements; an alarm that is not announced within its time to live ends.
func (s *Sink) Announce(ctx context.Context, events []*alarm.Event) error {
	if err := s.enter(ctx); err != nil {
		return err
	}
	defer s.turn.Leave()
	for chunk := range slices.Chunk(events, maxBatch) {
		if err := s.tell(ctx, chunk); err != nil {
			return err
		}
	}
	return nil
}

// Heartbeat keeps the alert PerfmonHeartbeat of a host alive: it fires always,
// and its end says that the agent has fallen silent. To be called at least
// twice in Options.TTL.
func (s *Sink) Heartbeat(ctx context.Context, hostUUID, hostName string) error {
	if err := s.enter(ctx); err != nil {
		return err
	}
	defer s.turn.Leave()
	now := s.now()
	if s.born.IsZero() {
		s.born = now
	}
	l := map[string]string{"alertname": "PerfmonHeartbeat", "severity": "none", "class": "host", "host_uuid": hostUUID}
	if hostName != "" {
		l["name"] = hostName
	}
	return s.send(ctx, []alert{{
		Labels: l,
		Annotations: map[string]string{
			"summary":     fmt.Sprintf("perfmon on host %s is alive", strings.TrimSpace(hostName+" "+hostUUID)),
			"description": "This alert fires always. When it ends, nobody watches that host any more.",
		},
		StartsAt: s.born.UTC(), EndsAt: now.Add(s.opts.TTL).UTC(), GeneratorURL: s.opts.GeneratorURL,
	}})
}

// Close ends idle connections.
func (s *Sink) Close(context.Context) error {
	s.client.CloseIdleConnections()
	return nil
}

func (s *Sink) enter(ctx context.Context) error {
	if err := s.turn.Enter(ctx); err != nil {
		return fmt.Errorf("alertmanager: wait for the call before this one: %w", err)
	}
	return nil
}

// tell sends what the events come to.
func (s *Sink) tell(ctx context.Context, events []*alarm.Event) error {
	now := s.now()
	for id, l := range s.lives {
		if !l.ends.After(now) {
			delete(s.lives, id)
		}
	}
	last := map[alarm.ID]*alarm.Event{}
	for _, e := range events {
		last[e.ID] = e
	}
	var alerts []alert
	for _, e := range events {
		if last[e.ID] == e {
			alerts = append(alerts, s.step(e, now)...)
		} else {
			s.pass(e)
		}
	}
	if len(alerts) == 0 {
		return nil
	}
	if err := s.send(ctx, alerts); err != nil {
		return err
	}
	for _, e := range events {
		if l := s.lives[e.ID]; l != nil && l.over {
			delete(s.lives, e.ID)
		}
	}
	return nil
}

// send hands alerts to all peers at once. It is done when one has them.
func (s *Sink) send(ctx context.Context, alerts []alert) error {
	now := s.now()
	errs := make([]error, len(s.peers))
	var wg sync.WaitGroup
	for i, p := range s.peers {
		wg.Go(func() { errs[i] = s.sendTo(ctx, p, alerts, now) })
	}
	wg.Wait()
	if !slices.Contains(errs, nil) {
		return errors.Join(errs...)
	}
	// Nobody else hears of the peers that failed.
	for i, err := range errs {
		s.peers[i].noteState(s.opts.Logger, err)
	}
	return nil
}
