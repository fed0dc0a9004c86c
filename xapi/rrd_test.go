package xapi

import (
	"errors"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestFullRRDRequest(t *testing.T) {
	r := newRows(t)
	var got []string
	keep := func(w http.ResponseWriter, req *http.Request) {
		got = append(got, req.RequestURI+" "+req.Header.Get("Accept"))
		answer(w, req)
	}
	r.serveRRDD(t)
	r.set(keep, keep)
	c := r.client(t)
	for _, nextProbe := range []time.Time{{}, time.Now().Add(time.Hour)} {
		c.answered("", nextProbe)
		for _, o := range [][2]string{{"host", "ignored"}, {"vm", "u-1"}, {"sr", "u&2"}} {
			body, err := c.RRD(t.Context(), o[0], o[1])
			if err != nil {
				t.Fatal(err)
			}
			if text, err := io.ReadAll(body); err != nil || string(text) != document {
				t.Errorf("%s: read %q, %v", o[0], text, err)
			}
			_ = body.Close()
		}
	}
	want := []string{"/host_rrd text/xml", "/vm_rrd?uuid=u-1 text/xml", "/sr_rrd?uuid=u%262 text/xml"}
	if d := cmp.Diff(append(want, want...), got); d != "" {
		t.Errorf("requests: %s", d)
	}
	if _, err := c.RRD(t.Context(), "pool", "u"); !errors.Is(err, ErrInvalidArgument) {
		t.Errorf("class pool: error %v", err)
	}
}

func TestFullRRDOfAVMElsewhere(t *testing.T) {
	r := newRows(t)
	r.serveRRDD(t)
	r.set(nil, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Location", "https://192.0.2.7/vm_rrd?uuid=u")
		w.WriteHeader(http.StatusFound)
	})
	_, err := r.client(t).RRD(t.Context(), "vm", "u")
	var status *HTTPStatusError
	if !errors.As(err, &status) || status.Code != http.StatusFound || status.Endpoint != "xapi /vm_rrd" {
		t.Errorf("error %v, want status 302 of xapi /vm_rrd", err)
	}
}
