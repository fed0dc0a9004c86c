package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"runtime"
	"strconv"
	"strings"
	"time"

	"perfmon/cmd/internal/systemlog"
	"perfmon/monitor"
	"perfmon/monitor/api"
)

// Limits of a bundle.
const (
	maxMetricsBytes = 64 << 20
	maxSystemBytes  = 64 << 10 // of a file that describes the system
	metricsTimeout  = 30 * time.Second
	bundledHistory  = 2000 // transitions, all that the agent gives at once
)

func (s *supporter) versions(ctx context.Context) error {
	v := versions{Tool: version, Go: runtime.Version()}
	err := v.ask(ctx, &s.agentFlags)
	text, failure := asJSON(v)
	s.bundle.put("version.json", "versions of perfmonctl and the agent", text)
	return errors.Join(err, failure)
}

// settingsFile takes the settings, without secrets.
func (s *supporter) settingsFile() error {
	text, err := os.ReadFile(s.settings)
	if errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("there is no %s: all is as by default", s.settings)
	}
	if err != nil {
		return err
	}
	clean, secrets, err := redactSettings(s.settings, text, os.Getenv)
	if err != nil {
		return fmt.Errorf("%s cannot be read, so nobody knows what in it is secret: %w", s.settings, err)
	}
	s.bundle.secrets = append(s.bundle.secrets, secrets...)
	s.bundle.put("settings.yaml", "settings, without secrets and comments", clean)
	return nil
}

// system is what the host runs.
func (s *supporter) system() error {
	var b bytes.Buffer
	var failures error
	for _, name := range []string{"/etc/os-release", "/etc/xensource-inventory", "/proc/version", "/proc/uptime", "/proc/loadavg", "/proc/meminfo"} {
		f, err := os.Open(name)
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		if err != nil {
			failures = errors.Join(failures, err)
			continue
		}
		fmt.Fprintf(&b, "==> %s\n", name)
		_, err = io.Copy(&b, io.LimitReader(f, maxSystemBytes))
		f.Close()
		failures = errors.Join(failures, err)
		b.WriteString("\n")
	}
	if host, err := os.Hostname(); err == nil {
		s.bundle.name(host, "host")
	}
	s.bundle.put("system.txt", "what the host runs, and its load", b.Bytes())
	return failures
}

// agentState is all that the agent says.
func (s *supporter) agentState(ctx context.Context, now time.Time) error {
	b := s.bundle
	// Objects come first: they say of which class a name is.
	objects, text, err := get[api.Objects](ctx, &s.agentFlags, "/v1/objects", nil)
	if err != nil {
		return err
	}
	for i := range objects.Objects {
		o := &objects.Objects[i]
		name := b.name(o.Name, o.Class)
		for k, tag := range o.Tags {
			if number := b.name(tag, "tag"); s.anonymous {
				o.Tags[k] = number
			}
		}
		if s.anonymous {
			o.Name = name
		}
	}
	if s.anonymous {
		if text, err = asJSON(objects); err != nil {
			return err
		}
	}
	b.put("objects.json", "objects of this host", text)
	var status api.Status
	var alarms api.Variables
	for _, x := range []struct {
		file, what, path string
		query            url.Values
		into             any
	}{
		{"status.json", "how the agent does, its sinks and its journal", "/v1/status", nil, &status},
		{"alarms.json", "what is not fine", "/v1/alarms", nil, &alarms},
		{"variables.json", "all variables in force", "/v1/variables", nil, nil},
		{"history.json", "what alarms have said", "/v1/history", url.Values{"limit": {strconv.Itoa(bundledHistory)}}, nil},
		{"silences.json", "silences in force", "/v1/silences", nil, nil},
		{"pressure.json", "pressure on the host", "/v1/pressure", nil, nil},
	} {
		if err := s.answer(ctx, x.file, x.what, x.path, x.query, x.into); err != nil {
			b.miss(x.file, err)
			if isAway(err) {
				return nil // it is said
			}
		}
	}
	t := times{Now: now}
	if status.API != "" {
		text := statusText(&status, t)
		if alarms.API != "" {
			text += "\n" + alarmsText(&alarms, t, screen{})
		}
		b.put("status.txt", "status and alarms, for reading", []byte(screen{}.Finish(text)))
	}
	s.explanations(ctx, &alarms, t)
	s.configurations(ctx, &objects)
	return nil
}

