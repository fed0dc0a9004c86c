package xapitest

import (
	"fmt"
	"io"
	"strconv"
	"strings"
)

// reply is an answer with its header lines in their order.
type reply struct {
	proto  string // "HTTP/1.1"
	status int
	reason string
	header []string // whole lines without their end
	body   []byte
	close  bool // the connection ends after it
	sent   bool // all of it, already
}

// head is the reply up to its body.
func (r *reply) head() []byte {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %d %s\r\n", r.proto, r.status, r.reason)
	for _, line := range r.header {
		b.WriteString(line)
		b.WriteString("\r\n")
	}
	b.WriteString("\r\n")
	return []byte(b.String())
}

// write sends the whole of it.
func (r *reply) write(w io.Writer) error {
	_, err := w.Write(append(r.head(), r.body...))
	return err
}

// bare is an answer with no body and no length, as rrdd's forwarder writes
// it on failure.
func bare(proto string, status int, reason string) *reply {
	return &reply{proto: proto, status: status, reason: reason, close: true,
		header: []string{"Connection: close", "Cache-Control: no-cache, no-store"}}
}

// page is an error page. Its header names are lower-case, all but
// WWW-Authenticate.
func page(status int, reason, title, text string, extra ...string) *reply {
	body := "<html><body><h1>HTTP " + strconv.Itoa(status) + " " + title + "</h1>" + text + "</body></html>"
	header := append([]string{"content-length: " + strconv.Itoa(len(body)), "content-type: text/html",
		"connection: close", "cache-control: no-cache, no-store"}, extra...)
	return &reply{proto: "HTTP/1.1", status: status, reason: reason, header: header, body: []byte(body), close: true}
}

func pageUnauthorised(realm string) *reply {
	return page(401, "Unauthorised", "unauthorised", "The credentials were not accepted.",
		`WWW-Authenticate: Basic realm="`+realm+`"`)
}

func pageForbidden() *reply {
	return page(403, "Forbidden", "forbidden", "This resource may not be used.")
}

func pageInternalError(extra string) *reply {
	if extra != "" {
		extra = "<h1> Additional information </h1>" + extra
	}
	return page(500, "Internal Error", "internal server error", "Something unexpected happened; try again later."+extra)
}

func pageNotImplemented(method string) *reply {
	return page(501, "Method not implemented", "Method Not Implemented", "<p>"+method+" is not supported.<br /></p>")
}

// statusPage is the page of an ordered status.
func statusPage(status int) *reply {
	switch status {
	case 401:
		return pageUnauthorised("Get RRD updates.")
	case 403:
		return pageForbidden()
	case 404:
		return bare("HTTP/1.0", 404, "Not Found")
	case 500:
		return pageInternalError("")
	case 501:
		return pageNotImplemented("GET")
	case 503:
		return bare("HTTP/1.0", 503, "Service Unavailable")
	}
	return page(status, "Status "+strconv.Itoa(status), "status", "As ordered.")
}

// rpcReply is the answer to a call that XAPI could read.
func rpcReply(contentType string, body []byte) *reply {
	return &reply{proto: "HTTP/1.1", status: 200, reason: "OK", body: body, header: []string{
		"content-length: " + strconv.Itoa(len(body)), "connection: keep-alive", "cache-control: no-cache, no-store",
		"content-type: " + contentType, "Access-Control-Allow-Origin: *", "Access-Control-Allow-Headers: X-Requested-With",
	}}
}

// updatesReply is the answer of xcp-rrdd. Before 2023 it said nothing useful
// about its content.
func updatesReply(v Version, asJSON bool, body []byte) *reply {
	header := []string{"Connection: keep-alive", "Content-Length: " + strconv.Itoa(len(body)), "Cache-Control: no-cache, no-store"}
	switch {
	case v == R2013:
	case asJSON:
		header = append(header, "Content-Type: application/json")
	default:
		header = append(header, "Content-Type: text/xml")
	}
	header = append(header, "Access-Control-Allow-Origin: *", "Access-Control-Allow-Headers: X-Requested-With")
	return &reply{proto: "HTTP/1.1", status: 200, reason: "OK", header: header, body: body}
}
