package api

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"perfmon/monitor"
	"perfmon/monitor/api/door"
)

// maxRequestBytes is how long the body of a request may be.
const maxRequestBytes = 64 << 10

// loopPatience is how long a request waits for the loop. While rows are
// judged the loop answers nobody, and that takes a fraction of a second.
const loopPatience = 5 * time.Second

// reply is a request's outcome: a status below 300 and what is sent as JSON,
// nil for nothing.
type reply struct {
	status int
	body   any
}

// handle answers a request, or returns a *Refusal or an error of the loop.
type handle func(ctx context.Context, r *http.Request) (reply, error)

// nowhere answers requests of paths that there are not.
func (l *local) nowhere(known []string) http.Handler {
	return l.serve(map[string]route{"": {handle: func(_ context.Context, r *http.Request) (reply, error) {
		return reply{}, &Refusal{
			status: http.StatusNotFound, Message: fmt.Sprintf("there is no %q", door.Shorten(r.URL.Path)),
			Fix: fmt.Sprintf("this is perfmon %s: use one of the paths that it knows, or a perfmonctl of its version", l.Version), Known: known,
		}
	}}})
}

// serve answers requests of one path by their method; "" is any.
func (l *local) serve(methods map[string]route) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		one, ok := methods[r.Method]
		if !ok && r.Method == http.MethodHead {
			one, ok = methods[http.MethodGet]
		}
		if anyMethod, all := methods[""]; all {
			l.answer(w, r, anyMethod)
			return
		}
		if !ok {
			allowed := slices.Sorted(maps.Keys(methods))
			w.Header().Set("Allow", strings.Join(allowed, ", "))
			l.refuse(w, &Refusal{
				status: http.StatusMethodNotAllowed, Message: fmt.Sprintf("%s has no method %s", door.Shorten(r.URL.Path), door.Shorten(r.Method)),
				Fix: "use one that it has", Known: allowed,
			})
			return
		}
		if _, err := readQuery(r.URL.RawQuery, one.params); err != nil {
			l.refuse(w, refusalOf(err))
			return
		}
		l.answer(w, r, one)
	})
}

// answer carries out a request.
func (l *local) answer(w http.ResponseWriter, r *http.Request, one route) {
	if one.stream != nil {
		one.stream(w, r)
		return
	}
	r.Body = http.MaxBytesReader(w, r.Body, maxRequestBytes)
	ctx, cancel := context.WithTimeout(r.Context(), cmp.Or(one.patience, l.patience))
	defer cancel()
	a, err := one.handle(ctx, r)
	if err != nil {
		l.refuse(w, refusalOf(err))
		return
	}
	l.write(w, a.status, a.body)
}

func (l *local) refuse(w http.ResponseWriter, r *Refusal) {
	r.Head = head()
	if r.status >= 500 {
		l.Logger.Warn("the local API has no answer", "status", r.status, "err", r)
	}
	l.write(w, r.status, r)
}

// indentLimit is up to what size, in bytes, an answer is made easy to read.
const indentLimit = 64 << 10

// write sends a value as JSON.
func (l *local) write(w http.ResponseWriter, status int, body any) {
	l.mark(w)
	if body == nil {
		w.WriteHeader(status)
		return
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false) // XML stays readable
	if err := e.Encode(body); err != nil {
		l.Logger.Error("the local API has no answer", "err", err)
		http.Error(w, `{"error": "the answer cannot be written as JSON"}`, http.StatusInternalServerError)
		return
	}
	if b.Len() <= indentLimit {
		var pretty bytes.Buffer
		if json.Indent(&pretty, b.Bytes(), "", "  ") == nil {
			b = pretty
		}
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(b.Bytes()) // who asked may have gone
}

// mark adds the headers of every answer.
func (l *local) mark(w http.ResponseWriter) {
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Server", "perfmon/"+l.Version)
	w.Header().Set(VersionHeader, l.Version)
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
	Head
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
