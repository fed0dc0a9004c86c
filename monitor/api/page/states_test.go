//go:build browser

package page_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"perfmon/alarm"
	"perfmon/monitor/api/page/pagetest"
)

// Where there is nothing, the page says so, and what one could do.
func TestEmptyStates(t *testing.T) {
	f := newFake()
	origin := f.start(t)
	tab := pagetest.Start(t).Open(t, 1280, 900, "light")
	tab.Forgive = func(e string) bool { return strings.Contains(e, "404") } // of the object that is not there
	tab.Visit(origin + "/")
	tab.Wait(`document.querySelector('.calm b').textContent === 'No triggers:' && document.querySelectorAll('.alarm').length === 0`)
	tab.Wait(`[...document.querySelectorAll('section')].filter((s) => s.querySelector('.sorted')).every((s) => s.hidden)`)
	tab.Visit(origin + "/#/history")
	tab.Wait(`document.querySelector('main').textContent.includes('No alarm has said anything yet')`)
	tab.Visit(origin + "/#/wall")
	tab.Wait(`document.querySelector('.wall-verdict').textContent === 'No triggers'`)
	tab.Visit(origin + "/#/vm/" + uuidOf(6))
	tab.Wait(`document.querySelector('main').textContent.includes('no such object') && document.querySelectorAll('figure').length === 0`)

	f.mu.Lock()
	f.vms, f.young = 7, "1y"
	f.mu.Unlock()
	tab.Visit(origin + "/#/vm/" + uuidOf(5) + "?span=1y")
	tab.Wait(`document.querySelector('.plot-section .empty').textContent.startsWith('The archive has no rows of this time yet')`)
	tab.Wait(`document.querySelector('table.variables').getClientRects().length === 0 && document.querySelector('main').textContent.includes('No triggers: nothing is watched here.')`)
	if n := tab.Text(`[...document.querySelectorAll('.scroll')].filter((e) => e.getClientRects().length).length`); n != "0" {
		t.Errorf("%s frames of tables that are not there", n)
	}
	tab.Eval(`document.querySelector('.spans input[value="10m"]').click()`, nil)
	tab.Wait(`document.querySelectorAll('figure').length > 3 && document.querySelector('.plot-section .empty').hidden`)
	tab.Eval(`(() => { const i = document.querySelector('input[type=search]'); i.value = 'nonesuch'; i.dispatchEvent(new Event('input')) })()`, nil)
	tab.Wait(`document.querySelector('.plot-section .empty').textContent.includes('“nonesuch”') && document.querySelectorAll('figure').length === 0`)
	tab.Check(origin)
}

// An agent whose line is open, and which says nothing on it, is missed.
func TestAgentFallsSilent(t *testing.T) {
	f, origin, tab := night(t, 1280, 900)
	tab.Visit(origin + "/")
	tab.Wait(`document.querySelectorAll('.alarm').length === 6 && document.querySelector('#banner').hidden`)
	tab.Eval(`window.shift = 0; { const real = Date.now; Date.now = () => real.call(Date) + window.shift }`, nil)
	tab.Eval(`window.shift = 25000`, nil)
	f.poll()
	tab.Wait(`document.querySelector('#pulse').dataset.state === 'live' && document.querySelector('#banner').hidden`)
	tab.Eval(`window.shift += 31000`, nil)
	tab.Wait(`document.querySelector('#banner').textContent.includes('has fallen silent') && !document.querySelector('#banner').hidden && document.documentElement.classList.contains('stale')`)
	tab.Eval(`location.hash = '#/wall'`, nil)
	tab.Wait(`document.querySelector('.wall-verdict').textContent.startsWith('No data since ')`)
	f.poll()
	tab.Wait(`document.querySelector('.wall-verdict').textContent === '3 critical' && document.querySelector('#banner').hidden`)
	tab.Check(origin)
}

