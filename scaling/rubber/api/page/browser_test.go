//go:build browser

package page_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"perfmon/monitor/api/page/pagetest"
	"perfmon/scaling/rubber"
	"perfmon/scaling/rubber/plan"
)

// readback is what the browser says when a test reads pixels; the page does
// not.
func readback(complaint string) bool {
	return strings.Contains(complaint, "Multiple readback operations")
}

// Each view is shown, by links, by addresses and by keys.
func TestEveryView(t *testing.T) {
	f := newFake()
	f.hour(shop...)
	f.busy()
	origin := f.start(t)
	tab := pagetest.Start(t).Open(t, 1280, 900, "dark")
	tab.Forgive = func(e string) bool { return strings.Contains(e, "404") && strings.Contains(e, "profile=no") }
	tab.Visit(origin + "/")
	tab.Wait(`document.querySelector('.verdict.role b').textContent === 'active'`)
	tab.Wait(`document.querySelectorAll('.u-wrap').length === 3`)
	tab.Wait(`document.querySelectorAll('section[aria-labelledby=h-profiles] tbody tr').length === 4`)
	tab.Wait(`[...document.querySelectorAll('.troubles li')].some((x) => x.textContent.includes('No valid host') && x.textContent.includes('give the flavor fewer cores') && x.textContent.includes('tried 4 times'))`)
	tab.Wait(`document.title === 'shop · rubber'`)

	// To a profile by its link, and to a machine's line there.
	tab.Eval(`[...document.querySelectorAll('.object-name')].find((a) => a.textContent.includes('reports')).click()`, nil)
	tab.Wait(`location.hash === '#/profile/reports' && document.querySelector('h1').textContent === 'reports'`)
	tab.Wait(`document.querySelectorAll('.u-wrap').length === 3 && document.querySelectorAll('table.machines tbody tr').length === 2`)
	tab.Wait(`document.querySelector('.why-list').textContent.includes('as many as')`)
	tab.Wait(`document.querySelector('table.machines').textContent.includes('overdue')`)
	// The shorter span is ten minutes.
	tab.Eval(`document.querySelector('.spans input[value="10m"]').click()`, nil)
	tab.Wait(`(() => { const x = document.querySelector('figure').plot.scales.x; return Math.abs(x.max - x.min - 600) < 2 })()`)

	for hash, so := range map[string]string{
		"#/machines":   `document.querySelectorAll('table.machines tbody tr').length === 9 && document.querySelector('table.machines').textContent.includes('xcp-2')`,
		"#/hosts":      `document.querySelector('tbody tr').textContent.includes('contended, short of memory') && document.querySelector('tbody').textContent.includes('silent')`,
		"#/sources":    `document.querySelectorAll('.card').length === 4`,
		"#/decisions":  `document.querySelectorAll('.feed tbody tr:not(.day)').length > 10`,
		"#/profile/no": `document.querySelector('main').textContent.includes('no profile “no”')`,
		"#/no/such":    `document.querySelector('main').textContent.includes('There is no such view')`,
	} {
		tab.Visit(origin + "/" + hash)
		tab.Wait(so)
	}
	// By keys: / leads to the filter, and rows that fit stay.
	tab.Visit(origin + "/#/machines")
	tab.Wait(`document.querySelectorAll('table.machines tbody tr').length === 9`)
	tab.Press("/")
	tab.Wait(`document.activeElement.type === 'search'`)
	for _, key := range "drain" {
		tab.Press(string(key))
	}
	tab.Wait(`document.querySelectorAll('table.machines tbody tr').length === 1`)
	tab.Check(origin)
}

// What happens is shown without the page being loaded again.
func TestItIsLive(t *testing.T) {
	f := newFake()
	f.hour("mail")
	origin := f.start(t)
	tab := pagetest.Start(t).Open(t, 1280, 900, "light")
	tab.Visit(origin + "/")
	tab.Wait(`document.querySelectorAll('.u-wrap').length === 3 && document.querySelector('.calm') && !document.querySelector('.calm').hidden`)
	tab.Eval(`window.same = true`, nil)

	next := target("mail", 4711, 8, 93*time.Second, 2, 7, 9)
	f.planned(time.Now(), next)
	f.decide(rubber.Decision{At: time.Now(), Event: "wanted", Profile: "mail", Machine: "i1", Name: "mail-beef", Text: "seven more wanted, since 4711 tasks wait", Loud: true})
	f.change(func(s *rubber.Status) { s.Profiles = []rubber.ProfileStatus{profile(next, "start 7: 4711 tasks wait")} })
	tab.Wait(`document.querySelector('.tile b').textContent === '4.71 k'`)
	tab.Wait(`document.querySelectorAll('.tile b')[3].textContent === '1 min 33 s'`)
	tab.Wait(`document.querySelector('figure').plot.data[1].at(-1) === 4719`)
	tab.Wait(`document.querySelector('.decisions li').textContent.includes('seven more wanted')`)
	tab.Wait(`document.querySelector('#announce').textContent.includes('seven more wanted')`)
	tab.Wait(`document.querySelector('section[aria-labelledby=h-profiles] tbody').textContent.includes('start 7: 4711 tasks wait')`)

	f.change(func(s *rubber.Status) { s.Paused, s.Reason = true, "the storage is moved" })
	tab.Wait(`document.querySelector('.verdict.role').dataset.tone === 'warning' && document.querySelector('.verdict.role').textContent.includes('the storage is moved')`)
	f.change(func(s *rubber.Status) {
		s.Paused, s.Problem = false, "the store cannot be used, so nothing is begun: no space left"
	})
	tab.Wait(`document.title.startsWith('(1) ') && document.querySelector('.troubles').textContent.includes('no space left') && document.querySelector('#icon').href.endsWith('icon-alarm.svg')`)
	if tab.Text(`window.same`) != "true" {
		t.Error("the page was loaded again")
	}
	tab.Check(origin)
}

