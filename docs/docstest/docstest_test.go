package docstest

import "testing"

func TestReplace(t *testing.T) {
	page := "a\n<!-- example x -->\nold\n<!-- end -->\nb\n<!-- example y -->\n<!-- end -->\n"
	for name, want := range map[string]string{
		"x": "a\n<!-- example x -->\nnew\n<!-- end -->\nb\n<!-- example y -->\n<!-- end -->\n",
		"y": "a\n<!-- example x -->\nold\n<!-- end -->\nb\n<!-- example y -->\nnew\n<!-- end -->\n",
	} {
		if got, err := replace(page, name, "new\n"); got != want || err != nil {
			t.Errorf("%s: %q, error %v, want %q", name, got, err, want)
		}
	}
	for _, bad := range []string{"no place", "<!-- example x -->\nwithout an end"} {
		if got, err := replace(bad, "x", "new\n"); err == nil {
			t.Errorf("%q became %q", bad, got)
		}
	}
}
