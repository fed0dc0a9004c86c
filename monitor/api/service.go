package api

import (
	"context"
	"iter"
	"log/slog"
	"maps"
	"net/http"
	"slices"
	"time"

	"perfmon/alarm"
	"perfmon/monitor"
)

// Monitor is what the API asks; *monitor.Monitor is one.
type Monitor interface {
	Snapshot() *monitor.Snapshot
	Explain(ctx context.Context, key monitor.Object, variable string) (*monitor.Explanation, error)
	ExplainAll(ctx context.Context, key monitor.Object) ([]*monitor.Explanation, error)
	Effective(ctx context.Context, key monitor.Object) (*monitor.EffectiveConfig, error)
	AddSilence(ctx context.Context, s alarm.Silence) (alarm.Silence, error)
	EndSilence(ctx context.Context, id string) error
	Silences(ctx context.Context) ([]alarm.Silence, error)
}

// Archives has the rows of longer ago.
type Archives interface {
	// Rows asks for the averages of one object at or after start (Unix
	// seconds), at the given step; for an SR those of the host too, which has
	// columns about it. What is asked for besides is passed over. The caller
	// closes the answer. The step of the answer is what its header says.
	Rows(ctx context.Context, o monitor.Object, start, step int64) (monitor.Update, error)
}

// LocalOptions of a Service. Monitor and Logger are needed; what else is
// missing is not known.
type LocalOptions struct {
	Monitor Monitor
	Version string // of the program
	Logger  *slog.Logger

	// Sinks says what has become of an alarm at each sink.
	Sinks func(*alarm.Event) []SinkStatus
	// Totals says how each sink does.
	Totals func() []Sink
	// Journal says how the journal does.
	Journal func() Journal
	// History has the transitions that are remembered, newest first.
	History func() iter.Seq[*alarm.Event]
	// Archives is nil where nobody keeps rows.
	Archives Archives
	// Feed has the news for those who watch. Nil: nobody can.
	Feed *Feed
	// Uptime is the host's, in seconds.
	Uptime func() (seconds float64, known bool)

	Source  string // where rows come from: xapi or local
	Step    int64  // between rows, as it is asked for
	Started time.Time
	Shadow  bool // nobody is told of alarms
}

// Service answers the requests of the API, on the unix socket and on the web
// port. It starts nothing; Run has it remember the last rows.
type Service struct{ *local }

// local answers the requests of the API.
type local struct {
	LocalOptions
	patience  time.Duration
	now       func() time.Time
	keepAlive time.Duration // between the comments of a stream that has no news
	takeTime  time.Duration // for its reader to take what is sent
	overviews *overviews
	recent    recents
	archive   *shelf
	polls     *polls
}

// NewService makes a Service.
func NewService(o LocalOptions) *Service { return &Service{newLocal(o)} }

func newLocal(o LocalOptions) *local {
	if o.Sinks == nil {
		o.Sinks = func(*alarm.Event) []SinkStatus { return nil }
	}
	if o.Totals == nil {
		o.Totals = func() []Sink { return nil }
	}
	if o.Journal == nil {
		o.Journal = func() Journal { return Journal{Memory: true} }
	}
	if o.History == nil {
		o.History = func() iter.Seq[*alarm.Event] { return func(func(*alarm.Event) bool) {} }
	}
	if o.Uptime == nil {
		o.Uptime = func() (float64, bool) { return 0, false }
	}
	views := newOverviews(o.Uptime)
	return &local{LocalOptions: o, patience: loopPatience, now: time.Now, keepAlive: keepAliveEvery, takeTime: takeTimeout,
		overviews: views, archive: newShelf(o.Archives, views.table), polls: &polls{}}
}

// Local answers all requests, for the unix socket.
func (s *Service) Local() http.Handler { return s.handler() }

// Public answers those below /v1 that change nothing, for the web port.
func (s *Service) Public() http.Handler {
	all := s.routes()
	public := map[string]map[string]route{}
	for path, methods := range all {
		if one, ok := methods[http.MethodGet]; ok {
			public[path] = map[string]route{http.MethodGet: one}
		}
	}
	slots := make(chan struct{}, atOnce)
	next := s.mux(public)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r = r.WithContext(context.WithValue(r.Context(), publicKey{}, true))
		if r.URL.Path == watchPath || r.URL.Path == seriesPath {
			next.ServeHTTP(w, r) // which have bounds of their own
			return
		}
		select {
		case slots <- struct{}{}:
			defer func() { <-slots }()
			next.ServeHTTP(w, r)
		case <-r.Context().Done():
		}
	})
}

type publicKey struct{}

// public says whether a request came by the web port, where nothing is said
// that is not for everybody.
func public(ctx context.Context) bool { return ctx.Value(publicKey{}) != nil }

// route is one method of one path.
type route struct {
	handle   handle
	stream   func(w http.ResponseWriter, r *http.Request) // instead of handle
	params   []string
	patience time.Duration // 0: as long as one waits for the loop
}

const (
	seriesPath = "/v1/series"
	watchPath  = "/v1/watch"
)

// routes are the paths, and the methods that each has.
func (l *local) routes() map[string]map[string]route {
	get := func(h handle, params ...string) map[string]route {
		return map[string]route{http.MethodGet: {handle: h, params: params}}
	}
	routes := map[string]map[string]route{
		"/v1/status":        get(l.status),
		"/v1/overview":      get(l.overview),
		"/v1/recent":        get(l.recentRows),
		"/v1/objects":       get(l.objects, "query"),
		"/v1/variables":     get(l.variables, "object"),
		"/v1/alarms":        get(l.alarms, "object", "state"),
		"/v1/history":       get(l.history, "limit", "object", "since", "variable"),
		"/v1/pressure":      get(l.pressure),
		"/v1/explain":       get(l.explain, "object", "variable"),
		"/v1/effective":     get(l.effective, "object"),
		"/v1/silences":      get(l.silences),
		"/v1/silences/{id}": {http.MethodDelete: {handle: l.endSilence}},
		seriesPath:          {http.MethodGet: {handle: l.series, params: []string{"columns", "object", "span"}, patience: archivePatience}},
		watchPath:           {http.MethodGet: {stream: l.watch, params: []string{"last", "object", "overview"}}},
	}
	routes["/v1/silences"][http.MethodPost] = route{handle: l.addSilence}
	return routes
}

func (l *local) handler() http.Handler { return l.mux(l.routes()) }

func (l *local) mux(routes map[string]map[string]route) http.Handler {
	mux := http.NewServeMux()
	for path, methods := range routes {
		mux.Handle(path, l.serve(methods))
	}
	mux.Handle("/", l.nowhere(slices.Sorted(maps.Keys(routes))))
	return mux
}