// Rubber goes away, and the page says since when; it comes back, and the page
// goes on with what it missed.
func TestRubberIsAway(t *testing.T) {
	f := newFake()
	f.hour("mail")
	origin := f.start(t)
	tab := pagetest.Start(t).Open(t, 1280, 900, "dark")
	tab.Forgive = func(e string) bool {
		return strings.Contains(e, "503") || strings.Contains(e, "ERR_INCOMPLETE_CHUNKED_ENCODING")
	}
	tab.Visit(origin + "/")
	tab.Wait(`document.querySelectorAll('.u-wrap').length === 3 && document.querySelector('#banner').hidden`)
	before := tab.Text(`document.querySelector('figure').plot.data[0].length`)
	f.goAway()
	tab.Wait(`document.querySelector('#banner').textContent.startsWith('Nothing is heard since ') && document.querySelector('#banner').textContent.includes('does not answer')`)
	f.waitFor(t, "the page tries again after a refusal", func() bool { return f.refused > 1 })
	f.planned(time.Now(), target("mail", 1, 2, time.Second, 3, 0, 3))
	f.decide(rubber.Decision{At: time.Now(), Event: "drain", Profile: "mail", Machine: "i1", Text: "decided while nobody listened"})
	f.comeBack()
	tab.Wait(`document.querySelector('#banner').hidden && document.querySelector('#pulse').dataset.state === 'live'`)
	tab.Wait(`document.querySelector('.decisions').textContent.includes('decided while nobody listened')`)
	tab.Wait(`document.querySelector('figure').plot.data[1].at(-1) === 3`)
	if after := tab.Text(`document.querySelector('figure').plot.data[0].length`); before == "0" || after == "0" {
		t.Errorf("%s plans before, %s after", before, after)
	}
	tab.Check(origin)
}

// What is drawn is what plans saw: every value, gaps where it was unknown, and
// the pixels of a line; decisions are on the axis, and said under the cursor.
func TestPlotShowsAKnownSeries(t *testing.T) {
	f := newFake()
	now := time.Now().Truncate(time.Second)
	const n = 100
	for i := range n {
		one := target("mail", i, 10, time.Duration(i)*time.Second, 5, 0, 5)
		other := target("web", 1, 1, time.Second, 2, 1, 3)
		other.Known = i < 40 || i >= 50
		f.planned(now.Add(time.Duration(i-n+1)*everyTurn), one, other)
	}
	f.decide(rubber.Decision{At: now.Add(-50 * everyTurn), Event: "drain", Profile: "mail", Machine: "i1", Text: "let go in the middle"})
	f.change(func(s *rubber.Status) {
		s.Profiles = []rubber.ProfileStatus{profile(f.plans[n-1].Targets[0]), profile(f.plans[n-1].Targets[1])}
	})
	origin := f.start(t)
	tab := pagetest.Start(t).Open(t, 1280, 1000, "dark")
	tab.Forgive = readback
	tab.Visit(origin + "/")
	tab.Wait(`document.querySelectorAll('.u-wrap').length === 3`)
	var drawn [][]*float64
	tab.Eval(`document.querySelector('figure').plot.data.map((c) => Array.from(c))`, &drawn)
	if len(drawn) != 4 || len(drawn[0]) != n {
		t.Fatalf("%d columns of %d", len(drawn), len(drawn[0]))
	}
	for i := range n {
		tasks, slots := drawn[1][i], drawn[3][i]
		if known := i < 40 || i >= 50; known != (tasks != nil) || known && *tasks != float64(i+12) {
			t.Errorf("tasks of plan %d: %v", i, tasks)
		}
		if slots == nil || *slots != 28 {
			t.Errorf("slots of plan %d: %v", i, slots)
		}
	}
	// One profile alone has no gap.
	tab.Visit(origin + "/#/profile/mail")
	tab.Wait(`document.querySelectorAll('.u-wrap').length === 3 && document.querySelector('figure').plot.data[1].length === 100`)
	tab.Wait(`document.querySelector('figure').plot.data[1].every((v, i) => v === i + 10)`)
	// The line is where its values are, in the canvas itself.
	if got := tab.Text(`(() => {
		const u = document.querySelector('figure').plot, ctx = u.ctx;
		const probe = document.createElement('i'); probe.style.color = 'var(--line-0)'; document.body.append(probe);
		const want = getComputedStyle(probe).color.match(/\d+/g).map(Number);
		let hits = 0;
		for (const i of [20, 45, 70, 95]) {
			const x = Math.round(u.valToPos(u.data[0][i], 'x', true)), y = Math.round(u.valToPos(u.data[1][i], 'y', true));
			const d = ctx.getImageData(x - 3, y - 3, 7, 7).data;
			for (let p = 0; p < d.length; p += 4) if (Math.abs(d[p] - want[0]) + Math.abs(d[p + 1] - want[1]) + Math.abs(d[p + 2] - want[2]) < 60) { hits++; break; }
		}
		return hits;
	})()`); got != "4" {
		t.Errorf("the line is at %s of 4 places", got)
	}
	// The mark of the decision says what it was.
	tab.Eval(`(() => { const u = document.querySelector('figure').plot; u.setCursor({ left: u.valToPos(u.data[0][49], 'x'), top: 20 }, true, true) })()`, nil)
	tab.Wait(`!document.querySelector('.said-here').hidden && document.querySelector('.said-here').textContent.includes('let go in the middle')`)
	// By keys as well.
	tab.Eval(`document.querySelector('.plot').focus()`, nil)
	tab.Press("Home")
	tab.Wait(`document.querySelector('.plot + .unseen').textContent.includes('tasks 10')`)
	tab.Check(origin)
}

