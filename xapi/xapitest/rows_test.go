package xapitest

import (
	"math"
	"strconv"
	"strings"
	"testing"
	"time"

	"perfmon/rrd"
)

// meta is the numbers of a document: start step end rows columns.
func (c client) meta(query string, header ...string) string {
	c.t.Helper()
	status, body := c.get(RRDD, query, header...)
	if status != 200 {
		return strconv.Itoa(status)
	}
	var out []string
	for _, name := range []string{"start", "step", "end", "rows", "columns"} {
		_, rest, _ := strings.Cut(body, "<"+name+">")
		text, _, ok := strings.Cut(rest, "</"+name+">")
		if !ok {
			c.t.Fatalf("no %s in %.300s", name, body)
		}
		out = append(out, text)
	}
	return strings.Join(out, " ")
}

// TestArchives asks the queries of which we have answers by XAPI's own
// library, and compares what their headers say.
func TestArchives(t *testing.T) {
	f := func(v Version, now, history int64, query, want string) {
		t.Helper()
		c := start(t, Options{Version: v, History: time.Duration(history) * time.Second, Now: func() time.Time { return time.Unix(now, 0) }})
		c.s.SetSeries(rrd.ClassHost, c.s.HostUUID(), "cpu0", func(int64) float64 { return 0.5 })
		c.s.SetSeries(rrd.ClassVM, UUID("vm"), "cpu0", func(int64) float64 { return 0.5 })
		if got := c.meta("/rrd_updates?" + query); got != want {
			t.Errorf("%s %s:\n got %s\nwant %s", v, query, got, want)
		}
	}
	const a, b = 1766000747, 1766007497
	f(Head, a, 900, "start=1766000147&interval=5&cf=AVERAGE&host=true", "1766000150 5 1766000745 120 2")
	f(Head, a, 900, "start=1766000687&interval=5&cf=AVERAGE&host=true", "1766000690 5 1766000745 12 2")
	f(Head, a, 900, "start=-30&interval=5&cf=AVERAGE&host=true", "1766000720 5 1766000745 6 2")
	f(Head, a, 900, "start=1766000700&interval=5&cf=AVERAGE&host=true", "1766000705 5 1766000745 10 2")
	f(Head, a, 900, "start=1766000722&interval=0&cf=AVERAGE&host=true", "1766000725 5 1766000745 5 2")
	f(Head, a, 900, "start=1766004347&interval=5&cf=AVERAGE&host=true", "1766004350 5 1766000745 0 2")
	f(Head, b, 7200, "start=1766006597&interval=60&cf=AVERAGE&host=true", "1766006640 60 1766007480 15 2")
	f(Head, b, 7200, "start=1766006897&interval=60&host=true", "1766006940 60 1766007480 10 4")
	f(Head, b, 7200, "start=1766006897&interval=60&cf=MIN&host=true&vm_uuid=none", "1766006940 60 1766007480 10 1")
	f(Head, b, 7200, "start=1766006897&interval=5&cf=MAX&host=true&vm_uuid=none", "1766006940 60 1766007480 10 1")
	f(Head, b, 7200, "start=1766006297&interval=5&cf=AVERAGE&host=true", "1766006340 60 1766007480 20 2")
	f(Head, b, 7200, "start=1766000307&interval=60&cf=AVERAGE&host=true", "1766000340 60 1766007480 120 2")
	f(Head, b, 7200, "start=1765507497&interval=3600&cf=AVERAGE&host=true", "1765508400 3600 1766005200 139 2")
	f(Head, b, 7200, "start=0&interval=86400&cf=AVERAGE&host=true&vm_uuid=none", "86400 86400 1765929600 366 1")
	f(R2013, a, 900, "start=-30&interval=5&cf=AVERAGE&host=true", "86400 86400 1765929600 366 2")
	// Refused: nothing selected, LAST, MAX where an RRD has none.
	f(Head, a, 900, "start=0&vm_uuid=none", "500")
	f(Head, b, 7200, "start=1766006897&interval=60&cf=LAST&host=true", "500")
	f(Head, b, 7200, "start=1766006897&interval=60&cf=MAX&host=true", "500")
	// Not understood: a word for cf is as none, a start that is no number is refused.
	f(Head, a, 900, "start=1766000722&cf=average&host=true", "1766000725 5 1766000745 5 2")
	f(Head, a, 900, "start=soon&host=true", "500")
	f(Head, a, 900, "host=true", "500")
	f(Head, a, 900, "start=1766000722&host=True&vm_uuid=none", "500")
}

