package tui

import "testing"

func TestFitEnds(t *testing.T) {
	f := func(text string, cells int, want string) {
		t.Helper()
		if got := FitEnds(text, cells); got != want {
			t.Errorf("%q in %d cells: %q, want %q", text, cells, got, want)
		}
	}
	f("", 2, "  ")
	f("tiles-3onet", 11, "tiles-3onet")
	f("tiles-3onet", 13, "tiles-3onet  ")
	f("tiles-3onet", 10, "tile…3onet")
	f("tiles-3onet", 3, "t…t")
	f("tiles-3onet", 2, "t…")
	f("東京データベース", 9, "東京…ース")
	f("東京データベース", 8, "東…ース ") // half a character does not fit
}
