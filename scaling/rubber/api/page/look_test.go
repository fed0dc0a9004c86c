//go:build browser

package page_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"perfmon/monitor/api/page/pagetest"
	"perfmon/scaling/rubber"
)

var shop = []string{"encode", "mail", "reports", "thumbnails"}

// TestLook keeps pictures of each view in the folder PERFMON_PICTURES, for
// people to look at.
func TestLook(t *testing.T) {
	dir := os.Getenv("PERFMON_PICTURES")
	if dir == "" {
		t.Skip("PERFMON_PICTURES names no folder")
	}
	scenes := map[string]func(*fake){
		"few": func(f *fake) { f.hour(shop...); f.busy() },
		"many": func(f *fake) {
			var names []string
			for i := range 60 {
				names = append(names, fmt.Sprintf("queue-%02d", i))
			}
			f.hour(names...)
			f.change(func(s *rubber.Status) { s.Cap = 250 })
		},
		"away": func(f *fake) { f.hour(shop...); f.busy(); f.trouble() },
		"paused": func(f *fake) {
			f.hour(shop...)
			f.busy()
			f.change(func(s *rubber.Status) { s.Paused, s.Reason = true, "maintenance of the storage until 18:00 (uid 1000)" })
		},
		"crowd":   func(f *fake) { f.hour(shop...); f.crowd(20_000) },
		"nothing": func(*fake) {},
		"standby": func(f *fake) {
			f.change(func(s *rubber.Status) {
				s.Role, s.Turns, s.At, s.Problem = rubber.Standby, 0, time.Time{}, "rubber-2 holds the lease until 16:20:31"
			})
		},
	}
	b := pagetest.Start(t)
	const drawn = `document.querySelectorAll('.u-wrap').length === 3`
	for _, v := range []struct {
		name, scene, hash, scheme, ready string
		width, height                    int
	}{
		{"rubber-now-dark", "few", "", "dark", drawn, 1280, 1300},
		{"rubber-now-light", "few", "", "light", drawn, 1280, 1300},
		{"rubber-now-phone", "few", "", "dark", drawn, 360, 2400},
		{"rubber-profile-light", "few", "#/profile/thumbnails", "light", drawn, 1280, 1300},
		{"rubber-profile-phone", "few", "#/profile/thumbnails", "light", drawn, 360, 2200},
		{"rubber-machines-dark", "few", "#/machines", "dark", "document.querySelectorAll('tbody tr').length === 9", 1280, 900},
		{"rubber-machines-phone", "few", "#/machines", "dark", "document.querySelectorAll('tbody tr').length === 9", 360, 900},
		{"rubber-hosts-light", "few", "#/hosts", "light", "document.querySelectorAll('tbody tr').length === 5", 1280, 700},
		{"rubber-hosts-phone", "few", "#/hosts", "dark", "document.querySelectorAll('tbody tr').length === 5", 360, 1100},
		{"rubber-crowd-dark", "crowd", "#/machines", "dark", "document.querySelectorAll('tbody tr').length === 50", 1280, 2300},
		{"rubber-crowd-light", "crowd", "#/machines", "light", "document.querySelectorAll('tbody tr').length === 50", 1280, 900},
		{"rubber-crowd-phone", "crowd", "#/machines", "dark", "document.querySelectorAll('tbody tr').length === 50", 360, 3600},
		{"rubber-crowd-now-light", "crowd", "", "light", drawn, 1280, 1300},
		{"rubber-crowd-profile-phone", "crowd", "#/profile/mail", "light", drawn, 360, 2200},
		{"rubber-sources-dark", "away", "#/sources", "dark", "document.querySelectorAll('.card').length > 3", 1280, 900},
		{"rubber-decisions-light", "few", "#/decisions", "light", "document.querySelectorAll('.feed tbody tr').length > 10", 1280, 900},
		{"rubber-decisions-phone", "few", "#/decisions", "dark", "document.querySelectorAll('.feed tbody tr').length > 10", 360, 900},
		{"rubber-many-dark", "many", "", "dark", drawn, 1280, 1400},
		{"rubber-away-light", "away", "", "light", drawn, 1280, 1300},
		{"rubber-away-phone", "away", "", "dark", drawn, 360, 1600},
		{"rubber-paused-dark", "paused", "", "dark", drawn, 1280, 900},
		{"rubber-nothing-light", "nothing", "", "light", "document.querySelector('.verdict.role')", 1280, 600},
		{"rubber-standby-dark", "standby", "", "dark", "document.querySelector('.verdict.role')", 1280, 600},
		{"rubber-page", "few", "", "dark", drawn, 1200, 1010},
		{"rubber-page-profile", "few", "#/profile/thumbnails", "light", drawn, 1200, 860},
	} {
		f := newFake()
		scenes[v.scene](f)
		origin := f.start(t)
		tab := b.Open(t, v.width, v.height, v.scheme)
		tab.Visit(origin + "/" + v.hash)
		tab.Wait(v.ready)
		tab.Eval("new Promise((done) => setTimeout(done, 700))", nil)
		if err := os.WriteFile(filepath.Join(dir, v.name+".png"), tab.Picture(), 0o644); err != nil {
			t.Fatal(err)
		}
		tab.Check(origin)
		tab.Close()
	}
}
