package page

import (
	"io/fs"
	"net/http/httptest"
	"strings"
	"testing"

	"perfmon/monitor/api/page/kit"
	"perfmon/monitor/api/page/pagetest"
)

func TestFiles(t *testing.T) {
	own, err := fs.Sub(embedded, "assets")
	if err != nil {
		t.Fatal(err)
	}
	h := New(Options{Version: "1.0", Archive: true})
	icons := []string{"icon.svg", "icon-alarm.svg", "icon-away.svg"}
	pagetest.Files(t, own, h, icons, 120_000)
}

// The kit has nothing that the agent's page does not use.
func TestKitIsUsed(t *testing.T) {
	own, err := fs.Sub(embedded, "assets")
	if err != nil {
		t.Fatal(err)
	}
	var all strings.Builder
	for _, files := range []fs.FS{own, kit.Files()} {
		err := fs.WalkDir(files, ".", func(name string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || strings.HasPrefix(name, "uplot/") {
				return err
			}
			text, err := fs.ReadFile(files, name)
			all.Write(text)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	err = fs.WalkDir(kit.Files(), ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || strings.HasPrefix(name, "uplot/") {
			return err
		}
		text, err := fs.ReadFile(kit.Files(), name)
		if err != nil {
			return err
		}
		pagetest.Foreign(t, name, string(text))
		if !strings.Contains(all.String(), "/"+name) {
			t.Errorf("%s is used by nobody", name)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestVersionIsText(t *testing.T) {
	w := httptest.NewRecorder()
	New(Options{Version: `1 <b>"`}).ServeHTTP(w, httptest.NewRequest("GET", "/", nil))
	index := w.Body.String()
	if !strings.Contains(index, "1 &lt;b&gt;") || strings.Contains(index, "<b>") {
		t.Errorf("the version is not escaped:\n%s", index)
	}
	if strings.Contains(index, "rrd_updates") {
		t.Error("a link to rows that are not there")
	}
}
