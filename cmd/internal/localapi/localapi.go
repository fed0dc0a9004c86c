// Package localapi asks a program of ours over the unix socket of its local API,
// HTTP with JSON, and says in words for people why that did not work.
package localapi

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"time"
)

const (
	maxAnswerBytes = 64 << 20
	maxSuggestions = 10 // of what could have been meant

	// version1 is what answers call the version that they are in.
	version1 = "v1"
)

// Words are how one program speaks of the one that it asks.
type Words struct {
	Tool        string // who asks: perfmonctl
	Version     string // of Tool
	Server      string // who is asked: perfmon
	Role        string // what that is: the agent
	Flag        string // that names the socket: --api-socket
	Denied      string // what to do where it is not permitted: run perfmonctl as root
	Header      string // of answers, which has the server's version
	SameVersion string // what to do where the two do not understand each other
	Timeout     time.Duration
}

// Client asks a server. It is for one goroutine; a copy is another client.
type Client struct {
	Words
	Socket   string
	Answered string // the version that the last answer was of; "" if it did not say
}

// refusal is an answer that says why something is not done, and what would be.
type refusal struct {
	Message string   `json:"message"`
	Error   string   `json:"error"` // what the agent calls it
	Fix     string   `json:"fix"`
	Known   []string `json:"known"` // what could have been meant
}

// Ask sends a request, with a body in JSON unless that is nil. It returns the
// answer as it came, and what it means in into, unless that is nil. The error is
// an AwayError if the server cannot be reached, a RefusedError if it was asked
// for what it does not do.
func (c *Client) Ask(ctx context.Context, method, path string, query url.Values, body, into any) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, c.Timeout)
	defer cancel()
	var sent io.Reader
	if body != nil {
		b, err := json.Marshal(body)
		if err != nil {
			return nil, err
		}
		sent = bytes.NewReader(b)
	}
	resp, err := c.do(ctx, method, path, query, sent, "application/json")
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswerBytes))
	if err != nil {
		return nil, c.Unreachable(err)
	}
	if resp.StatusCode >= 300 {
		return nil, c.refusal(resp, answer)
	}
	if into == nil {
		return answer, nil
	}
	var head struct {
		API string `json:"api"` // answers to what is older have none
	}
	if err := json.Unmarshal(answer, &head); err == nil && head.API != "" && head.API != version1 {
		return nil, c.Newer(c.serverOf(resp), head.API)
	}
	if err := json.Unmarshal(answer, into); err != nil {
		return nil, fmt.Errorf("%s is not of this version: its answer is not understood: %w: %s", c.serverOf(resp), err, c.SameVersion)
	}
	return answer, nil
}

// Open asks for an answer that has no end, which whoever calls closes. When ctx
// ends, so does the answer.
func (c *Client) Open(ctx context.Context, path string, query url.Values) (io.ReadCloser, error) {
	resp, err := c.do(ctx, http.MethodGet, path, query, nil, "text/event-stream")
	if err != nil {
		return nil, err
	}
	if resp.StatusCode == http.StatusOK {
		return resp.Body, nil
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswerBytes))
	if err != nil {
		return nil, c.Unreachable(err)
	}
	return nil, c.refusal(resp, answer)
}

func (c *Client) do(ctx context.Context, method, path string, query url.Values, body io.Reader, accept string) (*http.Response, error) {
	u := url.URL{Scheme: "http", Host: "localhost", Path: path, RawQuery: query.Encode()}
	req, err := http.NewRequestWithContext(ctx, method, u.String(), body)
	if err != nil {
		return nil, err
	}
	req.Header.Set("User-Agent", c.Tool+"/"+c.Version)
	req.Header.Set("Accept", accept)
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	resp, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true, ResponseHeaderTimeout: c.Timeout, DialContext: c.dial}}).Do(req)
	if err != nil {
		return nil, c.Unreachable(err)
	}
	c.Answered = resp.Header.Get(c.Header)
	return resp, nil
}

func (c *Client) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	return (&net.Dialer{}).DialContext(ctx, "unix", c.Socket)
}

// Newer says that a server speaks a version of the API that nobody knows here.
func (c *Client) Newer(server, spoken string) error {
	return fmt.Errorf("%s is newer: it answers in version %q of the API, and this is %s %s, which knows %s: %s",
		server, spoken, c.Tool, c.Version, version1, c.SameVersion)
}

// knowsPaths tells a refusal of a path that the server does not know.
func (r *refusal) knowsPaths() bool { return slices.Contains(r.Known, "/v1/explain") }
