package xapitest

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
)

// Limits of a request, as XAPI has them.
const (
	maxHeader  = 64 << 10
	maxRPCBody = 300 << 10

	maxKeptBody = 16 << 10 // arguments of larger calls are not recorded
)

// exchange is one request on its way through the server.
type exchange struct {
	s      *Server
	ctx    context.Context // ends when the endpoint closes
	ep     Endpoint
	conn   net.Conn
	limit  *io.LimitedReader // what of conn may still be read for this request
	connID int
	req    *http.Request
	query  url.Values
	body   []byte
	call   *call  // of an RPC; nil otherwise
	task   string // reference of the task that it is, if it is one
	fault  *Fault // that spoils this request; nil if none
}

// serve answers the requests of one connection, one after the other. It
// speaks HTTP by hand, because header lines, early ends and hung answers
// must be exactly as ordered.
func (s *Server) serve(ctx context.Context, e *endpoint, c net.Conn, id int) {
	limited := &io.LimitedReader{R: c}
	br := bufio.NewReader(limited)
	for {
		limited.N = maxHeader + maxRPCBody
		req, err := http.ReadRequest(br)
		if err != nil {
			if broken(err) {
				return
			}
			_ = pageInternalError("The HTTP headers could not be parsed.").write(c)
			return
		}
		x := &exchange{s: s, ctx: ctx, ep: e.name, conn: c, connID: id, req: req, query: req.URL.Query(), limit: limited}
		if !x.answer() {
			return
		}
	}
}

// broken says whether reading failed because the connection has ended.
func broken(err error) bool {
	var ne net.Error
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, net.ErrClosed) || errors.As(err, &ne)
}

// answer carries the request out, sends the reply as far as the fault lets
// it, and says whether the connection is still of use.
func (x *exchange) answer() bool {
	rec := &Request{
		Time: x.s.clock(), Endpoint: x.ep, Conn: x.connID, HTTPMethod: x.req.Method, Path: x.req.URL.Path,
		Query: x.query, UserAgent: x.req.UserAgent(), Accept: strings.Join(x.req.Header.Values("Accept"), ", "),
	}
	r, err := x.readBody()
	if err != nil {
		return false
	}
	rec.BytesIn = len(x.body)
	if r == nil {
		r = x.parseCall()
	}
	if x.call != nil {
		rec.Method = x.call.method
		if len(x.body) <= maxKeptBody {
			rec.Args = x.call.args
		}
	}
	key := rec.key()
	x.s.record.begin(key)
	x.fault = x.s.faults.take(x)
	if x.fault != nil {
		rec.Fault = x.fault.Kind.String()
	}
	switch {
	case x.fault != nil && x.fault.Kind.beforeAnswer():
		r = x.spoilRequest()
	case r == nil:
		r = x.route()
	}
	if r != nil {
		rec.Status = r.status
	}
	x.s.record.add(rec)
	sent, keep := x.send(r)
	x.s.record.finish(key, rec, sent)
	if f := x.s.opt.OnRequest; f != nil {
		f(*rec)
	}
	return keep
}

// readBody reads the body of a POST. A reply means that the request is
// refused for its body.
func (x *exchange) readBody() (*reply, error) {
	if x.req.Method != http.MethodPost {
		return nil, nil
	}
	if x.req.ContentLength < 0 {
		return pageInternalError("A content-length header is required."), nil
	}
	if x.req.ContentLength > maxRPCBody {
		// XAPI does not read it either, but a client that is still writing
		// would not see the refusal.
		x.limit.N += x.req.ContentLength
		_, _ = io.Copy(io.Discard, x.req.Body)
		return pageInternalError("The request is over the size limit."), nil
	}
	body, err := io.ReadAll(x.req.Body)
	if err != nil {
		return nil, fmt.Errorf("read request: %w", err)
	}
	x.body = body
	return nil, nil
}

// parseCall decodes an RPC before faults are looked up, so that they can be
// ordered by method. A reply means that the call cannot be read.
func (x *exchange) parseCall() *reply {
	if x.req.Method != http.MethodPost || x.ep == RRDD {
		return nil
	}
	var err error
	switch x.req.URL.Path {
	case "/jsonrpc":
		x.call, err = parseJSONCall(x.body)
	case "/", "/RPC2":
		x.call, err = parseXMLCall(x.body)
	}
	if err != nil {
		return pageInternalError("The request could not be read.")
	}
	return nil
}

// route finds who answers.
func (x *exchange) route() *reply {
	switch {
	case x.call != nil:
		return x.callReply()
	case x.req.Method == http.MethodGet && x.req.URL.Path == "/rrd_updates":
		if x.ep == RRDD {
			return x.updates()
		}
		return x.forward(x.query.Has("start"), x.updates)
	case x.req.Method == http.MethodGet && fullPaths[x.req.URL.Path] != "":
		if x.ep == RRDD {
			return x.fullRRD()
		}
		return x.forward(x.req.URL.Path == "/host_rrd" || x.query.Has("uuid"), x.fullRRD)
	case x.req.Method == http.MethodPut && x.req.URL.Path == "/import_raw_vdi" && x.ep != RRDD:
		return x.importDisk()
	case x.req.Method == http.MethodGet, x.req.Method == http.MethodPost, x.req.Method == http.MethodPut:
		return pageForbidden()
	}
	return pageNotImplemented(x.req.Method)
}

// forward is XAPI's part of a GET that xcp-rrdd answers: it looks at the
// credentials and at whether the query is complete, hands the connection to
// xcp-rrdd, and closes it afterwards whatever the header says.
func (x *exchange) forward(complete bool, answer func() *reply) *reply {
	if r := x.authenticate(); r != nil {
		return r
	}
	var r *reply
	switch {
	case !complete:
		r = bare("HTTP/1.1", 400, "Bad Request")
	case !x.s.rrddRuns():
		r = bare("HTTP/1.0", 404, "Not Found")
	default:
		r = answer()
	}
	r.close = true
	return r
}

// authenticate checks who asks for updates by way of XAPI. A reply is a
// refusal.
func (x *exchange) authenticate() *reply {
	failing := x.s.emergency() != nil
	if x.ep == XAPI {
		// A peer on the unix socket is root, but XAPI logs itself in at the
		// coordinator, and out again, for each such request.
		x.s.record.count("session.slave_login")
		if failing {
			return pageInternalError("")
		}
		x.s.record.count("session.logout")
		return nil
	}
	session := x.query.Get("session_id")
	if cookie, err := x.req.Cookie("session_id"); err == nil {
		session = cookie.Value // looked up first
	}
	if session == "" {
		user, password, ok := x.req.BasicAuth()
		if ok && !failing && user == x.s.opt.User && password == x.s.opt.Password {
			return nil
		}
		return pageUnauthorised("Get RRD updates.")
	}
	if s, err := url.PathUnescape(session); err == nil {
		session = s
	}
	if failing || !x.s.sessions.touch(session, x.s.clock()) {
		return pageUnauthorised("Get RRD updates.")
	}
	return nil
}