// A tab that nobody sees holds no line. What it has missed is a gap in the
// small pictures where the agent does not know it any more.
func TestHiddenTab(t *testing.T) {
	f, origin, tab := night(t, 1280, 900)
	tab.Visit(origin + "/")
	tab.Wait(`document.querySelectorAll('.alarm').length === 6`)
	for range 4 {
		before := tab.Text(`document.querySelector('#pulse').textContent`)
		f.poll()
		tab.Wait(fmt.Sprintf(`document.querySelector('#pulse').textContent !== %q`, before))
	}
	const runs = `(document.querySelector('[data-tile=disk] .line').getAttribute('d').match(/M/g) || []).length`
	if n := tab.Text(runs); n != "1" {
		t.Errorf("the line of storage is in %s parts before anything was missed", n)
	}
	hide := func(hidden bool) {
		tab.Eval(fmt.Sprintf(`Object.defineProperty(document, 'hidden', { configurable: true, value: %t }); document.dispatchEvent(new Event('visibilitychange'))`, hidden), nil)
	}
	watched := func() int {
		f.mu.Lock()
		defer f.mu.Unlock()
		return len(f.watchers)
	}
	if watched() != 1 {
		t.Errorf("%d lines are open", watched())
	}
	hide(true)
	f.waitFor(t, "the line is closed", func() bool { return len(f.watchers) == 0 })
	f.mu.Lock()
	f.now += 60
	f.mu.Unlock()
	hide(false)
	f.waitFor(t, "the line is open", func() bool { return len(f.watchers) == 1 })
	tab.Wait(runs + ` === 2`)
	tab.Wait(strings.ReplaceAll(runs, "disk", "cpu") + ` === 1`) // the agent has the rows of that one
	f.poll()
	tab.Wait(`document.querySelector('#pulse').dataset.state === 'live' && document.querySelector('#banner').hidden`)
	tab.Check(origin)
}

// Names as long as the toolstack lets them be push nothing out of the window.
func TestLongNames(t *testing.T) {
	for _, width := range []int{1280, 360} {
		f, origin, tab := night(t, width, 800)
		long := f.ref(15)
		f.raise(variable(long, "cpu_usage", "firing", alarm.Critical, f.now, some(0.99), 0.85, "cpu0"))
		f.mu.Lock()
		f.host.Name = longName
		f.mu.Unlock()
		vm := "#/vm/" + long.UUID
		for view, ready := range map[string]string{
			"":                `document.querySelectorAll('.alarm').length === 7 && document.querySelectorAll('.sorted tbody tr').length > 10`,
			"#/history":       `document.querySelectorAll('table.history tbody tr').length > 10`,
			"#/wall":          `document.querySelectorAll('.alarm').length > 3`,
			vm:                `document.querySelector('.u-wrap') && document.querySelector('table.variables tbody tr')`,
			vm + "/cpu_usage": `document.querySelector('.u-wrap') && document.querySelector('.explain')`,
		} {
			tab.Visit(origin + "/" + view)
			tab.Wait(ready + ` && document.body.textContent.includes('Wolfsbarsch')`)
			var wide float64
			tab.Eval(`document.documentElement.scrollWidth`, &wide)
			if wide > float64(width) {
				t.Errorf("%q is %v wide in a window of %d", view, wide, width)
			}
			var tall float64
			tab.Eval(`Math.max(0, ...[...document.querySelectorAll('tbody tr, .alarm, .lanes li, .bar, .wall-clock')].map((e) => e.offsetHeight))`, &tall)
			if tall > 200 {
				t.Errorf("%q in a window of %d has a row, an alarm or a heading that is %v high", view, width, tall)
			}
		}
		tab.Check(origin)
	}
}

// 500 VMs: the first of them in the table, all in the map, and a poll makes no
// row anew.
func TestManyObjects(t *testing.T) {
	f, origin, tab := night(t, 1280, 900)
	f.mu.Lock()
	f.vms = 500
	f.mu.Unlock()
	tab.Visit(origin + "/")
	tab.Wait(`document.querySelectorAll('.vmmap a').length === 500 && document.querySelector('.sorted .count').textContent === '500 VMs'`)
	tab.Wait(`document.querySelectorAll('.sorted')[0].querySelectorAll('tbody tr').length === 25`)
	tab.Eval(`document.querySelectorAll('.sorted')[0].querySelector('.more').click()`, nil)
	tab.Wait(`document.querySelectorAll('.sorted')[0].querySelectorAll('tbody tr').length === 500`)
	tab.Eval(`document.querySelectorAll('.sorted')[0].querySelectorAll('tbody tr').forEach((r) => { r.mark = true })`, nil)
	before := tab.Text(`document.querySelector('#pulse').textContent`)
	f.poll()
	tab.Wait(fmt.Sprintf(`document.querySelector('#pulse').textContent !== %q`, before))
	if n := tab.Text(`[...document.querySelectorAll('.sorted')[0].querySelectorAll('tbody tr')].filter((r) => r.mark).length`); n != "500" {
		t.Errorf("after a poll %s of 500 rows are the same", n)
	}
	tab.Check(origin)
}

