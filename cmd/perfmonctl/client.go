package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"perfmon/monitor/api"
)

const (
	askTimeout     = 10 * time.Second // the agent itself gives up after five
	maxAnswerBytes = 64 << 20
	maxSuggestions = 10 // of what could have been meant
)

// agentHelp is what the verbs have in common that ask the agent.
const agentHelp = `Exit codes: 0 done, 1 wrong words, 2 the agent could not be asked, 3 it refused:
there is no such thing, or more than one.`

// agentFlags say where the agent is, and how its answer is printed.
type agentFlags struct {
	socket string
	output string
	plain  string // the format for people

	agent string // the version that the last answer was of; "" if it did not say
}

// add adds the flags of a verb, whose format for people has a name.
func (a *agentFlags) add(cmd *cobra.Command, plain string) {
	a.addSocket(cmd.Flags())
	a.plain = plain
	cmd.Flags().StringVar(&a.output, "output", plain, "`FORMAT` of the output: "+plain+" or json")
	offer(cmd, "output", plain, "json")
}

func (a *agentFlags) addSocket(f *pflag.FlagSet) {
	f.StringVar(&a.socket, "api-socket", api.DefaultSocket, "`PATH` of the agent's socket")
}

// check refuses a format that there is not. What is for people can be called a
// table everywhere.
func (a *agentFlags) check() error {
	if a.output != a.plain && a.output != "table" && a.output != "json" {
		return fmt.Errorf("--output %q: want %s or json", a.output, a.plain)
	}
	return nil
}

// ask sends a request to the agent, with a body in JSON unless that is nil.
// It returns the answer as it came, and what it means in into, unless that is
// nil. Errors have their exit code.
func (a *agentFlags) ask(ctx context.Context, method, path string, query url.Values, body, into any) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	var sent io.Reader
	if body != nil {
		b, err := json.Marshal(body)
		if err != nil {
			return nil, err
		}
		sent = bytes.NewReader(b)
	}
	req, err := a.request(ctx, method, path, query, sent)
	if err != nil {
		return nil, err
	}
	resp, err := (&http.Client{Transport: a.transport()}).Do(req)
	if err != nil {
		return nil, failed(a.unreachable(err))
	}
	defer resp.Body.Close()
	a.agent = resp.Header.Get(api.VersionHeader)
	answer, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswerBytes))
	if err != nil {
		return nil, failed(a.unreachable(err))
	}
	if resp.StatusCode >= 300 {
		return nil, a.refusal(resp, answer)
	}
	if into == nil {
		return answer, nil
	}
	var head struct {
		API string `json:"api"` // answers to what is older have none
	}
	if err := json.Unmarshal(answer, &head); err == nil && head.API != "" && head.API != api.Version1 {
		return nil, failed(newer(agentOf(resp), head.API))
	}
	if err := json.Unmarshal(answer, into); err != nil {
		return nil, failed(fmt.Errorf("%s is not of this version: its answer is not understood: %w: %s", agentOf(resp), err, sameVersion))
	}
	return answer, nil
}

// newer says that an agent speaks a version of the API that nobody knows here.
func newer(agent, spoken string) error {
	return fmt.Errorf("%s is newer: it answers in version %q of the API, and this is perfmonctl %s, which knows %s: %s",
		agent, spoken, version, api.Version1, sameVersion)
}

// sameVersion is the way out where the agent and perfmonctl do not understand
// each other.
const sameVersion = "use the perfmonctl that came with it"

// transport connects to the agent's socket.
func (a *agentFlags) transport() *http.Transport {
	return &http.Transport{DisableKeepAlives: true, ResponseHeaderTimeout: askTimeout, DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "unix", a.socket)
	}}
}

