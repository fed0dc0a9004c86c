package api

import (
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"perfmon/monitor/api/door/doortest"
	"perfmon/rrd"
)

const base = 1766000100 // a multiple of 5 and of 60

// archiveWith has n rows of 5 s of two data sources, the last at base.
func archiveWith(t *testing.T, n int) *rrd.RRD {
	t.Helper()
	r := rrd.NewRRD(rrd.ClassHost, "h")
	for i := -1; i < n; i++ {
		at := int64(base - 5*(n-1-i))
		if !r.Update(at, []rrd.Sample{{Name: "cpu0", Value: 0.5}, {Name: "a&b", Value: float64(i)}}) {
			t.Fatal("update refused")
		}
	}
	return r
}

const threeRowsXML = `<?xml version="1.0" encoding="UTF-8"?>
<xport><meta><start>1766000095</start><step>5</step><end>1766000100</end><rows>3</rows><columns>2</columns>` +
	`<legend><entry>AVERAGE:host:h:cpu0</entry><entry>AVERAGE:host:h:a&amp;b</entry></legend></meta>` +
	`<data><row><t>1766000100</t><v>0.5</v><v>2</v></row><row><t>1766000095</t><v>0.5</v><v>1</v></row><row><t>1766000090</t><v>0.5</v><v>0.0</v></row></data></xport>`

const threeRowsJSON = `{"meta":{"start":"1766000095","step":"5","end":"1766000100","rows":"3","columns":"2","legend":["AVERAGE:host:h:cpu0","AVERAGE:host:h:a&b"]},` +
	`"data":[{"t":"1766000100","values":["0.5","2"]},{"t":"1766000095","values":["0.5","1"]},{"t":"1766000090","values":["0.5","0.0"]}]}`

func TestUpdates(t *testing.T) {
	address := startPort(t, handlerFor(t, Options{Archive: archiveWith(t, 3)}), "")
	c := doortest.Client(t)
	f := func(query, accept, wantType, want string) {
		t.Helper()
		r := doortest.Request(t, "GET", "http://"+address+"/rrd_updates?"+query)
		if accept != "" {
			r.Header.Set("Accept", accept)
		}
		resp, body := doortest.Do(t, c, r)
		if resp.StatusCode != 200 {
			t.Errorf("%s: %s: %s", query, resp.Status, body)
		}
		if diff := cmp.Diff(want, body); diff != "" {
			t.Errorf("%s, Accept %q:\n%s", query, accept, diff)
		}
		for name, want := range map[string]string{"Content-Type": wantType, "Content-Length": strconv.Itoa(len(want)), "Cache-Control": "no-cache, no-store"} {
			if got := resp.Header.Get(name); got != want {
				t.Errorf("%s, Accept %q: %s is %q, want %q", query, accept, name, got, want)
			}
		}
	}
	f("start=1766000090&host=true", "", "text/xml", threeRowsXML)
	f("start=-10&host=true", "", "text/xml", threeRowsXML)
	f("start=-10&host=true&cf=AVERAGE&interval=5&vm_uuid=none&session_id=x", "text/xml", "text/xml", threeRowsXML)
	f("start=-10&host=true&json", "", "application/json", threeRowsJSON)
	f("start=-10&host=true&json=true", "text/xml", "text/xml", threeRowsXML)
	f("start=-10&host=true", "*/*", "application/json", threeRowsJSON)
}

func TestUpdatesRefused(t *testing.T) {
	f := func(archive Archive, query string, status int, want string) {
		t.Helper()
		address := startPort(t, handlerFor(t, Options{Archive: archive}), "")
		resp, body := doortest.Do(t, doortest.Client(t), doortest.Request(t, "GET", "http://"+address+"/rrd_updates?"+query))
		if resp.StatusCode != status {
			t.Errorf("%s: %s, want %d", query, resp.Status, status)
		}
		if strings.Count(body, "\n") != 1 || !strings.Contains(body, want) {
			t.Errorf("%s: %q, want one line with %q", query, body, want)
		}
		if kind := resp.Header.Get("Content-Type"); !strings.HasPrefix(kind, "text/plain") {
			t.Errorf("%s: %q", query, kind)
		}
	}
	rows := archiveWith(t, 3)
	f(rows, "", 400, `"start" is missing`)
	f(rows, "host=true", 400, `"start" is missing`)
	f(rows, "start=now&host=true", 400, `"now"`)
	f(rows, "start=-10", 500, "host=true selects this host")
	f(rows, "start=-10&host=yes", 500, "host=true selects this host")
	f(rows, "start=-10&host=true&cf=LAST", 500, "no archive fits")
	f(rrd.NewRRD(rrd.ClassHost, "h"), "start=-10&host=true", 500, "no archive fits")
	f(nil, "start=-10&host=true", 404, "toolstack")
	f(failing{at: -2}, "start=-10&host=true", 500, "cannot be read")
	f(failing{at: -1}, "start=-10&host=true", 500, "cannot be read")
	f(failing{at: 3}, "start=-10&host=true", 500, "cannot be read")
}

