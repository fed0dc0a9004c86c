//go:build browser

package page_test

import (
	"os"
	"path/filepath"
	"testing"

	"perfmon/monitor/api/page/pagetest"
)

// TestElsewhere looks at the page of an agent that runs already, on a host
// whose busiest processor keeps an alarm firing: PERFMON_PAGE is its origin.
// The walk of docs/quickstart.md has one in a guest, and its pictures taken.
func TestElsewhere(t *testing.T) {
	origin := os.Getenv("PERFMON_PAGE")
	if origin == "" {
		t.Skip("PERFMON_PAGE names no agent")
	}
	b := pagetest.Start(t)
	look := func(name, scheme, hash string, width, height int, visit func(tab *pagetest.Tab)) {
		tab := b.Open(t, width, height, scheme)
		defer tab.Close()
		tab.Visit(origin + "/" + hash)
		visit(tab)
		tab.Eval("new Promise((done) => setTimeout(done, 600))", nil)
		if dir := os.Getenv("PERFMON_PICTURES"); dir != "" {
			if err := os.WriteFile(filepath.Join(dir, name+".png"), tab.Picture(), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		tab.Check(origin)
	}
	const firing = `[...document.querySelectorAll('.alarm[data-tone=critical]')].find((a) => a.textContent.includes('cpu_busiest'))`
	look("now", "light", "", 1200, 560, func(tab *pagetest.Tab) {
		tab.Wait(firing)
		tab.Wait(`document.querySelector('.tile b').textContent.endsWith('%')`)
	})
	look("variable", "light", "", 1200, 900, func(tab *pagetest.Tab) {
		tab.Wait(firing)
		tab.Eval(firing+`.querySelector('a').click()`, nil)
		tab.Wait(`document.querySelector('.verdict b').textContent === 'critical'`)
		tab.Wait(`document.querySelectorAll('.u-wrap').length === 1`)
	})
	look("wall", "dark", "#/wall", 1280, 720, func(tab *pagetest.Tab) { tab.Wait(firing) })
}
