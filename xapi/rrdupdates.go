package xapi

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// Endpoints that answer GET /rrd_updates.
const (
	EndpointRRDD = "xcp-rrdd" // its own unix socket: no session, no coordinator
	EndpointXAPI = "xapi"     // port 80 with a session
)

// RRDQuery says which rows to ask for.
type RRDQuery struct {
	Start    int64    // Unix seconds: rows at or after it; negative counts back from the newest
	Interval int      // wanted step in seconds: 5, 60, 3600 or 86400
	CF       string   // consolidation function, such as "AVERAGE"; "" for all
	SRUUIDs  []string // SRs wanted, besides the host and all its VMs
	// Class and UUID name the one object that is wanted instead: "host" (this
	// one, whatever the uuid), "vm", or "sr", with which the host comes too,
	// since it has columns about SRs. A toolstack of 2012 sends all the same.
	Class, UUID string
}

// target is the path with the query:
//
//	/rrd_updates?start=1759912080&host=true&sr_uuid=all&sr_uuid=<uuid>&cf=AVERAGE&interval=60
//
// The order matters. Toolstacks before 26.7.0 read only the first sr_uuid and
// know "all"; later ones take each as an exact uuid, for which "all" stands
// for nothing. With "all" first both send the rows. In the same way "none" is
// a word for the one and no VM's uuid for the other.
func (q RRDQuery) target() string {
	var b strings.Builder
	fmt.Fprintf(&b, "/rrd_updates?start=%d", q.Start)
	switch uuid := url.QueryEscape(q.UUID); q.Class {
	case "host":
		b.WriteString("&host=true&vm_uuid=none")
	case "vm":
		b.WriteString("&vm_uuid=" + uuid)
	case "sr":
		b.WriteString("&host=true&vm_uuid=none&sr_uuid=" + uuid)
	default:
		b.WriteString("&host=true&sr_uuid=all")
		for _, uuid := range q.SRUUIDs {
			b.WriteString("&sr_uuid=" + url.QueryEscape(uuid))
		}
	}
	if q.CF != "" {
		b.WriteString("&cf=" + url.QueryEscape(q.CF))
	}
	b.WriteString("&interval=" + strconv.Itoa(q.Interval))
	return b.String()
}

// RRDUpdates asks for rows and returns the XML document as it streams in. The
// caller closes it, and bounds its size.
//
// The first choice is xcp-rrdd's own socket. Where that does not exist,
// refuses, or does not know the path, it is xapi's port with the session; that
// way is kept while it works, and the socket is looked for again every five
// minutes. Any status but 200 is an *HTTPStatusError. The head of the answer
// and then each piece of the body must come within Options.StallTimeout, or the
// error is ErrStalled.
func (c *Client) RRDUpdates(ctx context.Context, q RRDQuery) (io.ReadCloser, error) {
	return c.rows(ctx, q.target())
}

// rows asks either endpoint for a document with rows.
func (c *Client) rows(ctx context.Context, target string) (body io.ReadCloser, err error) {
	began := time.Now()
	path, _, _ := strings.Cut(target, "?")
	defer func() { c.opts.OnCall(strings.TrimPrefix(path, "/"), err, time.Since(began).Seconds()) }()

	var rrddErr error
	if c.tryRRDD(began) {
		body, rrddErr = c.get(ctx, c.rrdd, EndpointRRDD, "http://localhost", target, "")
		if rrddErr == nil {
			c.answered(EndpointRRDD, time.Time{})
			return body, nil
		}
		if !notServed(rrddErr) {
			return nil, rrddErr
		}
	}
	err = c.withSession(ctx, func(session string) (err error) {
		body, err = c.get(ctx, c.web, EndpointXAPI, "http://"+c.opts.HTTPAddr, target, session)
		return err
	})
	switch {
	case err == nil:
		c.answered(EndpointXAPI, time.Now().Add(c.probeEvery))
		return body, nil
	case rrddErr != nil:
		return nil, fmt.Errorf("%w; before that: %w", err, rrddErr)
	}
	c.answered("", time.Time{}) // look at the socket first next time
	return nil, err
}

// Endpoint is who answered the last request for rows that was answered:
// EndpointRRDD, EndpointXAPI, or "" for nobody yet.
func (c *Client) Endpoint() string {
	c.endpointMu.Lock()
	defer c.endpointMu.Unlock()
	return c.endpoint
}

func (c *Client) tryRRDD(now time.Time) bool {
	c.endpointMu.Lock()
	defer c.endpointMu.Unlock()
	return !now.Before(c.nextProbe)
}

// answered notes which endpoint works, "" for no change, and until when the
// socket is passed over.
func (c *Client) answered(endpoint string, nextProbe time.Time) {
	c.endpointMu.Lock()
	defer c.endpointMu.Unlock()
	if endpoint != "" {
		c.endpoint = endpoint
	}
	c.nextProbe = nextProbe
}

// notServed says whether xcp-rrdd's socket is of no use, as against being in
// trouble, which it would be behind xapi's port as well. The socket asks for no
// credentials: 403 is how the toolstack's HTTP server refuses a path that it
// does not know.
func notServed(err error) bool {
	var status *HTTPStatusError
	if errors.As(err, &status) {
		switch status.Code {
		case http.StatusForbidden, http.StatusNotFound, http.StatusMethodNotAllowed, http.StatusNotImplemented:
			return true
		}
		return false
	}
	for _, code := range []syscall.Errno{syscall.ENOENT, syscall.ENOTDIR, syscall.ENOTSOCK,
		syscall.ECONNREFUSED, syscall.EACCES, syscall.EPROTOTYPE} {
		if errors.Is(err, code) {
			return true
		}
	}
	return false
}

// get sends one request for target, a path with a query, to the server. The
// session goes in a cookie: an URL ends up in logs.
func (c *Client) get(ctx context.Context, client *http.Client, endpoint, server, target, session string) (io.ReadCloser, error) {
	path, _, _ := strings.Cut(target, "?")
	ctx, cancel := context.WithCancelCause(ctx)
	fail := func(err error) (io.ReadCloser, error) {
		if cause := context.Cause(ctx); cause != nil {
			err = cause
		}
		cancel(context.Canceled)
		return nil, fmt.Errorf("get %s from %s: %w", path[1:], endpoint, withoutURL(err))
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, server+target, nil)
	if err != nil {
		return fail(err)
	}
	// Newer toolstacks answer JSON to "anything", older ones XML to nothing.
	req.Header.Set("Accept", "text/xml")
	req.Header.Set("User-Agent", c.opts.UserAgent)
	if session != "" {
		req.AddCookie(&http.Cookie{Name: "session_id", Value: session})
	}
	timer := time.AfterFunc(c.firstByte, func() { cancel(ErrStalled) })
	resp, err := client.Do(req)
	if err != nil {
		timer.Stop()
		return fail(err)
	}
	if resp.StatusCode != http.StatusOK {
		defer resp.Body.Close()
		err := newStatusError(endpoint+" "+path, resp) // still under the timer
		timer.Stop()
		cancel(context.Canceled)
		return nil, fmt.Errorf("get %s: %w", path[1:], err)
	}
	timer.Stop()
	return newIdleBody(ctx, cancel, resp.Body, c.bodyIdle), nil
}
