package sim

import (
	"bytes"
	"context"
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"reflect"
	"strings"
	"testing"
	"time"
)

// small is a quick simulation.
func small() Options {
	return Options{Kinds: []string{Bursts}, Seeds: []uint64{1, 2}, Curve: true}
}

// TestRunIsDeterministic: the same options give the same report, in every figure.
func TestRunIsDeterministic(t *testing.T) {
	steps := 0
	first, err := Run(context.Background(), small(), func(done, all int, what string) {
		if done != steps || all != 2*len(Policies()) || !strings.Contains(what, " on bursts, seed ") {
			t.Errorf("progress %d of %d: %q", done, all, what)
		}
		steps++
	})
	if err != nil {
		t.Fatal(err)
	}
	second, err := Run(context.Background(), small(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(first.Results, second.Results) {
		t.Error("two runs differ")
	}
	text, err := json.Marshal(first)
	if err != nil {
		t.Fatal(err)
	}
	var back Report
	if err := json.Unmarshal(text, &back); err != nil || !reflect.DeepEqual(back.Results, first.Results) {
		t.Errorf("JSON does not bring the report back: %v", err)
	}
}

func TestRunEnds(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := Run(ctx, small(), nil); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	o := small()
	o.Names = []string{"magic"}
	if _, err := Run(context.Background(), o, nil); err == nil || !strings.Contains(err.Error(), `"magic"`) {
		t.Errorf("an unknown policy gives %v", err)
	}
	o = small()
	o.Kinds = []string{"tidal"}
	if _, err := Run(context.Background(), o, nil); err == nil || !strings.Contains(err.Error(), `"tidal"`) {
		t.Errorf("an unknown kind gives %v", err)
	}
}

// TestTraceOfNothing: a trace without a task is simulated as well.
func TestTraceOfNothing(t *testing.T) {
	r, err := Run(context.Background(), Options{Traces: []*Trace{{Name: "quiet", Span: time.Hour}}, Curve: true}, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range r.Results {
		if x.Hours != 0 || x.Starts != 0 {
			t.Errorf("%+v", x)
		}
	}
	if err := r.SVG(io.Discard); err != nil {
		t.Error(err)
	}
}

// TestSVG: the chart is XML that a browser takes, and names every trace.
func TestSVG(t *testing.T) {
	o := small()
	o.Traces = []*Trace{{Name: "a <b> & c", Span: time.Hour, Tasks: []Task{{At: time.Minute, Run: time.Minute, Queue: "q"}}}}
	r, err := Run(context.Background(), o, nil)
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := r.SVG(&out); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(out.String(), "a &lt;b&gt; &amp; c") || strings.Contains(out.String(), "NaN") {
		t.Error("the chart lacks the name of its trace, or has numbers that are none")
	}
	d := xml.NewDecoder(&out)
	for {
		if _, err := d.Token(); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
	}
}
