package xapitest

import (
	"bytes"
	"io"
	"net/http"
)

// htmlPage is what a proxy or a captive portal answers with status 200.
const htmlPage = "<!DOCTYPE html>\n<html><head><title>Welcome</title></head><body><p>It works.</p></body></html>\n"

// garbage belongs to no format and is no UTF-8.
var garbage = bytes.Repeat([]byte{0xff, 0x00, '<', '{', 0x80, '&', '"', 0xfe}, 4)

// spoilRequest carries out the faults that come before an answer. It returns
// the status, the bytes sent and whether the connection goes on.
func (x *exchange) spoilRequest() (status, sent int, keep bool) {
	switch x.fault.Kind {
	case Cut:
		return 0, 0, false
	case HangHeader:
		x.hang()
		return 0, 0, false
	case HTMLPage:
		return x.sendAll(&reply{proto: "HTTP/1.1", status: 200, reason: "OK", close: true, body: []byte(htmlPage),
			header: []string{"Connection: close", "Content-Type: text/html"}})
	}
	return x.sendAll(statusPage(x.fault.Code))
}

// hang waits until the client or the server closes the connection.
func (x *exchange) hang() { _, _ = io.Copy(io.Discard, x.conn) }

func (x *exchange) sendAll(r *reply) (status, sent int, keep bool) {
	n, err := x.conn.Write(append(r.head(), r.body...))
	return r.status, n, err == nil && !r.close && !x.req.Close
}

// send sends the reply as far as the fault lets it. It returns the bytes
// sent, and whether the connection goes on.
func (x *exchange) send(r *reply) (sent int, keep bool) {
	kind := FaultKind(0)
	if x.fault != nil {
		kind = x.fault.Kind
	}
	switch kind {
	case LostAnswer:
		return 0, false
	case Truncate, HangBody:
		part := append(r.head(), r.body[:min(x.fault.At, len(r.body))]...)
		n, err := x.conn.Write(part)
		if err == nil && kind == HangBody {
			x.hang()
		}
		return n, false
	case Garbage:
		at := min(x.fault.At, len(r.body))
		r.body = bytes.Clone(r.body)
		copy(r.body[at:], garbage)
	case Oversize:
		if r.status == http.StatusOK {
			return x.sendForever(r), false
		}
	}
	_, n, keep := x.sendAll(r)
	return n, keep
}

// sendForever repeats what stands between the first row's beginning and the
// last row's end until the document is At bytes long, with no length
// announced.
func (x *exchange) sendForever(r *reply) int {
	from, to, comma := rowsOf(r.body)
	out := &reply{proto: "HTTP/1.1", status: 200, reason: "OK"}
	for _, line := range r.header {
		switch {
		case bytes.HasPrefix([]byte(line), []byte("Content-Length")):
		case bytes.HasPrefix([]byte(line), []byte("Connection")):
			out.header = append(out.header, "Connection: close")
		default:
			out.header = append(out.header, line)
		}
	}
	total := 0
	write := func(p []byte) bool {
		n, err := x.conn.Write(p)
		total += n
		return err == nil
	}
	if !write(append(out.head(), r.body[:to]...)) {
		return total
	}
	rows := append([]byte(comma), r.body[from:to]...)
	if from == to {
		return total
	}
	for x.fault.At == 0 || total < x.fault.At {
		if !write(rows) {
			return total
		}
	}
	write(r.body[to:])
	return total
}

// rowsOf finds the rows in a document of any form, and what stands between
// two of them.
func rowsOf(body []byte) (from, to int, comma string) {
	if from = bytes.Index(body, []byte("<row>")); from >= 0 {
		return from, bytes.LastIndex(body, []byte("</row>")) + len("</row>"), ""
	}
	for _, mark := range []string{`{"t":`, `{t:`} {
		if from = bytes.Index(body, []byte(mark)); from >= 0 {
			return from, bytes.LastIndex(body, []byte("]}")) + len("]}"), ","
		}
	}
	return len(body), len(body), ""
}
