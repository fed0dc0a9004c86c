package sim

import (
	"bytes"
	"math"
	"reflect"
	"strings"
	"testing"
	"time"
)

// TestGenerate: pure work is what it is to be, and a seed gives the same trace.
func TestGenerate(t *testing.T) {
	want := map[string]float64{Diurnal: 88.6, Bursts: 40.8, Both: 100.5, Batches: 4}
	for _, kind := range Named() {
		var first *Trace
		for seed := range uint64(6) {
			trace, err := Generate(kind, seed)
			if err != nil {
				t.Fatal(err)
			}
			if work := trace.Work().Hours(); want[kind] > 0 && math.Abs(work/want[kind]-1) > 0.02 {
				t.Errorf("%s, seed %d: %.2f hours of work, want %.1f within 2 %%", kind, seed, work, want[kind])
			}
			if mean := trace.Work().Seconds() / float64(len(trace.Tasks)); math.Abs(mean/60-1) > 0.1 {
				t.Errorf("%s, seed %d: a task takes %.1f s on average, want about 60", kind, seed, mean)
			}
			again, _ := Generate(kind, seed)
			if !reflect.DeepEqual(trace, again) {
				t.Errorf("%s, seed %d gives two traces", kind, seed)
			}
			if first != nil && reflect.DeepEqual(first.Tasks, trace.Tasks) {
				t.Errorf("%s: seed %d gives what another gives", kind, seed)
			}
			first = trace
		}
	}
	if _, err := Generate("tidal", 1); err == nil || !strings.Contains(err.Error(), `"tidal"`) {
		t.Errorf("an unknown kind gives %v", err)
	}
}

func TestCSV(t *testing.T) {
	trace, err := ReadCSV(strings.NewReader("time,duration,queue\n# a comment\n1732283010.5,2.25,b\n1732283000.25,61.75\n"), "log")
	if err != nil {
		t.Fatal(err)
	}
	want := []Task{{0, 61750 * time.Millisecond, "default"}, {10250 * time.Millisecond, 2250 * time.Millisecond, "b"}}
	if !reflect.DeepEqual(trace.Tasks, want) || trace.Span != 10250*time.Millisecond {
		t.Errorf("read %+v", trace)
	}
	var out bytes.Buffer
	if err := trace.WriteCSV(&out); err != nil {
		t.Fatal(err)
	}
	again, err := ReadCSV(&out, "log")
	if err != nil || !reflect.DeepEqual(again, trace) {
		t.Errorf("written and read again: %+v, %v", again, err)
	}
}

func TestCSVErrors(t *testing.T) {
	for text, want := range map[string]string{
		"":                         "no task",
		"time,duration\n":          "no task",
		"1,2\nx,3\n":               "line 2",
		"1\n":                      "needs time,duration",
		"1,-2\n":                   "out of range",
		"NaN,2\n":                  "out of range",
		"0,1\n9000000,1\n":         "days",
		"1,\"2\n":                  "read trace log",
		"1,2\n\n1,abc,q\n":         "line 3",
		"0,1e300\n":                "out of range",
		"-1e300,1\n":               "out of range",
		"time,duration\nbegin,1\n": "line 2",
	} {
		if _, err := ReadCSV(strings.NewReader(text), "log"); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q gives %v, want %q", text, err, want)
		}
	}
}

func FuzzReadCSV(f *testing.F) {
	f.Add("time,duration,queue\n1,2,q\n")
	f.Add("1,2\n3,4,\n")
	f.Fuzz(func(t *testing.T, text string) {
		trace, err := ReadCSV(strings.NewReader(text), "fuzz")
		if err != nil {
			return
		}
		last := time.Duration(0)
		for _, task := range trace.Tasks {
			if task.At < last || task.Run < 0 || task.Queue == "" {
				t.Fatalf("%+v after %v", task, last)
			}
			last = task.At
		}
	})
}
