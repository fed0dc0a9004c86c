package cloud_test

import (
	"strings"
	"testing"

	"perfmon/scaling/rubber/cloud"
)

func TestSpecCheck(t *testing.T) {
	good := cloud.Spec{Intent: "a-1", Owner: "rubber", Name: "q-1"}
	if err := good.Check(); err != nil {
		t.Fatalf("a good spec: %v", err)
	}
	f := func(what, want string, change func(*cloud.Spec)) {
		t.Helper()
		s := good
		change(&s)
		err := s.Check()
		if cloud.KindOf(err) != cloud.Invalid || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want invalid with %q", what, err, want)
		}
	}
	f("no intent", `intent "": it is missing`, func(s *cloud.Spec) { s.Intent = "" })
	f("a path as an intent", `character 1 is '.'`, func(s *cloud.Spec) { s.Intent = "../a" })
	f("a long intent", "longer than 40", func(s *cloud.Spec) { s.Intent = strings.Repeat("a", 41) })
	f("upper case", `character 2 is 'B'`, func(s *cloud.Spec) { s.Owner = "aB" })
	f("no owner", `owner ""`, func(s *cloud.Spec) { s.Owner = "" })
	f("no name", "not a name", func(s *cloud.Spec) { s.Name = "" })
	f("a name with a line end", "not a name", func(s *cloud.Spec) { s.Name = "a\nb" })
}

func TestRankAndListed(t *testing.T) {
	list := []string{"host-b", "0A1B"}
	f := func(want int, names ...string) {
		t.Helper()
		if got := cloud.Rank(list, names...); got != want {
			t.Errorf("rank of %q: %d, want %d", names, got, want)
		}
		if got := cloud.Listed(list, names...); got != (want < 2) {
			t.Errorf("listed %q: %v", names, got)
		}
	}
	f(0, "x", "host-b")
	f(1, "0a1b") // uuids are written either way
	f(2, "host-a")
	f(2, "")
	f(2)
}
