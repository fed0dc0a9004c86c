package api

import (
	"bytes"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"strconv"

	"perfmon/rrd"
)

// wholeLimit is the largest answer that is made as a whole before its first
// byte is sent, so that its length can be said. A longer one is sent as it
// is made.
const wholeLimit = 4 << 20

// updates answers GET /rrd_updates like xcp-rrdd (get_rrd_updates_handler of
// xen-api): the same parameters, choice of form, type and caching. The
// header that lets every web page read the answer
// (Access-Control-Allow-Origin) is left out: a toolstack sends it with data
// that took a login, and here there may be none.
type updates struct {
	archive Archive
	slots   chan struct{}
	log     *slog.Logger
}

func (u *updates) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if u.archive == nil {
		http.Error(w, "no rows are archived here: this host's toolstack has them", http.StatusNotFound)
		return
	}
	query, err := rrd.ParseQuery(r.URL.Query())
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	select {
	case u.slots <- struct{}{}:
		defer func() { <-u.slots }()
	default:
		http.Error(w, "too many requests for rows at once, try again", http.StatusServiceUnavailable)
		return
	}
	rows, err := u.archive.Updates(query)
	switch {
	case errors.Is(err, rrd.ErrNoArchive):
		http.Error(w, err.Error()+"; host=true selects this host", http.StatusInternalServerError)
		return
	case err != nil:
		u.log.Error("rrd_updates", "err", err)
		http.Error(w, "the archive cannot be read", http.StatusInternalServerError)
		return
	}

	format, mediaType := rrd.FormatXML, "text/xml"
	if prefersJSON(r.Header.Get("Accept"), query.JSON) {
		format, mediaType = rrd.FormatJSON, "application/json"
	}
	w.Header().Set("Content-Type", mediaType)
	w.Header().Set("Cache-Control", "no-cache, no-store")
	w.Header().Set("Vary", "Accept")
	out := &answer{w: w}
	if err := write(out, rows, format); err != nil {
		u.failed(w, out, r, err)
		return
	}
	out.end()
}

// failed ends an answer that could not be made. When a part of it has been
// sent, only breaking the connection tells the client.
func (u *updates) failed(w http.ResponseWriter, out *answer, r *http.Request, err error) {
	if r.Context().Err() != nil {
		return // the client has gone
	}
	u.log.Error("rrd_updates", "err", err)
	if out.streaming {
		panic(http.ErrAbortHandler)
	}
	http.Error(w, "the archive cannot be read", http.StatusInternalServerError)
}

// write sends an update through the encoder.
func write(w io.Writer, rows rrd.Reader, format rrd.Format) error {
	header, err := rows.Header()
	if err != nil {
		return err
	}
	enc := rrd.NewEncoder(w, format)
	if err := enc.Header(header); err != nil {
		return err
	}
	for {
		row, err := rows.Next()
		if errors.Is(err, io.EOF) {
			return enc.Close()
		}
		if err != nil {
			return err
		}
		if err := enc.Row(row.T, row.Values); err != nil {
			return err
		}
	}
}

// answer collects a body up to wholeLimit and passes on what is longer.
type answer struct {
	w         http.ResponseWriter
	held      bytes.Buffer
	streaming bool
}

func (a *answer) Write(p []byte) (int, error) {
	if !a.streaming && a.held.Len()+len(p) <= wholeLimit {
		return a.held.Write(p)
	}
	if !a.streaming {
		a.streaming = true
		if _, err := a.w.Write(a.held.Bytes()); err != nil {
			return 0, err
		}
		a.held = bytes.Buffer{}
	}
	return a.w.Write(p)
}

// end sends what is held. A client that has gone by now needs no word.
func (a *answer) end() {
	if a.streaming {
		return
	}
	a.w.Header().Set("Content-Length", strconv.Itoa(a.held.Len()))
	a.w.Write(a.held.Bytes())
}
