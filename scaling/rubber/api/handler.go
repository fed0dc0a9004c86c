package api

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"perfmon/scaling/rubber"
)

const (
	maxBody    = 16 << 10 // bytes of a request
	maxReason  = 500      // bytes
	actLimit   = 30 * time.Second
	maxListed  = 10_000
	maxKnown   = 100 // names in a refusal
	watchLimit = 32  // who may watch at once
)

// Controller is what answers and acts; *rubber.Controller is one.
type Controller interface {
	Status() *rubber.Status
	Plans(n int) []rubber.PlanView
	Decisions(n int) []rubber.Decision
	Explain(profile string) (rubber.Explanation, error)
	Now(ctx context.Context) error
	Pause(ctx context.Context, reason string) error
	Resume(ctx context.Context, reason string) error
	Drain(ctx context.Context, machine, reason string) error
	Undo(ctx context.Context, machine, reason string) error
	Force(ctx context.Context, machine, reason string) error
	Protect(ctx context.Context, machine, reason string) error
	TakeOver(ctx context.Context, cloud, reason string) error
}

// Options of a Service.
type Options struct {
	Controller Controller
	Version    string
	Owner      string
	Engine     func() *Engine // nil, or nil returned: there is none
	Log        *slog.Logger   // nil is silent
}

// Service answers requests.
type Service struct {
	Options
	watchers chan struct{}
	mu       sync.Mutex // guards last
	last     *crowd     // of the newest status that somebody asked for; nil at first
}

// New makes a service.
func New(o Options) *Service {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return &Service{Options: o, watchers: make(chan struct{}, watchLimit)}
}

// Public answers those who look on: everything below /v1 that changes nothing.
func (s *Service) Public() http.Handler { return s.serve(s.reads()) }

// Private answers those who may change something as well. Only its listener
// keeps others away.
func (s *Service) Private() http.Handler {
	routes, c := s.reads(), s.Controller
	post := func(path string, f func(ctx context.Context, what string, r Request) error) {
		routes[path] = route{method: http.MethodPost, handle: s.act(f)}
	}
	post("/v1/plan", func(ctx context.Context, _ string, _ Request) error { return c.Now(ctx) })
	post("/v1/pause", func(ctx context.Context, _ string, r Request) error { return c.Pause(ctx, r.Reason) })
	post("/v1/resume", func(ctx context.Context, _ string, r Request) error { return c.Resume(ctx, r.Reason) })
	post("/v1/clouds/{cloud}/take-over", func(ctx context.Context, cloud string, r Request) error { return c.TakeOver(ctx, cloud, r.Reason) })
	for verb, f := range map[string]func(context.Context, string, string) error{
		"drain": c.Drain, "undo": c.Undo, "force": c.Force, "protect": c.Protect,
	} {
		post("/v1/machines/{machine}/"+verb, func(ctx context.Context, machine string, r Request) error { return f(ctx, machine, r.Reason) })
	}
	return s.serve(routes)
}

// route is what is done at a path.
type route struct {
	method string
	params []string // of the query, that are understood
	handle http.HandlerFunc
}

func (s *Service) reads() map[string]route {
	get := func(handle http.HandlerFunc, params ...string) route { return route{http.MethodGet, params, handle} }
	return map[string]route{
		"/v1/status":            get(s.standing, "machines"),
		"/v1/machines":          get(s.machines, "profile", "cloud", "state", "host", "text", "trouble", "by", "order", "from", "n", "after"),
		"/v1/plans":             get(s.plans, "n"),
		"/v1/decisions":         get(s.decisions, "n"),
		"/v1/series":            get(s.series, "profile"),
		"/v1/explain/{profile}": get(s.explain),
		"/v1/watch":             get(s.watch, "machines"),
	}
}

// serve makes a handler of routes. What is asked in another way is refused
// with the way that there is.
func (s *Service) serve(routes map[string]route) http.Handler {
	mux := http.NewServeMux()
	for path, one := range routes {
		mux.HandleFunc(path, func(w http.ResponseWriter, r *http.Request) {
			if r.Method != one.method {
				w.Header().Set("Allow", one.method)
				s.refuse(w, http.StatusMethodNotAllowed, Refusal{Message: fmt.Sprintf("%.100q is asked by %s, not by %.20q", r.URL.Path, one.method, r.Method)})
				return
			}
			for name := range r.URL.Query() {
				if !slices.Contains(one.params, name) {
					s.refuse(w, http.StatusBadRequest, Refusal{Message: fmt.Sprintf("there is no parameter %.40q here", name), Fix: "use one of those that it knows", Known: one.params})
					return
				}
			}
			one.handle(w, r)
		})
	}
	known := slices.Sorted(maps.Keys(routes))
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		s.refuse(w, http.StatusNotFound, Refusal{Message: fmt.Sprintf("there is no %.100q here", r.URL.Path), Fix: "ask for one of these", Known: known})
	})
	return s.guard(mux)
}

func (s *Service) plans(w http.ResponseWriter, r *http.Request) {
	n, ok := s.number(w, r)
	if !ok {
		return
	}
	out := Plans{API: Version1, Plans: []Plan{}}
	for _, p := range s.Controller.Plans(n) {
		out.Plans = append(out.Plans, planOf(&p))
	}
	s.answer(w, out)
}

