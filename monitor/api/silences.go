package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	"perfmon/alarm"
	"perfmon/monitor"
	"perfmon/monitor/api/door"
)

// Silences is the answer of /v1/silences.
type Silences struct {
	Head
	Silences []alarm.Silence `json:"silences"` // in force, oldest first
}

// NewSilence asks for a silence. One of Ends and Duration says how long it is
// to last.
type NewSilence struct {
	Matchers []string `json:"matchers"`             // as alarm.ParseMatcher reads them; all have to match
	Reason   string   `json:"reason"`               // for those who wonder
	Author   string   `json:"author,omitempty"`     // "": the user who asks
	Ends     int64    `json:"ends,omitempty"`       // Unix seconds
	Duration int64    `json:"duration_s,omitempty"` // seconds from now
}

// longestSilence is a bound on Duration, so that sums stay whole.
const longestSilence = 1 << 40

// Silence is the answer of POST /v1/silences.
type Silence struct {
	Head
	alarm.Silence
}

// silences lists those in force. The web port does not trouble the loop.
func (l *local) silences(ctx context.Context, _ *http.Request) (reply, error) {
	if s := l.Monitor.Snapshot(); s != nil && public(ctx) {
		return reply{http.StatusOK, silencesOf(s, l.now().Unix())}, nil
	}
	list, err := l.Monitor.Silences(ctx)
	return reply{http.StatusOK, Silences{head(), append([]alarm.Silence{}, list...)}}, err
}

// silencesOf are those of a snapshot that have not ended since.
func silencesOf(s *monitor.Snapshot, now int64) Silences {
	answer := Silences{head(), []alarm.Silence{}}
	for _, one := range s.Silences {
		if now < one.Ends {
			answer.Silences = append(answer.Silences, one)
		}
	}
	return answer
}

func (l *local) addSilence(ctx context.Context, r *http.Request) (reply, error) {
	asked, err := readSilence(r.Body)
	if err != nil {
		return reply{}, err
	}
	s := alarm.Silence{Reason: asked.Reason, Author: asked.Author, Ends: asked.Ends}
	if s.Author == "" {
		s.Author = door.AskedBy(r.Context())
	}
	switch {
	case strings.TrimSpace(asked.Reason) == "":
		return reply{}, badRequest("say why, for those who wonder in the night", "the silence has no reason")
	case (asked.Ends == 0) == (asked.Duration == 0):
		return reply{}, badRequest("give one of ends (Unix seconds) and duration_s", "the silence has to say once how long it lasts")
	case asked.Duration < 0 || asked.Duration > longestSilence:
		return reply{}, badRequest("give at least 1", "duration_s is %d", asked.Duration)
	case asked.Duration > 0:
		s.Ends = l.now().Unix() + asked.Duration
	}
	for _, text := range asked.Matchers {
		m, err := alarm.ParseMatcher(text)
		if err != nil {
			return reply{}, badRequest("write matchers such as class=vm, variable=~cpu.* or label.team=web", "%v", err)
		}
		s.Matchers = append(s.Matchers, m)
	}
	added, err := l.Monitor.AddSilence(ctx, s)
	switch {
	case err == nil:
		return reply{http.StatusCreated, Silence{head(), added}}, nil
	case ctx.Err() != nil || errors.Is(err, monitor.ErrEnded):
		return reply{}, err
	}
	return reply{}, badRequest("mend that, and ask again", "%v", err)
}

// readSilence reads the body of a request:
//
//	{"matchers": ["class=vm", "variable=~cpu.*"], "reason": "load test", "duration_s": 7200}
func readSilence(body io.Reader) (*NewSilence, error) {
	const fix = `send {"matchers": ["class=vm"], "reason": "why", "duration_s": 3600}`
	d := json.NewDecoder(body)
	d.DisallowUnknownFields()
	var s NewSilence
	err := d.Decode(&s)
	if err == nil {
		if _, err = d.Token(); err == io.EOF {
			return &s, nil
		} else if err == nil {
			err = errors.New("something stands behind it")
		}
	}
	if long := (*http.MaxBytesError)(nil); errors.As(err, &long) {
		return nil, err
	}
	if err == io.EOF {
		err = errors.New("the request has no body")
	}
	return nil, badRequest(fix, "the silence cannot be read: %s", strings.TrimPrefix(err.Error(), "json: "))
}

func (l *local) endSilence(ctx context.Context, r *http.Request) (reply, error) {
	id := r.PathValue("id")
	err := l.Monitor.EndSilence(ctx, id)
	if errors.Is(err, monitor.ErrNoSilence) {
		list, err := l.Monitor.Silences(ctx)
		if err != nil {
			return reply{}, err
		}
		refusal := &Refusal{status: http.StatusNotFound, Message: fmt.Sprintf("no silence in force has the id %q", id), Fix: "name one that is in force"}
		for _, s := range list[:min(len(list), maxKnown)] {
			refusal.Known = append(refusal.Known, s.ID)
		}
		if len(list) == 0 {
			refusal.Fix = "there is none in force: nothing is silenced"
		}
		return reply{}, refusal
	}
	return reply{http.StatusNoContent, nil}, err
}
