package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"perfmon/cmd/internal/eventstream"
	"perfmon/cmd/internal/verbs"
	"perfmon/monitor/api"
	"perfmon/monitor/control"
)

// refreshed is what perfmonctl refresh --output json prints.
type refreshed struct {
	Polled int64  `json:"polled"` // when the poll was done, Unix seconds; 0: nobody has said so
	State  string `json:"state,omitempty"`
	Note   string `json:"note,omitempty"`
}

func newRefresh() *cobra.Command {
	a := &agentFlags{}
	var socket string
	var patience time.Duration
	cmd := &cobra.Command{
		Use:   "refresh",
		Short: "have the agent read its triggers again and poll now",
		Long: `refresh sends the datagram "refresh" to the agent's command socket, as the
toolstack does, and waits until the agent says on its other socket that the poll
is done. Changes of trigger XML are followed without it.

With --timeout 0 it does not wait. The stock daemon understands it too, and
never says that it is done.

Exit codes: 0 done, 1 wrong words, 2 not sent, or not done in time.`,
		Args: verbs.NoArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := a.check(); err != nil {
				return err
			}
			if patience < 0 {
				return fmt.Errorf("--timeout %v: want a length of time, such as 30s", patience)
			}
			return a.refresh(cmd, socket, patience)
		},
	}
	f := cmd.Flags()
	f.StringVar(&socket, "control-socket", control.DefaultName, "`NAME` of the agent's command socket")
	f.DurationVar(&patience, "timeout", 30*time.Second, "wait so much `TIME` for the poll")
	a.add(cmd, "table")
	return cmd
}

func (a *agentFlags) refresh(cmd *cobra.Command, socket string, patience time.Duration) error {
	ctx, stop := verbs.Interruptible()
	defer stop()
	if patience == 0 {
		if err := send(socket); err != nil {
			return err
		}
		return a.say(cmd, refreshed{Note: "sent"})
	}
	within, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	// Who looks on before it is sent cannot miss the poll.
	stream, err := a.Open(within, "/v1/watch", url.Values{"overview": {"false"}})
	var poll *api.WatchPoll
	sent := false
	if err == nil {
		defer stream.Close()
		poll, sent, err = a.sendAndWait(stream, socket)
	}
	var coded *verbs.Error
	switch late := errors.Is(within.Err(), context.DeadlineExceeded); {
	case err == nil:
	case ctx.Err() != nil:
		return verbs.ErrInterrupted
	case sent && late:
		return verbs.Failed(fmt.Errorf("sent, but no poll was done within %v: perfmonctl status may say why", patience))
	case sent && errors.As(err, &coded), errors.Is(err, fs.ErrPermission):
		return err // nor would the command be heard
	case sent:
		return verbs.Failed(fmt.Errorf("sent, but the agent has hung up: %w", err))
	default:
		if failure := send(socket); failure != nil {
			return failure
		}
		if late {
			return verbs.Failed(fmt.Errorf("sent, but perfmon does not answer on %s within %v: its log should say why", a.socket, patience))
		}
		return a.say(cmd, refreshed{Note: fmt.Sprintf("sent; nobody can say when it is done: %v", err)})
	}
	r := refreshed{Polled: poll.Now, State: poll.State}
	if poll.State == api.StateTrouble {
		r.Note = "no rows came: " + poll.Trouble
	}
	return a.say(cmd, r)
}

// sendAndWait sends the command once it hears of the last poll, and waits for
// the next. What it says of an error is true also if it has not been sent.
func (a *agentFlags) sendAndWait(stream io.Reader, socket string) (poll *api.WatchPoll, sent bool, err error) {
	done := errors.New("done")
	err = eventstream.Read(stream, func(e eventstream.Event) error {
		if e.Name != api.EventPoll {
			return nil
		}
		poll = &api.WatchPoll{}
		err := json.Unmarshal([]byte(e.Data), poll)
		switch {
		case err != nil:
			return verbs.Failed(fmt.Errorf("%s is not of this version: its event is not understood: %w: %s", a.name(), err, sameVersion))
		case poll.API != "" && poll.API != api.Version1:
			return verbs.Failed(newer(a.name(), poll.API))
		case sent:
			return done
		}
		sent = true
		return send(socket)
	})
	if err == done {
		err = nil
	}
	return poll, sent, err
}

// name is the agent that has answered.
func (a *agentFlags) name() string {
	if a.agent == "" {
		return "the agent"
	}
	return printable("perfmon " + a.agent)
}

// send gives the command to the agent.
func send(socket string) error {
	switch err := control.Send(socket, control.Refresh); {
	case errors.Is(err, syscall.ECONNREFUSED):
		return verbs.Failed(fmt.Errorf("nobody listens on %s: is perfmon running? If its command socket has another name, say it with --control-socket", socket))
	case errors.Is(err, fs.ErrPermission):
		return verbs.Failed(fmt.Errorf("%s: permission denied: run perfmonctl as root", socket))
	case err != nil:
		return verbs.Failed(err)
	}
	return nil
}

func (a *agentFlags) say(cmd *cobra.Command, r refreshed) error {
	answer, err := asJSON(r)
	if err != nil {
		return verbs.Failed(err)
	}
	return a.print(cmd, answer, func(screen) string {
		switch t := (times{Now: time.Now()}); {
		case r.Polled == 0:
			return r.Note + "\n"
		case r.Note != "":
			return fmt.Sprintf("refreshed at %s, but %s\n", t.At(r.Polled), r.Note)
		default:
			return fmt.Sprintf("refreshed at %s\n", t.At(r.Polled))
		}
	})
}
