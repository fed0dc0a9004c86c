package config

import (
	"fmt"
	"runtime"
	"testing"
)

func TestDocumentsAreShared(t *testing.T) {
	var d Documents
	text := func(level string) string {
		return fmt.Sprintf(`<config><variable><name value="cpu_usage"/><alarm_trigger_level value="%s"/></variable></config>`, level)
	}
	a, problems := d.Parse(ClassVM, text("0.5"), Options{})
	if a == nil || len(problems) > 0 {
		t.Fatal(a, problems)
	}
	if again, problems := d.Parse(ClassVM, text("0.5"), Options{}); again != a || len(problems) > 0 {
		t.Error("the same document was read twice", problems)
	}
	if other, _ := d.Parse(ClassVM, text("0.25"), Options{}); other == a || other.Variables[0].Level != 0.25 {
		t.Error("two documents are one")
	}
	if host, _ := d.Parse(ClassHost, text("0.5"), Options{}); host == a {
		t.Error("documents of two classes are one")
	}
	for range 2 { // it is said of each object
		if _, problems := d.Parse(ClassVM, text("high"), Options{}); len(problems) == 0 {
			t.Error("no problem with a level that is no number")
		}
		if c, problems := d.Parse(ClassVM, "<config>", Options{}); c != nil || len(problems) == 0 {
			t.Error("no problem with half a document")
		}
	}
	runtime.KeepAlive(a)
}
