package main

import (
	"context"
	"io"
	"net/http"
	"net/url"

	"perfmon/monitor/api"
)

// Get asks for something and reads the answer into a value.
func (a *agentFlags) Get(ctx context.Context, path string, query url.Values, into any) error {
	_, err := a.ask(ctx, http.MethodGet, path, query, nil, into)
	return err
}

// Open asks for an answer that has no end, which whoever calls closes. When ctx
// ends, so does the answer.
func (a *agentFlags) Open(ctx context.Context, path string, query url.Values) (io.ReadCloser, error) {
	req, err := a.request(ctx, http.MethodGet, path, query, nil)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Accept", "text/event-stream")
	resp, err := (&http.Client{Transport: a.transport()}).Do(req)
	if err != nil {
		return nil, failed(a.unreachable(err))
	}
	a.agent = resp.Header.Get(api.VersionHeader)
	if resp.StatusCode == http.StatusOK {
		return resp.Body, nil
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswerBytes))
	if err != nil {
		return nil, failed(a.unreachable(err))
	}
	return nil, a.refusal(resp, answer)
}
