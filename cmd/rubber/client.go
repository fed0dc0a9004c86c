package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	"github.com/spf13/cobra"

	"perfmon/cmd/internal/console"
	"perfmon/cmd/internal/localapi"
	"perfmon/cmd/internal/verbs"
	"perfmon/scaling/rubber/api"
)

const (
	// defaultSocket is where rubber listens unless its configuration says
	// otherwise.
	defaultSocket = "/run/rubber/rubber.sock"
	// askTimeout is how long an answer may take. A turn waits for clouds and
	// brokers, and rubber itself gives up after 30 s.
	askTimeout = 35 * time.Second
)

// askHelp is what the verbs have in common that ask a running rubber.
const askHelp = `Exit codes: 0 done, 1 wrong words, 2 rubber could not be asked, 3 it refused.`

// asking says where rubber is, and how its answer is printed.
type asking struct {
	socket string
	output string
}

func (a *asking) add(cmd *cobra.Command) {
	cmd.Flags().StringVar(&a.socket, "api-socket", defaultSocket, "`PATH` of the socket of the running rubber (api.socket in its configuration)")
	verbs.AddOutput(cmd, &a.output)
}

func (a *asking) client() *localapi.Client {
	return &localapi.Client{Socket: a.socket, Words: localapi.Words{
		Tool: "rubber", Version: version, Server: "rubber serve", Role: "rubber", Flag: "--api-socket",
		Denied: "run this as root, or as a member of the group that api.group names", Header: "Rubber-Version",
		SameVersion: "use the program that it was started with, or restart it", Timeout: askTimeout,
	}}
}

// get asks for something, and says what it means.
func get[T any](ctx context.Context, a *asking, path string, query url.Values) (into T, answer []byte, err error) {
	answer, err = a.client().Ask(ctx, http.MethodGet, path, query, nil, &into)
	return into, answer, verbs.Asked(err)
}

// post has something done, for a reason, and returns the status afterwards.
func (a *asking) post(ctx context.Context, path, reason string) (*api.Status, []byte, error) {
	s := &api.Status{}
	answer, err := a.client().Ask(ctx, http.MethodPost, path, nil, api.Request{Reason: reason}, s)
	return s, answer, verbs.Asked(err)
}

// Get is for the live view; see its Server.
func (a *asking) Get(ctx context.Context, path string, query url.Values, into any) error {
	_, err := a.client().Ask(ctx, http.MethodGet, path, query, nil, into)
	return err
}

// Open is for the live view; see its Server.
func (a *asking) Open(ctx context.Context, path string) (io.ReadCloser, error) {
	return a.client().Open(ctx, path, nil)
}

// print prints an answer in the wanted format.
func (a *asking) print(cmd *cobra.Command, answer []byte, table func(console.Screen) string) error {
	return verbs.Print(cmd, a.output, answer, table)
}

// oneArgument wants exactly one.
func oneArgument(what string) cobra.PositionalArgs {
	return func(_ *cobra.Command, args []string) error {
		switch len(args) {
		case 1:
			return nil
		case 0:
			return fmt.Errorf("which %s?", what)
		}
		return fmt.Errorf("unexpected argument %q: want one %s", args[1], what)
	}
}
