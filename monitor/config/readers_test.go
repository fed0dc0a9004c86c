package config

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"
)

// TestReaders: what each of the four programs takes from the bodies in
// testdata/readers.
func TestReaders(t *testing.T) {
	files, err := filepath.Glob("testdata/readers/*.txtar")
	if err != nil || len(files) < 15 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	for _, file := range files {
		archive, err := txtar.ParseFile(file)
		if err != nil {
			t.Fatal(err)
		}
		section := make(map[string]string)
		for _, f := range archive.Files {
			section[f.Name] = string(f.Data)
		}
		for _, r := range alarmReaders {
			want, ok := section[r.name]
			if !ok {
				t.Errorf("%s: nothing expected of %s", file, r.name)
			}
			got, bad := r.read(strings.TrimSpace(section["class"]), section["body"])
			text := fmt.Sprintf("name %q value %q level %q period %q\n", got.name, got.value, got.level, got.period)
			if bad != nil {
				text = fmt.Sprintf("not understood: %s\n", bad.msg)
			}
			if text != want {
				t.Errorf("%s: %s:\ngot  %swant %s", file, r.name, text, want)
			}
		}
	}
}

// TestReadersOfGarbage: no body makes them panic.
func TestReadersOfGarbage(t *testing.T) {
	for _, body := range []string{"", "\n", "value", "value: 1", "value: 1\n", "value: 1\nconfig:", "value: 1\nconfig:\n<", "value: 1\nconfig:\n<variable>",
		"value: 1\nconfig:\n<name value='x'/>", "value: \nconfig:\n<variable/>", "config:config:"} {
		for _, r := range alarmReaders {
			if got, bad := r.read(ClassVM, body); bad == nil && got.name == "" && r.name != "mail-alarm" {
				t.Errorf("%s understands %q: %+v", r.name, body, got)
			}
		}
	}
}
