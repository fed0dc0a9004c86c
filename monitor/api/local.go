package api

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"perfmon/alarm"
	"perfmon/monitor"
)

// loopPatience is how long a request waits for the loop. While rows are
// judged the loop answers nobody, and that takes a fraction of a second.
const loopPatience = 5 * time.Second

// Monitor is what the local API asks; *monitor.Monitor is one.
type Monitor interface {
	Snapshot() *monitor.Snapshot
	Explain(ctx context.Context, key monitor.Object, variable string) (*monitor.Explanation, error)
	ExplainAll(ctx context.Context, key monitor.Object) ([]*monitor.Explanation, error)
	Effective(ctx context.Context, key monitor.Object) (*monitor.EffectiveConfig, error)
	AddSilence(ctx context.Context, s alarm.Silence) (alarm.Silence, error)
	EndSilence(ctx context.Context, id string) error
	Silences(ctx context.Context) ([]alarm.Silence, error)
}

// LocalOptions of the local API. Monitor and Logger are needed.
type LocalOptions struct {
	Monitor Monitor
	// Sinks says what has become of an alarm at each sink. Nil: there are
	// none.
	Sinks   func(*alarm.Event) []SinkStatus
	Version string // of the program
	Logger  *slog.Logger
}

// local answers the requests of the local API.
type local struct {
	LocalOptions
	patience time.Duration
	now      func() time.Time
}

// LocalHandler answers the requests of the local API, as docs/api.md has it.
func LocalHandler(o LocalOptions) http.Handler {
	if o.Sinks == nil {
		o.Sinks = func(*alarm.Event) []SinkStatus { return nil }
	}
	return (&local{LocalOptions: o, patience: loopPatience, now: time.Now}).handler()
}

// reply is a request's outcome: a status below 300 and what is sent as JSON,
// nil for nothing.
type reply struct {
	status int
	body   any
}

// handle answers a request, or returns a *Refusal or an error of the loop.
type handle func(ctx context.Context, r *http.Request) (reply, error)

// routes are the paths, and the methods that each has.
func (l *local) routes() map[string]map[string]handle {
	return map[string]map[string]handle{
		"/v1/explain":       {http.MethodGet: l.explain},
		"/v1/effective":     {http.MethodGet: l.effective},
		"/v1/objects":       {http.MethodGet: l.objects},
		"/v1/silences":      {http.MethodGet: l.silences, http.MethodPost: l.addSilence},
		"/v1/silences/{id}": {http.MethodDelete: l.endSilence},
	}
}

func (l *local) handler() http.Handler {
	mux := http.NewServeMux()
	routes := l.routes()
	for path, methods := range routes {
		mux.Handle(path, l.serve(methods))
	}
	known := slices.Sorted(maps.Keys(routes))
	mux.Handle("/", l.serve(map[string]handle{"": func(_ context.Context, r *http.Request) (reply, error) {
		return reply{}, &Refusal{
			status: http.StatusNotFound, Message: fmt.Sprintf("there is no %q", r.URL.Path),
			Fix: fmt.Sprintf("this is perfmon %s: use one of the paths that it knows, or a perfmonctl of its version", l.Version), Known: known,
		}
	}}))
	return mux
}

// serve answers requests of one path by their method; "" is any.
func (l *local) serve(methods map[string]handle) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := methods[r.Method]
		if h == nil && r.Method == http.MethodHead {
			h = methods[http.MethodGet]
		}
		if h == nil {
			h = methods[""]
		}
		if h == nil {
			allowed := slices.Sorted(maps.Keys(methods))
			w.Header().Set("Allow", strings.Join(allowed, ", "))
			l.refuse(w, &Refusal{
				status: http.StatusMethodNotAllowed, Message: fmt.Sprintf("%s has no method %s", r.URL.Path, r.Method),
				Fix: "use one that it has", Known: allowed,
			})
			return
		}
		r.Body = http.MaxBytesReader(w, r.Body, maxRequestBytes)
		ctx, cancel := context.WithTimeout(r.Context(), l.patience)
		defer cancel()
		a, err := h(ctx, r)
		if err != nil {
			l.refuse(w, refusalOf(err))
			return
		}
		l.write(w, a.status, a.body)
	})
}

func (l *local) refuse(w http.ResponseWriter, r *Refusal) {
	if r.status >= 500 {
		l.Logger.Warn("the local API has no answer", "status", r.status, "err", r)
	}
	l.write(w, r.status, r)
}

// write sends a value as JSON.
func (l *local) write(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Server", "perfmon/"+l.Version)
	if body == nil {
		w.WriteHeader(status)
		return
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false) // XML stays readable
	e.SetIndent("", "  ")
	if err := e.Encode(body); err != nil {
		l.Logger.Error("the local API has no answer", "err", err)
		http.Error(w, `{"error": "the answer cannot be written as JSON"}`, http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(b.Bytes()) // who asked may have gone
}

// refusalOf is what an error means to who asked.
func refusalOf(err error) *Refusal {
	var refusal *Refusal
	var missing *monitor.NotFoundError
	var long *http.MaxBytesError
	switch {
	case errors.As(err, &refusal):
		return refusal
	case errors.As(err, &missing):
		return notFound(missing)
	case errors.As(err, &long):
		return &Refusal{
			status: http.StatusRequestEntityTooLarge, Message: fmt.Sprintf("the request has more than %d bytes", long.Limit),
			Fix: "say less at once",
		}
	case errors.Is(err, monitor.ErrEnded):
		return &Refusal{status: http.StatusServiceUnavailable, Message: "perfmon is about to end", Fix: "ask again when it has been started again"}
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		return &Refusal{
			status: http.StatusServiceUnavailable, Message: "the loop does not answer: it is at work on rows, or hangs",
			Fix: "ask again; if it lasts, look into perfmon's log",
		}
	}
	return &Refusal{status: http.StatusInternalServerError, Message: err.Error()}
}

// notFound is an object that is not watched, or a variable that it does not
// have.
func notFound(missing *monitor.NotFoundError) *Refusal {
	r := &Refusal{status: http.StatusNotFound, Message: missing.What, Known: missing.Known}
	switch {
	case len(missing.Known) > 0:
		r.Fix = "name one of its variables"
	default:
		r.Fix = "perfmonctl set gives it one, and a trigger file gives one to all objects of its class"
	}
	return r
}

// Refusal is the answer to a request that was not carried out.
type Refusal struct {
	status  int
	Message string   `json:"error"`           // what is wrong
	Fix     string   `json:"fix,omitempty"`   // the way out
	Known   []string `json:"known,omitempty"` // what could have been meant
}

func (r *Refusal) Error() string { return r.Message }

// badRequest refuses what cannot be understood.
func badRequest(fix, format string, args ...any) *Refusal {
	return &Refusal{status: http.StatusBadRequest, Message: fmt.Sprintf(format, args...), Fix: fix}
}
