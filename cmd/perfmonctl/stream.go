package main

import (
	"context"
	"io"
	"net/http"
	"net/url"

	"perfmon/cmd/internal/verbs"
)

// Get asks for something and reads the answer into a value.
func (a *agentFlags) Get(ctx context.Context, path string, query url.Values, into any) error {
	_, err := a.ask(ctx, http.MethodGet, path, query, nil, into)
	return err
}

// Open asks for an answer that has no end, which whoever calls closes. When ctx
// ends, so does the answer.
func (a *agentFlags) Open(ctx context.Context, path string, query url.Values) (io.ReadCloser, error) {
	c := a.client()
	stream, err := c.Open(ctx, path, query)
	a.agent = c.Answered
	return stream, verbs.Asked(err)
}