// answer asks the agent, and keeps what it says.
func (s *supporter) answer(ctx context.Context, file, what, path string, query url.Values, into any) error {
	text, err := s.ask(ctx, http.MethodGet, path, query, nil, nil)
	if err != nil {
		return err
	}
	text = s.bundle.anonymize(text)
	s.bundle.put(file, what, text)
	if into == nil {
		return nil
	}
	if err := json.Unmarshal(text, into); err != nil {
		return fmt.Errorf("the agent is not of this version: its answer is not understood: %w", err)
	}
	return nil
}

// explanations explains each alarm.
func (s *supporter) explanations(ctx context.Context, alarms *api.Variables, t times) {
	var text strings.Builder
	for i := range alarms.Variables {
		v := &alarms.Variables[i]
		if ctx.Err() != nil {
			return
		}
		s.tell.Say("explain "+v.Variable+" of "+v.Class+" "+v.UUID, i, len(alarms.Variables))
		var x api.Explained
		file := fmt.Sprintf("explain/%s-%s-%s.json", v.Class, v.UUID, fileName(v.Variable))
		query := url.Values{"object": {v.Class + ":" + v.UUID}, "variable": {v.Variable}}
		if err := s.answer(ctx, file, "explanations of the alarms", "/v1/explain", query, &x); err != nil {
			s.bundle.miss(file, err)
			if isAway(err) {
				return // and would be for each of the others
			}
			continue
		}
		if x.Explanation != nil {
			text.WriteString((&explainer{Explained: &x, times: t}).text() + "\n")
		}
	}
	if text.Len() > 0 {
		s.bundle.put("explain.txt", "the same, for reading", []byte(screen{}.Finish(text.String())))
	}
}

// fileName is a variable's name as the name of a file.
func fileName(name string) string {
	return strings.Map(func(r rune) rune {
		if r == '/' || r < ' ' || r == 0x7f {
			return '_'
		}
		return r
	}, name[:min(len(name), 100)])
}

// configurations has what is in force of each object that is watched.
func (s *supporter) configurations(ctx context.Context, objects *api.Objects) {
	for i, o := range objects.Objects {
		if ctx.Err() != nil {
			return
		}
		if o.Variables == 0 && o.ConfigErrors == 0 {
			continue
		}
		s.tell.Say("configuration of "+o.Class+" "+o.UUID, i, len(objects.Objects))
		file := fmt.Sprintf("effective/%s-%s.xml", o.Class, o.UUID)
		e, _, err := get[monitor.EffectiveConfig](ctx, &s.agentFlags, "/v1/effective", url.Values{"object": {o.Class + ":" + o.UUID}})
		if err != nil {
			s.bundle.miss(file, err)
			if isAway(err) {
				return
			}
			continue
		}
		xml := e.XML
		if s.anonymous {
			// The first line has the name and the tags.
			if first, rest, _ := strings.Cut(xml, "\n"); strings.HasPrefix(first, "<!--") {
				xml = fmt.Sprintf("<!-- %s %s -->\n%s", o.Class, o.UUID, rest)
			}
		}
		s.bundle.put(file, "configurations in force", []byte(xml))
	}
}

// metricsPage is what Prometheus would see.
func (s *supporter) metricsPage(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, metricsTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.metrics, nil)
	if err != nil {
		return fmt.Errorf("--metrics-url: %w", err)
	}
	resp, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Do(req)
	if err != nil {
		return fmt.Errorf("%w: --metrics-url says where they are", err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(io.LimitReader(resp.Body, maxMetricsBytes))
	switch {
	case err != nil:
		return err
	case resp.StatusCode != http.StatusOK:
		return fmt.Errorf("%s answers %s", s.metrics, resp.Status)
	}
	s.bundle.put("metrics.txt", "the metrics page", s.bundle.anonymize(text))
	return nil
}

// log is the newest lines of the agent's log.
func (s *supporter) log(ctx context.Context) error {
	if s.logs == 0 {
		return nil
	}
	text, err := systemlog.Newest(ctx, s.logs)
	if err != nil {
		return err
	}
	if len(text) == 0 {
		return errors.New("the system's journal has none")
	}
	s.bundle.put("log.txt", "the newest lines of the log", text)
	return nil
}