func TestAnswerBytes(t *testing.T) {
	c := start(t, Options{HostUUID: "h"})
	const e = 1766000740
	c.s.AddRow(e-5, 5, Sample{"host", "h", "cpu0", 0.1}, Sample{"vm", "v", "memory", 8589934592})
	c.s.AddRow(e, 5, Sample{"vm", "v", "memory", 0}, Sample{"host", "h", "cpu0", math.Inf(1)})
	resp, body, err := c.try(RRDD, "/rrd_updates?start=1766000735&host=true&cf=AVERAGE", "Accept", "text/xml")
	if err != nil {
		t.Fatal(err)
	}
	want := `<?xml version="1.0" encoding="UTF-8"?>` + "\n" +
		`<xport><meta><start>1766000740</start><step>5</step><end>1766000740</end><rows>2</rows><columns>2</columns>` +
		`<legend><entry>AVERAGE:host:h:cpu0</entry><entry>AVERAGE:vm:v:memory</entry></legend></meta>` +
		`<data><row><t>1766000740</t><v>Infinity</v><v>0.0</v></row>` +
		`<row><t>1766000735</t><v>0.100000001490116</v><v>8589934592</v></row></data></xport>`
	if body != want {
		t.Errorf("got  %s\nwant %s", body, want)
	}
	for name, want := range map[string]string{"Content-Type": "text/xml", "Cache-Control": "no-cache, no-store",
		"Access-Control-Allow-Origin": "*", "Access-Control-Allow-Headers": "X-Requested-With"} {
		if got := resp.Header.Get(name); got != want {
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
	}
}

func TestConsolidation(t *testing.T) {
	// The host's row of a minute is known if one point is; a VM's if half are.
	c := start(t, Options{HostUUID: "h"})
	f := func(known int, want string) {
		t.Helper()
		end := int64(1766000760 + 60*known)
		for i := range 12 {
			v := math.NaN()
			if i < known {
				v = float64(i + 1)
			}
			c.s.AddRow(end-55+int64(i)*5, 5, Sample{"host", "h", "x", v}, Sample{"vm", "v", "x", v})
		}
		_, body := c.get(RRDD, "/rrd_updates?start="+strconv.FormatInt(end, 10)+"&interval=60&host=true", "Accept", "text/xml")
		_, row, _ := strings.Cut(body, "<row>")
		if row, _, _ = strings.Cut(row, "</row>"); row != "<t>"+strconv.FormatInt(end, 10)+"</t>"+want {
			t.Errorf("%d known: got %s, want %s", known, row, want)
		}
	}
	f(0, "<v>NaN</v><v>NaN</v><v>NaN</v><v>NaN</v>")
	f(1, "<v>1</v><v>1</v><v>1</v><v>NaN</v>")
	f(5, "<v>3</v><v>1</v><v>5</v><v>NaN</v>")
	f(6, "<v>3.5</v><v>1</v><v>6</v><v>3.5</v>")
	f(12, "<v>6.5</v><v>1</v><v>12</v><v>6.5</v>")
}

// columns is the legend without its CF, and the newest row.
func (c client) newest(query string) (legend, row string) {
	c.t.Helper()
	status, body := c.get(RRDD, query, "Accept", "text/xml")
	if status != 200 {
		return strconv.Itoa(status), ""
	}
	for {
		_, rest, ok := strings.Cut(body, "<entry>AVERAGE:")
		if !ok {
			break
		}
		entry, rest, _ := strings.Cut(rest, "</entry>")
		legend += entry + " "
		body = rest
	}
	_, row, _ = strings.Cut(body, "<row>")
	row, _, _ = strings.Cut(row, "</row>")
	return strings.TrimSpace(legend), row
}

func TestWhichObjects(t *testing.T) {
	f := func(v Version, query, want string) {
		t.Helper()
		c := start(t, Options{Version: v, HostUUID: "h"})
		// SRs first, to see that the legend puts them last.
		c.s.AddRow(1766000745, 5, Sample{"sr", "s1", "size", 1}, Sample{"sr", "s2", "size", 1}, Sample{"vm", "v1", "cpu0", 1},
			Sample{"vm", "v2", "cpu0", 1}, Sample{"host", "h", "cpu0", 1})
		if got, _ := c.newest("/rrd_updates?start=1766000740&cf=AVERAGE" + query); got != want {
			t.Errorf("%s %s: got %q, want %q", v, query, got, want)
		}
	}
	for _, v := range Versions {
		f(v, "&host=true", "host:h:cpu0 vm:v1:cpu0 vm:v2:cpu0")
		f(v, "", "vm:v1:cpu0 vm:v2:cpu0")
		f(v, "&vm_uuid=v2", "vm:v2:cpu0")
		f(v, "&host=true&vm_uuid=none", "host:h:cpu0")
		f(v, "&host=true&vm_uuid=v1,v2", "host:h:cpu0") // one value with a comma in it
	}
	// sr_uuid=all matched everything before 26.7, and nothing since.
	f(Head, "&vm_uuid=none&host=true&sr_uuid=all", "host:h:cpu0")
	f(V25, "&vm_uuid=none&host=true&sr_uuid=all", "host:h:cpu0 sr:s1:size sr:s2:size")
	f(V24, "&vm_uuid=none&host=true&sr_uuid=all&sr_uuid=s2", "host:h:cpu0 sr:s1:size sr:s2:size")
	f(Head, "&vm_uuid=none&host=true&sr_uuid=all&sr_uuid=s2&sr_uuid=s1", "host:h:cpu0 sr:s1:size sr:s2:size")
	f(V25, "&vm_uuid=none&host=true&sr_uuid=s2&sr_uuid=s1", "host:h:cpu0 sr:s2:size")
	f(V25, "&sr_uuid=none&host=true&vm_uuid=all", "host:h:cpu0 vm:v1:cpu0 vm:v2:cpu0")
	f(Head, "&host=true&vm_uuid=all", "host:h:cpu0")
	f(Head, "&vm_uuid=v1&vm_uuid=v2", "vm:v1:cpu0 vm:v2:cpu0")
	f(V25, "&vm_uuid=v1&vm_uuid=v2", "vm:v1:cpu0")
	f(R2013, "&vm_uuid=none&host=true&sr_uuid=all", "host:h:cpu0")
}

func TestAccept(t *testing.T) {
	f := func(v Version, accept, query, want string) {
		t.Helper()
		c := start(t, Options{Version: v})
		c.s.AddRow(1766000745, 5, Sample{"vm", "v", "cpu0", 1})
		var header []string
		if accept != "" {
			header = []string{"Accept", accept}
		}
		resp, body, err := c.try(RRDD, "/rrd_updates?start=1766000740"+query, header...)
		if err != nil {
			t.Fatal(err)
		}
		got := strconv.Itoa(resp.StatusCode)
		if resp.StatusCode == 200 {
			got = body[:1] + " " + resp.Header.Get("Content-Type")
		}
		if got != want {
			t.Errorf("%s Accept %q %s: got %q, want %q", v, accept, query, got, want)
		}
	}
	const x, j = "< text/xml", "{ application/json"
	f(Head, "", "", x)
	f(Head, "", "&json", j)
	f(Head, "*/*", "", j)
	f(Head, "text/xml", "&json=true", x)
	f(Head, "application/json", "", j)
	f(Head, "application/json;q=0.5, text/xml", "", x)
	f(Head, "text/xml;q=0.9, application/json;q=0.9", "", j)
	f(Head, "application/xml", "", x)
	f(Head, "application/xml", "&json=1", j)
	f(Head, "nonsense", "", x)
	f(V24, "nonsense", "", "500")
	f(R2013, "application/json", "", "< ")
	f(R2013, "text/xml", "&json=1", "{ ")
}

func TestSeriesFollowTheClock(t *testing.T) {
	now := int64(epoch)
	c := start(t, Options{HostUUID: "h", Now: func() time.Time { return time.Unix(now, 0) }})
	asked := map[int64]int{}
	c.s.SetSeries("host", "h", "t", func(t int64) float64 {
		asked[t]++
		return float64(t - epoch)
	})
	query := "/rrd_updates?start=-1&cf=AVERAGE&host=true"
	f := func(want string) {
		t.Helper()
		if _, got := c.newest(query); got != want {
			t.Errorf("at %d: got %s, want %s", now, got, want)
		}
	}
	now = epoch + 3 // 1766000750
	f("<t>1766000750</t><v>3</v>")
	now += 4
	query = "/rrd_updates?start=1766000750&cf=AVERAGE&host=true"
	f("<t>1766000750</t><v>3</v>")
	now++
	f("<t>1766000755</t><v>8</v>")
	now += 600
	query = "/rrd_updates?start=-10&cf=AVERAGE&host=true"
	f("<t>1766001355</t><v>608</v>")
	for at, n := range asked {
		if n != 1 {
			t.Errorf("the point %d was asked for %d times", at, n)
		}
	}

	// A clock set back relabels the newest row.
	now -= 7200
	f("<t>1765994155</t><v>608</v>")

	// What is forced wins, for its time.
	now += 5
	c.s.ForceSeries(Force{Class: "host", UUID: "h", Name: "t*", Value: 0.97, From: time.Unix(now, 0), To: time.Unix(now+5, 0)})
	now += 5
	f("<t>1765994165</t><v>0.970000028610229</v>")
	now += 5
	f("<t>1765994170</t><v>-6577</v>")

	// Stalled rows stop, and what was missed is unknown.
	c.s.StallRows(true)
	now += 60
	query = "/rrd_updates?start=1765994165&cf=AVERAGE&host=true"
	f("<t>1765994170</t><v>-6577</v>")
	c.s.StallRows(false)
	f("<t>1765994230</t><v>NaN</v>")
	c.s.RemoveSeries("host", "h")
	if got, _ := c.newest(query); got != "500" {
		t.Errorf("with the last object gone: got %s, want 500", got)
	}
}

func TestScriptedRows(t *testing.T) {
	c := start(t, Options{HostUUID: "h"})
	f := func(query, want string) {
		t.Helper()
		if _, got := c.newest("/rrd_updates?cf=AVERAGE&host=true&" + query); got != want {
			t.Errorf("%s: got %s, want %s", query, got, want)
		}
	}
	const m = 1766000760 // a whole minute
	c.s.AddRow(m, 60, Sample{"host", "h", "x", 0.7})
	f("interval=60&start=1766000700", "<t>1766000760</t><v>0.699999988079071</v>")
	c.s.AddRow(m+180, 60, Sample{"host", "h", "x", 0.9})
	f("interval=60&start=1766000700", "<t>1766000940</t><v>0.899999976158142</v>")
	_, body := c.get(RRDD, "/rrd_updates?interval=60&host=true&start=1766000760&cf=AVERAGE")
	want := "<row><t>1766000880</t><v>NaN</v></row><row><t>1766000820</t><v>NaN</v></row><row><t>1766000760</t>"
	if !strings.Contains(body, want) {
		t.Errorf("the gap: got %s, want in it %s", body, want)
	}
	// The clock set back by two hours.
	c.s.AddRow(m-7200, 60, Sample{"host", "h", "x", 0.1})
	f("interval=60&start=1765990000", "<t>1765993560</t><v>0.100000001490116</v>")
	// The hourly archive, when start is out of the reach of minutes.
	c.s.AddRow(1766005200, 3600, Sample{"host", "h", "x", 0.25})
	f("interval=60&start=1765980000", "<t>1766005200</t><v>0.25</v>")
}

func TestGenerate(t *testing.T) {
	columns := func(seed uint64) (int, string) {
		c := start(t, Options{})
		l := c.s.Generate(LoadOptions{VMs: 3, SRs: 2, Seed: seed})
		if len(l.VMs) != 3 || len(l.SRs) != 2 {
			t.Fatalf("got %d VMs and %d SRs", len(l.VMs), len(l.SRs))
		}
		legend, row := c.newest("/rrd_updates?start=-10&cf=AVERAGE&host=true&sr_uuid=" + l.SRs[1])
		if strings.Contains(row, "NaN") {
			t.Errorf("NaN in %s", row)
		}
		return strings.Count(legend, " ") + 1, row
	}
	n, row := columns(1)
	// Host 64 and 14 for each SR; four VMs of 2, 2, 4 and 2 processors; the thin SR's two.
	if want := 64 + 2*14 + (36 + 36 + 38 + 36) + 2; n != want {
		t.Errorf("got %d columns, want %d", n, want)
	}
	if _, again := columns(1); again != row {
		t.Error("the same seed made other rows")
	}
	if _, other := columns(2); other == row {
		t.Error("another seed made the same rows")
	}
}
