package rrd

import (
	"errors"
	"testing"
)

// What is right is tested in rrdtest, which everybody's tests use.
func TestSeriesMistakes(t *testing.T) {
	for text, want := range map[string]SeriesError{
		"1 2 one":          {4, "one", "want a number, _, AxN, _xN, A+BxN or A-BxN"},
		" 1x":              {1, "1x", "want a number, _, AxN, _xN, A+BxN or A-BxN"},
		"_+1x3":            {0, "_+1x3", "nothing can be added to _"},
		"1 1x99999999":     {2, "1x99999999", "more than 1048576 values"},
		"1x1048000 _x9999": {10, "_x9999", "more than 1048576 values"},
		"_x1048576 1x1":    {10, "1x1", "more than 1048576 values"},
	} {
		_, err := ParseSeries(text)
		var got *SeriesError
		if !errors.As(err, &got) || *got != want {
			t.Errorf("%q: %v, want %v", text, err, &want)
		}
	}
}
