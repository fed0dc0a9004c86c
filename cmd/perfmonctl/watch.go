package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"perfmon/cmd/internal/eventstream"
	"perfmon/cmd/internal/verbs"
	"perfmon/monitor/api"
)

// watcher shows alarms as they come.
type watcher struct {
	*agentFlags
	cmd   *cobra.Command
	query url.Values // object, if only one
	last  string     // id of the event that was shown last
}

func (w *watcher) run() error {
	return (&verbs.Stream{Server: "perfmon", Open: w.open, Begin: w.list, Take: w.hear}).Watch(w.cmd)
}

// list shows how things are at the beginning.
func (w *watcher) list(ctx context.Context) error {
	// In JSON nothing of it is shown, but it tells an agent from others.
	list, _, err := get[api.Variables](ctx, w.agentFlags, "/v1/alarms", w.query)
	if err != nil || w.output == "json" {
		return err
	}
	return w.print(w.cmd, nil, func(on screen) string { return alarmsText(&list, times{Now: time.Now()}, on) + "\n" })
}

// open opens the stream behind the event that was shown last.
func (w *watcher) open(ctx context.Context) (io.ReadCloser, error) {
	query := url.Values{"overview": {"false"}}
	for name, values := range w.query {
		query[name] = values
	}
	if w.last != "" {
		query.Set("last", w.last)
	}
	return w.Open(ctx, "/v1/watch", query)
}

// hear takes an event.
func (w *watcher) hear(e eventstream.Event) error {
	if e.Name != api.EventAlarm {
		return nil
	}
	var x api.Transition
	if err := json.Unmarshal([]byte(e.Data), &x); err != nil {
		return verbs.Failed(fmt.Errorf("perfmon %s is not of this version: its event is not understood: %w: %s", w.agent, err, sameVersion))
	}
	w.last = e.ID
	return w.show(e.Data, &x)
}

// show writes one event:
//
//	12:06:00 CET  raised    critical  vm web-07  cpu_usage  0.97 > 0.9
func (w *watcher) show(data string, x *api.Transition) error {
	out := w.cmd.OutOrStdout()
	if w.output == "json" {
		return verbs.Write(out, data+"\n")
	}
	t := times{Now: time.Now()}
	said := saidText(x)
	pad := strings.Repeat(" ", max(0, len("repeated")-textWidth(said)))
	line := fmt.Sprintf("%s  %s%s  %-8s  %s  %s  %s %s", t.Clock(x.Time), said, pad, x.Severity, objectText(x.ObjectRef), x.Variable, valueText(x.Value), levelText(x.Level, x.Sense, nil, ""))
	if note := transitionNote(x); note != "" {
		line += "  (" + note + ")"
	}
	return verbs.Write(out, screenOf(out).Finish(line)+"\n")
}