// Who wants no motion gets none.
func TestReducedMotion(t *testing.T) {
	_, origin, tab := night(t, 1280, 900)
	tab.Visit(origin + "/")
	const moves = `getComputedStyle(document.querySelector('#pulse i')).animationName`
	tab.Wait(`document.querySelector('#pulse').dataset.state === 'live' && ` + moves + ` === 'beat'`)
	tab.Media("prefers-reduced-motion", "reduce")
	tab.Wait(moves + ` === 'none'`)
	tab.Wait(`[...document.querySelectorAll('*')].every((e) => getComputedStyle(e).animationName === 'none' && ['all', 'none'].includes(getComputedStyle(e).transitionProperty) && parseFloat(getComputedStyle(e).transitionDuration) === 0)`)
	tab.Check(origin)
}

// An agent of another version than the page asks for the page to be loaded
// again.
func TestOtherVersion(t *testing.T) {
	f, origin, tab := night(t, 1280, 900)
	f.mu.Lock()
	f.version = "2.0"
	f.mu.Unlock()
	tab.Visit(origin + "/")
	tab.Wait(`document.querySelector('#banner').textContent === 'The agent is 2.0 now, this page is of 1.0: reload it.' && !document.querySelector('#banner').hidden`)
	tab.Check(origin)
}

// How long an alarm has been there goes by the agent's clock, and not by the
// reader's.
func TestClocksDiffer(t *testing.T) {
	f := newFake()
	f.vms, f.now = 20, f.now-7200
	f.scenario(13)
	origin := f.start(t)
	tab := pagetest.Start(t).Open(t, 1280, 900, "dark")
	tab.Visit(origin + "/")
	tab.Wait(`document.querySelectorAll('.alarm').length === 6`)
	if age := tab.Text(`document.querySelector('.alarm .age').textContent`); !strings.HasPrefix(age, "3 min ") {
		t.Errorf("an alarm that is 200 s old is said to be %s old", age)
	}
	tab.Check(origin)
}

// The agent says what a value is measured in; where it does not, the name
// tells.
func TestUnits(t *testing.T) {
	f := newFake()
	f.vms = 3
	origin := f.start(t)
	tab := pagetest.Start(t).Open(t, 1280, 900, "dark")
	waiting := variable(f.ref(1), "waiting", "firing", alarm.Critical, f.now, some(12), 8, "queue_length")
	waiting.Unit = "requests"
	f.raise(waiting)
	f.raise(variable(f.ref(1), "vbd_latency", "firing", alarm.Critical, f.now, some(250000), 100000, "vbd_xvda_latency"))
	tab.Visit(origin + "/")
	values := func(selector string) string {
		return `[...document.querySelectorAll('` + selector + `')].map((e) => e.textContent.replaceAll('\u00a0', ' ')).join('|')`
	}
	tab.Wait(values(".alarm .value") + ` === '12 requests|250 ms' && ` + values(".alarm .against") + ` === 'above 8 requests|above 100 ms'`)
	tab.Visit(origin + "/#/vm/" + f.ref(1).UUID)
	tab.Wait(values(".variables .with-gauge") + ` === '12 requests|250 ms' && ` + values(".variables .rule") + ` === 'above 8 requests for 60 s|above 100 ms for 60 s'`)
	tab.Check(origin)
}

// The browser refuses what the policy forbids, whoever tries.
func TestPolicyIsInForce(t *testing.T) {
	_, origin, tab := night(t, 1280, 900)
	tab.Visit(origin + "/")
	tab.Wait(`document.querySelectorAll('.alarm').length === 6`)
	var refused []string
	tab.Eval(`new Promise((done) => {
		const refused = [];
		document.addEventListener('securitypolicyviolation', (e) => {
			refused.push(e.effectiveDirective);
			if (new Set(refused).size === 6) done([...new Set(refused)].sort());
		});
		const add = (tag, name, value) => { const e = document.createElement(tag); e.setAttribute(name, value); document.body.append(e); };
		try { document.body.innerHTML = '<b>'; } catch {}
		add('img', 'src', 'http://127.0.0.1:1/x.png');
		import('http://127.0.0.1:1/x.js').catch(() => {});
		add('p', 'style', 'color: red');
		add('iframe', 'src', location.origin + '/');
		fetch('http://127.0.0.1:1/').catch(() => {});
		setTimeout(() => done([...new Set(refused)].sort()), 10000);
	})`, &refused)
	want := []string{"connect-src", "frame-src", "img-src", "require-trusted-types-for", "script-src-elem", "style-src-attr"}
	if !slices.Equal(refused, want) {
		t.Errorf("refused: %q, want %q", refused, want)
	}
}
