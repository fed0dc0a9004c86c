package rrd

import (
	"compress/gzip"
	"encoding/xml"
	"math"
	"os"
	"strconv"
	"testing"
)

// TestStockHostRRD takes the 5 s rows of an RRD that the toolstack's own
// library wrote (GET /host_rrd of xen-api e2ee48d688, one data source) and
// makes the minute rows from them, which the file has as well.
func TestStockHostRRD(t *testing.T) {
	stock := readStock(t, "testdata/archive/full_host_rrd.xml.gz")
	if len(stock.RRA) != len(archives) {
		t.Fatalf("%d archives, want %d", len(archives), len(stock.RRA))
	}
	for k, a := range stock.RRA {
		ours := archives[k]
		if a.CF != string(ours.cf) || a.PDPs != ours.pdps || len(a.Rows) != ours.rows || a.XFF != ours.xff {
			t.Errorf("archive %d: %+v, want %s of %d rows of %d points, xff %g", k, ours, a.CF, len(a.Rows), a.PDPs, a.XFF)
		}
	}

	end := stock.LastUpdate / 5 * 5
	points := stock.RRA[0].Rows
	r := NewRRD(ClassHost, "h")
	at := end - 5*int64(len(points))
	one(r, at, 0)
	for _, row := range points {
		at += 5
		one(r, at, row.value(t))
	}
	one(r, stock.LastUpdate, 0)

	compared := 0
	for k := 1; k <= 3; k++ {
		a := stock.RRA[k]
		// The ten minutes have nine whole minutes.
		got := rowsOf(t, r, CF(a.CF), 60, end-9*60, "x")
		for i := range 9 {
			want := a.Rows[len(a.Rows)-1-i].value(t)
			// Stock lets the point before a row into its MIN and MAX.
			mine := got[i]
			before := points[len(points)-1-int(end%60/5)-12*(i+1)].value(t)
			switch CF(a.CF) {
			case Min:
				mine = min(mine, before)
			case Max:
				mine = max(mine, before)
			}
			if math.Abs(mine-want) > 1e-6 {
				t.Errorf("%s row %d: %v, want %v", a.CF, i, mine, want)
			}
			compared++
		}
		// What is under way: the points since the last whole minute.
		open := r.sources[0].rows[k]
		if want := a.Open.Value; a.CF != "AVERAGE" && math.Abs(open.value-want) > 1e-6 {
			t.Errorf("%s under way: %v, want %v", a.CF, open.value, want)
		}
	}
	if compared != 27 {
		t.Errorf("compared %d rows, want 27", compared)
	}
}

type stockRRD struct {
	LastUpdate int64 `xml:"lastupdate"`
	RRA        []struct {
		CF   string  `xml:"cf"`
		PDPs int64   `xml:"pdp_per_row"`
		XFF  float64 `xml:"params>xff"`
		Open struct {
			Value float64 `xml:"value"`
		} `xml:"cdp_prep>ds"`
		Rows []stockRow `xml:"database>row"`
	} `xml:"rra"`
}

type stockRow struct {
	V string `xml:"v"`
}

func (r stockRow) value(t *testing.T) float64 {
	t.Helper()
	v, err := strconv.ParseFloat(r.V, 64)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func readStock(t *testing.T, path string) stockRRD {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	var stock stockRRD
	if err := xml.NewDecoder(z).Decode(&stock); err != nil {
		t.Fatal(err)
	}
	return stock
}
