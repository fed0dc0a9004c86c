package xapitest

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"perfmon/rrd"
	"perfmon/rrd/rrdtest"
)

// TestFullRRD: in every version and form, a full RRD has the rows that
// rrd_updates answers with.
func TestFullRRD(t *testing.T) {
	const now = 1766007497
	for _, v := range []Version{Head, V24, V23, R2013} {
		c := start(t, Options{Version: v, History: 3 * time.Hour, Now: func() time.Time { return time.Unix(now, 0) }})
		vm := UUID("vm")
		c.s.SetSeries(rrd.ClassHost, c.s.HostUUID(), "cpu0", func(int64) float64 { return 0.25 })
		for i, name := range []string{"cpu0", "cpu1"} {
			c.s.SetSeries(rrd.ClassVM, vm, name, func(t int64) float64 { return float64(t/60%7+int64(i)) / 8 })
		}
		for _, form := range []string{"", "&json=true"} {
			for class, path := range map[string]string{rrd.ClassVM: "/vm_rrd?uuid=" + vm, rrd.ClassHost: "/host_rrd?x=y"} {
				status, body := c.get(RRDD, path+form)
				if status != 200 || strings.HasPrefix(body, "{") != (form != "") {
					t.Fatalf("%s %s: status %d, %.60s", v, path+form, status, body)
				}
				full, err := rrd.ReadFull(strings.NewReader(body), rrd.DecoderOptions{})
				if err != nil {
					t.Fatalf("%s %s: %v", v, path+form, err)
				}
				uuid := vm
				query := "&vm_uuid=" + vm
				if class == rrd.ClassHost {
					uuid, query = c.s.HostUUID(), "&host=true&vm_uuid=none"
				}
				for _, a := range full.Archives {
					got, err := rrdtest.Collect(full.Reader(a, full.Legend(a.CF, class, uuid)))
					if err != nil {
						t.Fatal(err)
					}
					status, body := c.get(RRDD, fmt.Sprintf("/rrd_updates?start=%d&interval=%d&cf=%s%s", got.Header.Start, a.Step, a.CF, query))
					if status != 200 {
						t.Fatalf("%s %s %d: status %d", v, a.CF, a.Step, status)
					}
					want, err := rrdtest.Collect(rrd.NewDecoder(strings.NewReader(body), rrd.DecoderOptions{}))
					if err != nil {
						t.Fatal(err)
					}
					if g, w := fmt.Sprint(got.Rows), fmt.Sprint(want.Rows); g != w || len(got.Rows) != a.Rows {
						t.Errorf("%s %s %s, %s of %d s: %d rows\n%.300s\nrrd_updates has %d\n%.300s", v, path, form, a.CF, a.Step, len(got.Rows), g, len(want.Rows), w)
					}
				}
			}
		}
		if status, _ := c.get(RRDD, "/vm_rrd?uuid="+UUID("other")); status != 500 {
			t.Errorf("%s: a VM that is not here: status %d, want 500", v, status)
		}
	}
}
