package main

import (
	"context"
	"net/http"
	"net/url"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"perfmon/cmd/internal/localapi"
	"perfmon/cmd/internal/verbs"
	"perfmon/monitor/api"
)

// askTimeout is how long an answer may take. The agent itself gives up after
// five seconds.
const askTimeout = 10 * time.Second

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
	verbs.AddFormat(cmd, &a.output, plain)
}

func (a *agentFlags) addSocket(f *pflag.FlagSet) {
	f.StringVar(&a.socket, "api-socket", api.DefaultSocket, "`PATH` of the agent's socket")
}

// check refuses a format that there is not.
func (a *agentFlags) check() error { return verbs.CheckFormat(a.output, a.plain) }

// client asks the agent.
func (a *agentFlags) client() *localapi.Client {
	return &localapi.Client{Socket: a.socket, Words: localapi.Words{
		Tool: "perfmonctl", Version: version, Server: "perfmon", Role: "the agent", Flag: "--api-socket",
		Denied: "run perfmonctl as root", Header: api.VersionHeader, SameVersion: sameVersion, Timeout: askTimeout,
	}}
}

// sameVersion is the way out where the agent and perfmonctl do not understand
// each other.
const sameVersion = "use the perfmonctl that came with it"

// newer says that an agent speaks a version of the API that nobody knows here.
func newer(agent, spoken string) error { return (&agentFlags{}).client().Newer(agent, spoken) }

// ask sends a request to the agent, with a body in JSON unless that is nil.
// It returns the answer as it came, and what it means in into, unless that is
// nil. Errors have their exit code.
func (a *agentFlags) ask(ctx context.Context, method, path string, query url.Values, body, into any) ([]byte, error) {
	c := a.client()
	answer, err := c.Ask(ctx, method, path, query, body, into)
	a.agent = c.Answered
	return answer, verbs.Asked(err)
}

func isAway(err error) bool { return localapi.IsAway(err) }

// get asks for something and says what it means.
func get[T any](ctx context.Context, a *agentFlags, path string, query url.Values) (into T, answer []byte, err error) {
	answer, err = a.ask(ctx, http.MethodGet, path, query, nil, &into)
	return into, answer, err
}
