package xapitest

import (
	"bytes"
	"io"
	"math"
	"net/http"
)

// htmlPage is what a proxy or a captive portal answers with status 200.
const htmlPage = "<!DOCTYPE html>\n<html><head><title>Welcome</title></head><body><p>It works.</p></body></html>\n"

// garbage belongs to no format and is no UTF-8.
var garbage = bytes.Repeat([]byte{0xff, 0x00, '<', '{', 0x80, '&', '"', 0xfe}, 4)

// spoilRequest is the answer of the faults that come before one is made; nil
// if there is none.
func (x *exchange) spoilRequest() *reply {
	switch x.fault.Kind {
	case Status:
		return statusPage(x.fault.Code)
	case HTMLPage:
		return &reply{proto: "HTTP/1.1", status: 200, reason: "OK", close: true, body: []byte(htmlPage),
			header: []string{"Connection: close", "Content-Type: text/html"}}
	}
	return nil
}

// hang waits until the client or the server closes the connection.
func (x *exchange) hang() {
	_, _ = io.Copy(io.Discard, x.conn)
}

// send sends the reply as far as the fault lets it. It returns the bytes
// sent, and whether the connection goes on.
func (x *exchange) send(r *reply) (sent int, keep bool) {
	kind := FaultKind(0)
	if r != nil && r.sent {
		return 0, false
	}
	if x.fault != nil {
		kind = x.fault.Kind
	}
	switch kind {
	case LostAnswer, Cut:
		return 0, false
	case HangHeader:
		x.hang()
		return 0, false
	case Truncate, HangBody:
		part := append(r.head(), r.body[:cut(x.fault.At, len(r.body))]...)
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
	n, err := x.conn.Write(append(r.head(), r.body...))
	return n, err == nil && !r.close && !x.req.Close
}

// cut is how many of n bytes are sent when At is at: some are always kept
// back.
func cut(at, n int) int {
	if at < 0 {
		at += n
	}
	return max(0, min(at, n-1))
}

// sendForever repeats the rows until the document is At bytes long, with no
// length announced.
func (x *exchange) sendForever(r *reply) int {
	from, to, comma := rowsOf(r.body)
	if from == to {
		n, _ := x.conn.Write(append(r.head(), r.body...))
		return n
	}
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
	sent := 0
	write := func(p []byte) bool {
		n, err := x.conn.Write(p)
		sent += n
		return err == nil
	}
	rows := append([]byte(comma), r.body[from:to]...)
	perWrite := 1 + (32<<10)/len(rows)
	if !write(out.head()) || !write(r.body[:to]) {
		return sent
	}
	left := math.MaxInt // repetitions
	if x.fault.At > 0 {
		left = (max(0, x.fault.At-len(r.body)) + len(rows) - 1) / len(rows)
	}
	chunk := bytes.Repeat(rows, perWrite)
	for ; left > 0; left -= perWrite {
		if !write(chunk[:min(left, perWrite)*len(rows)]) {
			return sent
		}
	}
	write(r.body[to:])
	return sent
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
