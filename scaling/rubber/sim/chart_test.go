package sim

import (
	"context"
	"flag"
	"os"
	"testing"
)

var chartFlag = flag.String("chart", "", "`file` to draw the chart of the docs into")

// TestChart draws the chart of the docs: go test -run Chart ./scaling/rubber/sim -chart "$PWD/docs/img/rubber-goal.svg".
func TestChart(t *testing.T) {
	if *chartFlag == "" {
		t.Skip("a chart is asked for with -chart")
	}
	r, err := Run(context.Background(), Options{Curve: true}, nil)
	if err != nil {
		t.Fatal(err)
	}
	f, err := os.Create(*chartFlag)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := r.SVG(f); err != nil {
		t.Fatal(err)
	}
}