var errDisk = errors.New("disk on fire")

// failing is an archive of many rows that breaks: at -2 when asked, at -1
// with its header, else with that row.
type failing struct{ at int }

func (f failing) Updates(rrd.Query) (rrd.Reader, error) {
	if f.at == -2 {
		return nil, errDisk
	}
	return &failingReader{at: f.at, row: make([]float64, 100)}, nil
}

type failingReader struct {
	at, n int
	row   []float64
}

func (f *failingReader) Header() (*rrd.Header, error) {
	if f.at == -1 {
		return nil, errDisk
	}
	return &rrd.Header{Step: 5, End: base, Legend: &rrd.Legend{Entries: make([]rrd.Entry, len(f.row))}}, nil
}

func (f *failingReader) Want([]bool) {}

func (f *failingReader) Next() (rrd.Row, error) {
	if f.n == f.at {
		return rrd.Row{}, errDisk
	}
	f.n++
	return rrd.Row{T: base - int64(f.n), Values: f.row}, nil
}

// long is an archive whose answer is not made as a whole.
type long struct{ rows int }

func (l long) Updates(rrd.Query) (rrd.Reader, error) {
	return &longReader{failingReader{at: l.rows, row: make([]float64, 100)}}, nil
}

type longReader struct{ failingReader }

func (l *longReader) Next() (rrd.Row, error) {
	row, err := l.failingReader.Next()
	if err != nil {
		return row, io.EOF
	}
	return row, nil
}

func TestLongAnswersAreStreamed(t *testing.T) {
	const rows = 10000 // of 100 values with some 10 bytes each
	address := startPort(t, handlerFor(t, Options{Archive: long{rows}}), "")
	resp, body := doortest.Do(t, doortest.Client(t), doortest.Request(t, "GET", "http://"+address+"/rrd_updates?start=0&host=true"))
	if resp.StatusCode != 200 || resp.ContentLength != -1 || len(body) < wholeLimit {
		t.Errorf("%s, length %d of %d bytes", resp.Status, resp.ContentLength, len(body))
	}
	if got := strings.Count(body, "<row>"); got != rows || !strings.HasSuffix(body, "</data></xport>") {
		t.Errorf("%d rows, ending in %q", got, body[len(body)-30:])
	}
}

func TestLongAnswerThatBreaks(t *testing.T) {
	address := startPort(t, handlerFor(t, Options{Archive: failing{at: 10000}}), "")
	resp, err := doortest.Client(t).Do(doortest.Request(t, "GET", "http://"+address+"/rrd_updates?start=0&host=true"))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if body, err := io.ReadAll(resp.Body); err == nil {
		t.Errorf("the answer of %d bytes seems to be whole", len(body))
	}
}

// held is an archive that answers when it is let.
type held struct {
	asked chan struct{}
	let   chan struct{}
}

func (h held) Updates(rrd.Query) (rrd.Reader, error) {
	h.asked <- struct{}{}
	<-h.let
	return nil, rrd.ErrNoArchive
}

func TestTooManyRequestsForRows(t *testing.T) {
	h := held{make(chan struct{}), make(chan struct{})}
	url := "http://" + startPort(t, handlerFor(t, Options{Archive: h}), "") + "/rrd_updates?start=0&host=true"
	c := doortest.Client(t)
	answers := make(chan int, atOnce)
	for range atOnce {
		r := doortest.Request(t, "GET", url)
		go func() {
			resp, err := c.Do(r)
			if err != nil {
				t.Error(err)
				answers <- 0
				return
			}
			resp.Body.Close()
			answers <- resp.StatusCode
		}()
		<-h.asked
	}
	if resp, _ := doortest.Do(t, c, doortest.Request(t, "GET", url)); resp.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("one too many: %s", resp.Status)
	}
	close(h.let)
	for range atOnce {
		if status := <-answers; status != 500 {
			t.Errorf("status %d", status)
		}
	}
	go func() { <-h.asked }()
	if resp, _ := doortest.Do(t, c, doortest.Request(t, "GET", url)); resp.StatusCode != 500 {
		t.Errorf("afterwards: %s", resp.Status)
	}
}