// request is one to the agent.
func (a *agentFlags) request(ctx context.Context, method, path string, query url.Values, body io.Reader) (*http.Request, error) {
	u := url.URL{Scheme: "http", Host: "perfmon", Path: path, RawQuery: query.Encode()}
	req, err := http.NewRequestWithContext(ctx, method, u.String(), body)
	if err != nil {
		return nil, err
	}
	req.Header.Set("User-Agent", "perfmonctl/"+version)
	return req, nil
}

// get asks for something and says what it means.
func get[T any](ctx context.Context, a *agentFlags, path string, query url.Values) (into T, answer []byte, err error) {
	answer, err = a.ask(ctx, http.MethodGet, path, query, nil, &into)
	return into, answer, err
}

// closedEarly is what net/http says, by an error that it keeps to itself, of a
// connection that was closed before the request was written.
const closedEarly = "server closed idle connection"

// awayError says that the agent could not be asked, and what to do.
type awayError struct {
	error
	cause error
}

func (e *awayError) Unwrap() error { return e.cause }

func isAway(err error) bool {
	var away *awayError
	return errors.As(err, &away)
}

// unreachable says why the agent has not answered, and what can be done.
func (a *agentFlags) unreachable(err error) error { return &awayError{a.whyAway(err), err} }

func (a *agentFlags) whyAway(err error) error {
	var timeout net.Error
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("there is no socket %s: is perfmon running? If it has its socket elsewhere, name it with --api-socket", a.socket)
	case errors.Is(err, syscall.ECONNREFUSED):
		return fmt.Errorf("nobody listens on %s: is perfmon running? Its last run did not end well; its log should say why", a.socket)
	case errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("%s: permission denied: run perfmonctl as root", a.socket)
	case errors.Is(err, syscall.ENOTSOCK), errors.Is(err, syscall.EPROTOTYPE):
		return fmt.Errorf("%s is not the agent's socket: name it with --api-socket", a.socket)
	case errors.As(err, &timeout) && timeout.Timeout(), errors.Is(err, context.DeadlineExceeded):
		return fmt.Errorf("perfmon does not answer on %s within %v: its log should say why", a.socket, askTimeout)
	case errors.Is(err, io.EOF), errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE), strings.Contains(err.Error(), closedEarly):
		if os.Geteuid() != 0 {
			return fmt.Errorf("perfmon has hung up: it answers root and its own user alone: run perfmonctl as root")
		}
		return fmt.Errorf("perfmon has hung up: it may have ended just now; ask again")
	}
	return fmt.Errorf("ask perfmon: %w", err)
}

// refusal is an answer that says that something is wrong.
func (a *agentFlags) refusal(resp *http.Response, answer []byte) error {
	var r api.Refusal
	if json.Unmarshal(answer, &r) != nil || r.Message == "" {
		return failed(fmt.Errorf("%s is not of this version: it answers %q with %s: %s", agentOf(resp), resp.Request.URL.Path, resp.Status, sameVersion))
	}
	if path := resp.Request.URL.Path; resp.StatusCode == http.StatusNotFound && slices.Contains(r.Known, "/v1/explain") {
		// What it knows are paths.
		return failed(fmt.Errorf("%s does not know %s, and this is perfmonctl %s: if perfmon was updated, restart it; or %s", agentOf(resp), path, version, sameVersion))
	}
	text := r.Message
	if r.Fix != "" {
		text += ": " + r.Fix
	}
	for i, known := range r.Known {
		if i == maxSuggestions {
			text += fmt.Sprintf("\n  and %d more", len(r.Known)-i)
			break
		}
		text += "\n  " + known
	}
	err := errors.New(printable(text))
	if resp.StatusCode >= 500 {
		return failed(err)
	}
	return refused(err)
}

// agentOf is the agent as its answer names it.
func agentOf(resp *http.Response) string {
	if version := resp.Header.Get(api.VersionHeader); version != "" {
		return printable("perfmon " + version)
	}
	if server := resp.Header.Get("Server"); server != "" {
		return printable(server)
	}
	return "the agent"
}
