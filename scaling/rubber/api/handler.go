package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"time"

	"perfmon/scaling/rubber"
)

const (
	maxBody    = 16 << 10 // bytes of a request
	maxReason  = 500      // bytes
	actLimit   = 30 * time.Second
	maxListed  = 10_000
	watchLimit = 32 // who may watch at once
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
}

// New makes a service.
func New(o Options) *Service {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return &Service{Options: o, watchers: make(chan struct{}, watchLimit)}
}

// Public answers those who look on: everything below /v1 that changes nothing.
func (s *Service) Public() http.Handler { return s.guard(s.reads()) }

// Private answers those who may change something as well. Only its listener
// keeps others away.
func (s *Service) Private() http.Handler {
	mux := s.reads()
	c := s.Controller
	mux.HandleFunc("POST /v1/plan", s.act(func(ctx context.Context, _ string, _ Request) error { return c.Now(ctx) }))
	mux.HandleFunc("POST /v1/pause", s.act(func(ctx context.Context, _ string, r Request) error { return c.Pause(ctx, r.Reason) }))
	mux.HandleFunc("POST /v1/resume", s.act(func(ctx context.Context, _ string, r Request) error { return c.Resume(ctx, r.Reason) }))
	for verb, f := range map[string]func(context.Context, string, string) error{
		"drain": c.Drain, "undo": c.Undo, "force": c.Force, "protect": c.Protect,
	} {
		mux.HandleFunc("POST /v1/machines/{machine}/"+verb, s.act(func(ctx context.Context, machine string, r Request) error {
			return f(ctx, machine, r.Reason)
		}))
	}
	return s.guard(mux)
}

func (s *Service) reads() *http.ServeMux {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /v1/status", func(w http.ResponseWriter, _ *http.Request) { s.answer(w, s.status()) })
	mux.HandleFunc("GET /v1/plans", func(w http.ResponseWriter, r *http.Request) {
		n, ok := s.number(w, r)
		if !ok {
			return
		}
		out := Plans{API: Version1, Plans: []Plan{}}
		for _, p := range s.Controller.Plans(n) {
			out.Plans = append(out.Plans, planOf(&p))
		}
		s.answer(w, out)
	})
	mux.HandleFunc("GET /v1/decisions", func(w http.ResponseWriter, r *http.Request) {
		n, ok := s.number(w, r)
		if !ok {
			return
		}
		out := Decisions{API: Version1, Decisions: []Decision{}}
		for _, d := range s.Controller.Decisions(n) {
			out.Decisions = append(out.Decisions, decisionOf(d))
		}
		s.answer(w, out)
	})
	mux.HandleFunc("GET /v1/explain/{profile}", s.explain)
	mux.HandleFunc("GET /v1/watch", s.watch)
	mux.HandleFunc("/v1/", func(w http.ResponseWriter, r *http.Request) {
		s.refuse(w, http.StatusNotFound, Refusal{Message: fmt.Sprintf("there is no %s %s here", r.Method, r.URL.Path), Fix: "look into docs/rubber.md for what there is"})
	})
	return mux
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

func (s *Service) status() *Status {
	out := statusOf(s.Controller.Status())
	out.Version, out.Owner = s.Version, s.Owner
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
	name := r.PathValue("profile")
	e, err := s.Controller.Explain(name)
	if err != nil {
		no := Refusal{Message: err.Error(), Fix: "name one of these"}
		for _, p := range s.Controller.Status().Profiles {
			no.Known = append(no.Known, p.Name)
		}
		s.refuse(w, http.StatusNotFound, no)
		return
	}
	s.answer(w, Explanation{API: Version1, Profile: e.Profile, At: e.At, Lines: append([]string{}, e.Lines...)})
}

// act answers what changes something: with the status afterwards.
func (s *Service) act(f func(ctx context.Context, machine string, r Request) error) http.HandlerFunc {
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
		if err := f(ctx, r.PathValue("machine"), body); err != nil {
			s.refuse(w, s.codeOf(err), Refusal{Message: err.Error()})
			return
		}
		s.answer(w, s.status())
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