// Nothing is known, nothing is configured, nobody works: each is said.
func TestEmptyStates(t *testing.T) {
	b := pagetest.Start(t)
	f := func(change func(*rubber.Status), so ...string) {
		t.Helper()
		fake := newFake()
		fake.change(change)
		origin := fake.start(t)
		tab := b.Open(t, 360, 780, "light")
		defer tab.Close()
		tab.Visit(origin + "/")
		for _, one := range so {
			tab.Wait(one)
		}
		tab.Wait(`document.documentElement.scrollWidth <= 360`)
		tab.Check(origin)
	}
	f(func(*rubber.Status) {}, `document.querySelector('main').textContent.includes('No profile is configured')`)
	f(func(s *rubber.Status) { s.Role, s.Turns, s.Problem = rubber.Standby, 0, "rubber-2 holds the lease" },
		`document.querySelector('.verdict.role').textContent.includes('rubber-2 holds the lease')`, `!document.querySelector('main').textContent.includes('No profile is configured')||document.querySelector('.empty').hidden`)
	f(func(s *rubber.Status) {
		unknown := profile(rubber.TargetView{Target: plan.Target{Profile: "mail"}})
		unknown.DemandError = "the broker does not answer"
		unknown.Arrivals = -1
		s.Profiles = []rubber.ProfileStatus{unknown}
	}, `document.querySelector('.tile b').textContent === '–'`, `document.querySelector('.troubles').textContent.includes('the broker does not answer')`,
		`document.querySelector('section[aria-labelledby=h-profiles] td.num').textContent === '–'`)
}

// A name is text, whatever it is made of, and as long as it may be.
func TestNamesAreText(t *testing.T) {
	f := newFake()
	name := `<img src=x onerror=alert(1)>/?#%20 ` + strings.Repeat("long", 50)
	f.planned(time.Now(), target(name, 1, 1, time.Second, 1, 0, 1))
	f.change(func(s *rubber.Status) {
		s.Profiles = []rubber.ProfileStatus{profile(f.plans[0].Targets[0], "<b>bold</b>")}
		s.Problem = "<script>alert(1)</script>"
	})
	origin := f.start(t)
	tab := pagetest.Start(t).Open(t, 360, 780, "dark")
	tab.Visit(origin + "/")
	tab.Wait(`document.querySelector('.object-name').textContent.includes('<img src=x')`)
	tab.Wait(`document.querySelector('.troubles').textContent.includes('<script>')`)
	tab.Wait(`document.documentElement.scrollWidth <= 360`)
	tab.Eval(`document.querySelector('.object-name').click()`, nil)
	tab.Wait(fmt.Sprintf(`document.querySelector('h1').textContent === %q`, name))
	tab.Wait(`document.querySelector('.why-list').textContent.includes('<b>bold</b>') && !document.querySelector('main img, main b b')`)
	tab.Wait(`document.documentElement.scrollWidth <= 360`)
	tab.Check(origin)
}
