package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"perfmon/bench/measure"
)

// Figure is what was measured of one subject.
type Figure struct {
	Section string `json:"section"`
	Name    string `json:"name"`
	About   string `json:"about"`
	Unit    string `json:"unit"`
	// Median is that of Samples, one of each round.
	Median  float64   `json:"median"`
	Samples []float64 `json:"samples"`
	// Allocs is how many objects a pass allocated, in Go; the fewest of the
	// rounds.
	Allocs float64 `json:"allocs,omitempty"`
	// Bytes is the size of what was made; Peak the largest resident size, the
	// smallest of the rounds.
	Bytes int   `json:"bytes,omitempty"`
	Peak  int64 `json:"peak_bytes,omitempty"`
	// X is where a figure stands on the horizontal axis of a chart.
	X float64 `json:"x,omitempty"`
}

// add takes a round.
func (f *Figure) add(r measure.Report, per float64) {
	first := len(f.Samples) == 0
	f.Samples = append(f.Samples, r.CPU/per)
	f.Bytes = r.Bytes
	if first || r.Allocs < f.Allocs {
		f.Allocs = r.Allocs
	}
	if first || r.Peak < f.Peak {
		f.Peak = r.Peak
	}
}

// settle works out the median.
func (f *Figure) settle() { f.Median = median(f.Samples) }

func median(samples []float64) float64 {
	if len(samples) == 0 {
		return 0
	}
	s := slices.Sorted(slices.Values(samples))
	return (s[(len(s)-1)/2] + s[len(s)/2]) / 2
}

// About says what the figures were taken on.
type About struct {
	Taken     string   `json:"taken"` // the day
	Commit    string   `json:"commit"`
	Processor string   `json:"processor"`
	Cores     int      `json:"cores"`
	Load      float64  `json:"load"` // when it began: of others
	Rounds    int      `json:"rounds"`
	Versions  []string `json:"versions"` // of languages and libraries
}

// Results are the raw figures of a run, kept as JSON.
type Results struct {
	About   About    `json:"about"`
	Figures []Figure `json:"figures"`
}

const resultsFile = "results.json"

// loadResults reads the figures that are kept; none is not an error.
func loadResults(folder string) (*Results, error) {
	var r Results
	text, err := os.ReadFile(filepath.Join(folder, resultsFile))
	if errors.Is(err, fs.ErrNotExist) {
		return &r, nil
	}
	if err == nil {
		err = json.Unmarshal(text, &r)
	}
	if err != nil {
		return nil, fmt.Errorf("read the figures that are kept: %w", err)
	}
	return &r, nil
}

func (r *Results) save(folder string) error {
	text, err := json.MarshalIndent(r, "", "  ")
	if err == nil {
		err = os.WriteFile(filepath.Join(folder, resultsFile), append(text, '\n'), 0o644)
	}
	if err != nil {
		return fmt.Errorf("keep the figures: %w", err)
	}
	return nil
}

// replace puts the figures of a section in the place of older ones.
func (r *Results) replace(section string, figures []Figure) {
	r.Figures = slices.DeleteFunc(r.Figures, func(f Figure) bool { return f.Section == section })
	r.Figures = append(r.Figures, figures...)
}

// section returns the figures of a section in their order.
func (r *Results) section(name string) []Figure {
	var list []Figure
	for _, f := range r.Figures {
		if f.Section == name {
			list = append(list, f)
		}
	}
	return list
}

// figure returns one figure, nil if it was not measured.
func (r *Results) figure(section, name string) *Figure {
	for i := range r.Figures {
		if r.Figures[i].Section == section && r.Figures[i].Name == name {
			return &r.Figures[i]
		}
	}
	return nil
}
