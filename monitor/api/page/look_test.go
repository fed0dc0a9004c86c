//go:build browser

package page_test

import (
	"os"
	"path/filepath"
	"testing"

	"perfmon/monitor/api/page/pagetest"
)

// TestLook keeps pictures of each view in the folder PERFMON_PICTURES, for
// people to look at.
func TestLook(t *testing.T) {
	dir := os.Getenv("PERFMON_PICTURES")
	if dir == "" {
		t.Skip("PERFMON_PICTURES names no folder")
	}
	b := pagetest.Start(t)
	vm := "#/vm/" + uuidOf(6)
	for _, v := range []struct {
		name, hash, scheme, ready string
		width, height             int
	}{
		{"now-dark", "", "dark", "document.querySelectorAll('.alarm').length === 6", 1280, 900},
		{"now-light", "", "light", "document.querySelectorAll('.alarm').length === 6", 1280, 900},
		{"now-phone", "", "dark", "document.querySelectorAll('.alarm').length === 6", 360, 780},
		{"vm-dark", vm, "dark", "document.querySelectorAll('.u-wrap').length > 1", 1280, 900},
		{"vm-light", vm, "light", "document.querySelectorAll('.u-wrap').length > 1", 1280, 900},
		{"vm-phone", vm, "light", "document.querySelectorAll('.u-wrap').length > 0", 360, 780},
		{"vm-year", vm + "?span=1y", "dark", "document.querySelectorAll('.u-wrap').length > 1", 1280, 900},
		{"vm-2h", vm + "?span=2h", "dark", "document.querySelectorAll('.u-wrap').length > 1", 1280, 900},
		{"variable-dark", vm + "/cpu_usage", "dark", "document.querySelectorAll('.u-wrap').length === 1", 1280, 900},
		{"variable-phone", vm + "/cpu_usage", "light", "document.querySelectorAll('.u-wrap').length === 1", 360, 780},
		{"history-dark", "#/history", "dark", "document.querySelector('.lanes')", 1280, 900},
		{"history-phone", "#/history", "dark", "document.querySelector('.lanes')", 360, 780},
		{"host-dark", "#/host", "dark", "document.querySelectorAll('.u-wrap').length > 1", 1280, 900},
		{"now-docs", "", "dark", "document.querySelectorAll('.alarm').length === 6", 1200, 800},
		{"vm-docs", vm, "light", "document.querySelectorAll('.u-wrap').length > 1", 1200, 760},
		{"wall-docs", "#/wall", "light", "document.querySelectorAll('.alarm').length > 3", 1280, 720},
		{"wall", "#/wall", "light", "document.querySelectorAll('.alarm').length > 3", 1920, 1080},
	} {
		f := newFake()
		f.vms = 200
		f.scenario(14)
		origin := f.start(t)
		tab := b.Open(t, v.width, v.height, v.scheme)
		tab.Visit(origin + "/" + v.hash)
		tab.Wait(v.ready)
		for range 12 {
			f.poll()
		}
		tab.Eval("new Promise((done) => setTimeout(done, 600))", nil)
		if err := os.WriteFile(filepath.Join(dir, v.name+".png"), tab.Picture(), 0o644); err != nil {
			t.Fatal(err)
		}
		tab.Check(origin)
		tab.Close()
	}
}