func (s *Service) decisions(w http.ResponseWriter, r *http.Request) {
	n, ok := s.number(w, r)
	if !ok {
		return
	}
	out := Decisions{API: Version1, Decisions: []Decision{}}
	for _, d := range s.Controller.Decisions(n) {
		out.Decisions = append(out.Decisions, decisionOf(d))
	}
	s.answer(w, out)
}

// guard bounds requests, and says which version answers.
func (s *Service) guard(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Rubber-Version", s.Version)
		w.Header().Set("Cache-Control", "no-store")
		r.Body = http.MaxBytesReader(w, r.Body, maxBody)
		next.ServeHTTP(w, r)
	})
}

// standing answers how everything stands.
func (s *Service) standing(w http.ResponseWriter, r *http.Request) {
	if n, ok := s.firstMachines(w, r); ok {
		s.answer(w, s.status(n, ""))
	}
}

// firstMachines reads the parameter machines, how many a status is to have.
func (s *Service) firstMachines(w http.ResponseWriter, r *http.Request) (n int, ok bool) {
	text := r.URL.Query().Get("machines")
	if text == "" {
		return defaultMachines, true
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 || n > maxMachines {
		s.refuse(w, http.StatusBadRequest, Refusal{Message: fmt.Sprintf("machines=%.40q: want a number from 0 to %d", text, maxMachines), Fix: "ask /v1/machines for all of them, some at a time"})
		return 0, false
	}
	return n, true
}

// status is how everything stands, with so many machines, and the named one.
func (s *Service) status(machines int, named string) *Status {
	now := s.Controller.Status()
	out := statusOf(s.crowd(now), machines, named)
	out.Version, out.Owner, out.Now = s.Version, s.Owner, time.Now()
	if s.Engine != nil {
		out.Engine = s.Engine()
	}
	return out
}

// number reads the parameter n, how many are wanted; 0 is all.
func (s *Service) number(w http.ResponseWriter, r *http.Request) (n int, ok bool) {
	text := r.URL.Query().Get("n")
	if text == "" {
		return 0, true
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 || n > maxListed {
		s.refuse(w, http.StatusBadRequest, Refusal{Message: fmt.Sprintf("n=%.40q: want a number from 1 to %d", text, maxListed)})
		return 0, false
	}
	return n, true
}

func (s *Service) explain(w http.ResponseWriter, r *http.Request) {
	e, err := s.Controller.Explain(r.PathValue("profile"))
	if err != nil {
		s.noProfile(w, err.Error())
		return
	}
	s.answer(w, Explanation{API: Version1, Profile: e.Profile, At: e.At, Lines: append([]string{}, e.Lines...)})
}

// noProfile refuses with the profiles that there are.
func (s *Service) noProfile(w http.ResponseWriter, message string) {
	no := Refusal{Message: message, Fix: "name one of these"}
	profiles := s.Controller.Status().Profiles
	for i := range profiles[:min(len(profiles), maxKnown)] {
		no.Known = append(no.Known, profiles[i].Name)
	}
	if len(no.Known) == 0 {
		no.Fix = "wait until this instance is the active one, or configure a profile"
	}
	s.refuse(w, http.StatusNotFound, no)
}

// act answers what changes something: with the status afterwards.
func (s *Service) act(f func(ctx context.Context, what string, r Request) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var body Request
		decoder := json.NewDecoder(r.Body)
		decoder.DisallowUnknownFields()
		if err := decoder.Decode(&body); err != nil {
			s.refuse(w, http.StatusBadRequest, Refusal{Message: fmt.Sprintf("the body is not understood: %v", err), Fix: `send {"reason": "…"}`})
			return
		}
		if body.Reason = strings.TrimSpace(body.Reason); len(body.Reason) > maxReason {
			s.refuse(w, http.StatusBadRequest, Refusal{Message: fmt.Sprintf("the reason has %d bytes, and may have %d", len(body.Reason), maxReason)})
			return
		}
		ctx, cancel := context.WithTimeout(r.Context(), actLimit)
		defer cancel()
		if err := f(ctx, cmp.Or(r.PathValue("machine"), r.PathValue("cloud")), body); err != nil {
			s.refuse(w, s.codeOf(err), Refusal{Message: err.Error()})
			return
		}
		s.answer(w, s.status(defaultMachines, r.PathValue("machine")))
	}
}

func (s *Service) codeOf(err error) int {
	switch {
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		return http.StatusGatewayTimeout
	case errors.Is(err, rubber.ErrStandby):
		return http.StatusServiceUnavailable
	}
	return http.StatusConflict
}

func (s *Service) answer(w http.ResponseWriter, value any) {
	w.Header().Set("Content-Type", "application/json")
	if err := json.NewEncoder(w).Encode(value); err != nil {
		s.Log.Debug("an answer was not taken", "err", err)
	}
}

func (s *Service) refuse(w http.ResponseWriter, code int, no Refusal) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	if err := json.NewEncoder(w).Encode(no); err != nil {
		s.Log.Debug("a refusal was not taken", "err", err)
	}
}
