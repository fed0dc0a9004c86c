package api

import "testing"

func TestPrefersJSON(t *testing.T) {
	f := func(accept string, parameter, want bool) {
		t.Helper()
		if got := prefersJSON(accept, parameter); got != want {
			t.Errorf("Accept %q, json parameter %v: JSON %v", accept, parameter, got)
		}
	}
	// The parameter decides where the header does not.
	for _, accept := range []string{"", " , ", "application/xml", "text/html", "image/*", "xml", "a/b/c", "text/xml;q=x", "text/xml;q=2", "text/xml, bad", "text/xml;q=0", "*/*;q=nan"} {
		f(accept, false, false)
		f(accept, true, true)
	}
	for _, parameter := range []bool{false, true} {
		f("text/xml", parameter, false)
		f("TEXT/XML; charset=utf-8", parameter, false)
		f("text/*", parameter, false)
		f("application/json", parameter, true)
		f("application/*", parameter, true)
		f("*/*", parameter, true)
		f("text/xml, application/json", parameter, true)
		f("text/xml, */*;q=0.1", parameter, false)
		f("application/json;q=0.4, text/xml; Q=0.5", parameter, false)
		f("application/json;q=0.5,text/xml;q=0.5", parameter, true)
		f("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", parameter, true)
	}
}
