//go:build browser

package page_test

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"perfmon/alarm"
	"perfmon/monitor/api/page/pagetest"
)

// night is a fake with 200 VMs and alarms, and a tab on its first view.
func night(t *testing.T, width, height int) (f *fake, origin string, tab *pagetest.Tab) {
	t.Helper()
	f = newFake()
	f.vms = 200
	f.scenario(13)
	origin = f.start(t)
	return f, origin, pagetest.Start(t).Open(t, width, height, "dark")
}

// readback is what the browser says when a test reads pixels; the page does
// not.
func readback(complaint string) bool {
	return strings.Contains(complaint, "Multiple readback operations")
}

// Each view is shown, by links and by addresses.
func TestEveryView(t *testing.T) {
	f, origin, tab := night(t, 1280, 900)
	vm := f.ref(6)
	tab.Visit(origin + "/")
	tab.Wait(`document.querySelectorAll('.alarm').length === 6`)
	tab.Wait(`document.querySelector('.tile b').textContent.endsWith('%')`)
	tab.Wait(`document.querySelectorAll('.vmmap a').length === 200`)
	tab.Wait(`document.title.startsWith('(4) xcp-1')`)

	// To the history, by its link; from there to a variable.
	tab.Eval(`document.querySelector('nav a[data-view=history]').click()`, nil)
	tab.Wait(`document.querySelectorAll('.lanes rect').length > 3 && document.querySelectorAll('table.history tbody tr').length > 10`)
	tab.Eval(`[...document.querySelectorAll('table.history a')].find((a) => a.textContent === 'cpu_usage').click()`, nil)
	tab.Wait(`location.hash.endsWith('/cpu_usage') && document.querySelector('.verdict b').textContent === 'critical'`)
	tab.Wait(`document.querySelectorAll('.u-wrap').length === 1 && document.querySelector('.explain dl').textContent.includes('triggers/vm.xml:13:5')`)
	// What waits for a sink is not told, whatever the sink was told before.
	for _, want := range []string{
		"xapi told", "alertmanager not told yet: 2 events wait since", "; it takes nothing at present, and is tried again at",
		"webhook not told: its filter leaves this alarm out", "nats not told: it has refused what was said last", "journald not told: it was held back when it was said",
		"above 85 % for 1 min; warning when it is above 75 % for as long; cleared when it is 60 % or below for 2 min; no data when it is unknown for 5 min; after an alarm quiet",
	} {
		tab.Wait(fmt.Sprintf(`document.querySelector('.explain dl').textContent.includes(%q)`, want))
	}
	// What counts towards the next alarm is not for how long this one has been.
	tab.Wait(`![...document.querySelectorAll('.explain dt')].some((term) => term.textContent === 'bad for')`)

	// To the object.
	tab.Eval(`document.querySelector('.subtitle a').click()`, nil)
	tab.Wait(`document.querySelector('h1').textContent === ` + fmt.Sprintf("%q", vm.Name) + ` && document.querySelectorAll('.u-wrap').length > 1`)
	tab.Wait(`document.querySelectorAll('table.variables tbody tr').length === 2`)
	for _, span := range []string{"2h", "1w", "1y"} {
		tab.Eval(fmt.Sprintf(`document.querySelector('.spans input[value="%s"]').click()`, span), nil)
		tab.Wait(fmt.Sprintf(`(() => { const x = document.querySelector('figure').plot.scales.x; return x.max - x.min === %d })()`, spans[span][1]))
	}
	tab.Wait(`location.hash.endsWith('?span=1y')`)

	tab.Visit(origin + "/#/host")
	tab.Wait(`document.querySelector('h1').textContent === 'xcp-1' && document.querySelector('.u-wrap')`)
	tab.Wait(`document.querySelector('nav a[aria-current=page]').textContent === 'Host'`)
	tab.Visit(origin + "/#/wall")
	tab.Wait(`document.querySelector('.wall-verdict').textContent === '3 critical' && getComputedStyle(document.querySelector('header')).display === 'none'`)
	tab.Press("Escape")
	tab.Wait(`location.hash === '#/' && document.querySelectorAll('.alarm').length === 6`)
	tab.Visit(origin + "/#/no/such")
	tab.Wait(`document.querySelector('main').textContent.includes('There is no such view')`)
	tab.Check(origin)
}

// While the rows of another span are asked for, those that are to be seen are
// marked as not of it; and when there are none to be had, they go.
func TestAnotherSpan(t *testing.T) {
	f, origin, tab := night(t, 1280, 900)
	tab.Forgive = func(e string) bool { return strings.Contains(e, "503") }
	tab.Visit(origin + "/#/vm/" + f.ref(6).UUID)
	tab.Wait(`document.querySelector('figure')?.plot && !document.querySelector('.plots').hasAttribute('aria-busy')`)
	tab.Eval(`{ const real = window.fetch; window.fetch = (url, o) => !String(url).includes('span=1w') ? real(url, o) : new Promise((answer) => {
		window.release = () => real(url, o).then(answer); window.refuse = () => answer(new Response('{"error": "no answer"}', { status: 503 })) }) }`, nil)
	ask := func() {
		tab.Eval(`delete window.release; document.querySelector('.spans input[value="1w"]').click()`, nil)
		tab.Wait(`window.release && document.querySelector('.plots').hasAttribute('aria-busy') && getComputedStyle(document.querySelector('.plots')).opacity < 1`)
	}
	ask()
	tab.Eval(`window.release()`, nil)
	tab.Wait(`!document.querySelector('.plots').hasAttribute('aria-busy') && (() => { const x = document.querySelector('figure').plot.scales.x; return x.max - x.min === 7 * 86400 })()`)
	tab.Eval(`document.querySelector('.spans input[value="2h"]').click()`, nil)
	tab.Wait(`!document.querySelector('.plots').hasAttribute('aria-busy')`)
	ask()
	tab.Eval(`window.refuse()`, nil)
	tab.Wait(`document.querySelectorAll('figure').length === 0 && document.querySelector('.plot-section .empty').textContent.startsWith('No plots: ')`)
	tab.Check(origin)
}

// An alarm appears, and one goes, without the page being loaded again.
func TestAlarmAppears(t *testing.T) {
	f := newFake()
	f.vms = 3
	origin := f.start(t)
	tab := pagetest.Start(t).Open(t, 1280, 900, "dark")
	tab.Visit(origin + "/")
	tab.Wait(`document.querySelector('.calm') && document.querySelector('.calm').textContent.includes('No triggers')`)
	tab.Eval(`window.same = true`, nil)

	f.raise(variable(f.ref(1), "cpu_usage", "firing", alarm.Critical, f.now, some(0.99), 0.85, "cpu0"))
	tab.Wait(`document.querySelectorAll('.alarm').length === 1 && document.querySelector('.alarm .value').textContent === '99 %'`)
	tab.Wait(`document.querySelector('#announce').textContent.includes('cpu_usage: raised')`)
	tab.Wait(`document.title.startsWith('(1)') && document.querySelector('#icon').href.endsWith('icon-alarm.svg')`)
	tab.Wait(`document.querySelectorAll('.vmmap a')[1].dataset.tone === 'critical'`)

	f.mu.Lock()
	f.variables[0].State, f.variables[0].Severity, f.variables[0].Value = "inactive", "", some(0.2)
	f.mu.Unlock()
	f.poll()
	tab.Wait(`document.querySelectorAll('.alarm').length === 0 && document.querySelector('.calm').textContent.includes('Nothing fires. 1 variable is watched')`)
	if tab.Text(`window.same`) != "true" {
		t.Error("the page was loaded again")
	}
	tab.Check(origin)
}

// The agent goes away, and the page says since when; it comes back, and the
// page goes on.
func TestAgentIsAway(t *testing.T) {
	f, origin, tab := night(t, 1280, 900)
	tab.Forgive = func(e string) bool {
		return strings.Contains(e, "503") || strings.Contains(e, "ERR_INCOMPLETE_CHUNKED_ENCODING")
	}
	tab.Visit(origin + "/")
	tab.Wait(`document.querySelectorAll('.alarm').length === 6 && document.querySelector('#banner').hidden`)
	f.goAway()
	tab.Wait(`!document.querySelector('#banner').hidden && document.querySelector('#banner').textContent.startsWith('No data since ')`)
	if got := tab.Text(`document.querySelector('#banner').textContent`); !strings.Contains(got, "does not answer") {
		t.Errorf("the banner: %s", got)
	}
	// The browser tries by itself, and no more after an answer that is none:
	// then it is the page that goes on.
	f.waitFor(t, "the page tries again after a refusal", func() bool { return f.refused > 1 })
	f.comeBack()
	tab.Wait(`document.querySelector('#banner').hidden && document.querySelector('#pulse').dataset.state === 'live'`)

	// An agent that is there but has no rows says why itself.
	f.mu.Lock()
	f.state, f.trouble = "trouble", "xapi: connection refused"
	f.mu.Unlock()
	f.poll()
	tab.Wait(`document.querySelector('#banner').textContent.includes('xapi: connection refused')`)
	tab.Check(origin)
}

// What is drawn is what the agent said: every known value, gaps where it is
// unknown, and the pixels of the line.
func TestPlotShowsKnownSeries(t *testing.T) {
	f, origin, tab := night(t, 1280, 900)
	tab.Forgive = readback
	tab.Visit(origin + "/#/vm/" + f.ref(6).UUID)
	tab.Wait(`document.querySelectorAll('figure').length > 3`)
	tab.Eval(`document.querySelector('input[type=search]').focus()`, nil)
	tab.Eval(`(() => { const i = document.querySelector('input[type=search]'); i.value = 'known'; i.dispatchEvent(new Event('input')) })()`, nil)
	tab.Wait(`document.querySelectorAll('figure').length === 1 && document.querySelector('figure').plot`)
	var data [2][]*float64
	tab.Eval(`document.querySelector('figure').plot.data.map((column) => Array.from(column))`, &data)
	if len(data[0]) != 120 || len(data[1]) != 120 {
		t.Fatalf("%d times and %d values, want 120 of each", len(data[0]), len(data[1]))
	}
	for k, got := range data[1] {
		want := knownLine(k)
		switch {
		case math.IsNaN(want) != (got == nil):
			t.Errorf("value %d is %v, want %v", k, got, want)
		case got != nil && math.Abs(*got-want) > 1e-9:
			t.Errorf("value %d is %v, want %v", k, *got, want)
		}
	}
	// The line rises: of its pixels in the first and the last column, the
	// last are higher. In the gap there are none.
	var pixels struct{ First, Gap, Last int }
	tab.Eval(`(() => {
		const u = document.querySelector('figure').plot, c = u.ctx;
		const probe = document.createElement('i'); probe.style.color = 'var(--line-0)'; document.body.append(probe);
		const [r, g, b] = getComputedStyle(probe).color.match(/[0-9.]+/g).map(Number);
		const row = (k) => { // the highest pixel of the line's colour at the k-th value; -1 for none
			const x = Math.round(u.valToPos(u.data[0][k], 'x', true));
			const d = c.getImageData(x, 0, 1, u.bbox.top + u.bbox.height).data;
			for (let y = 0; y < d.length / 4; y++) if (Math.abs(d[4*y] - r) + Math.abs(d[4*y+1] - g) + Math.abs(d[4*y+2] - b) < 60 && d[4*y+3] > 200) return y;
			return -1;
		};
		return { First: row(5), Gap: row(45), Last: row(115) };
	})()`, &pixels)
	if pixels.First < 0 || pixels.Last < 0 || pixels.First <= pixels.Last || pixels.Gap >= 0 {
		t.Errorf("pixels of the line: %+v; want the last above the first and none in the gap", pixels)
	}
	tab.Check(origin)
}

// The trigger's level is a line over the whole plot, and alarms stand on the
// time axis.
func TestLevelsAndAlarmsAreDrawn(t *testing.T) {
	f, origin, tab := night(t, 1280, 900)
	tab.Forgive = readback
	tab.Visit(origin + "/#/vm/" + f.ref(6).UUID + "/cpu_usage")
	tab.Wait(`document.querySelector('figure') && document.querySelector('figure').plot`)
	var seen struct{ Level, Elsewhere, Mark int }
	tab.Eval(`(() => {
		const u = document.querySelector('figure').plot, c = u.ctx;
		const probe = document.createElement('i'); probe.style.color = 'var(--critical)'; document.body.append(probe);
		const [r, g, b] = getComputedStyle(probe).color.match(/[0-9.]+/g).map(Number);
		const count = (x, y, w, h) => {
			const d = c.getImageData(x, y, w, h).data; let n = 0;
			for (let i = 0; i < d.length; i += 4) if (Math.abs(d[i] - r) + Math.abs(d[i+1] - g) + Math.abs(d[i+2] - b) < 60 && d[i+3] > 150) n++;
			return n;
		};
		const y = Math.round(u.valToPos(0.85, 'y', true)), low = Math.round(u.valToPos(0.1, 'y', true));
		return { Level: count(u.bbox.left, y - 2, u.bbox.width, 5), Elsewhere: count(u.bbox.left, low - 2, u.bbox.width, 5), Mark: count(u.bbox.left, u.bbox.top + u.bbox.height - 5, u.bbox.width, 9) };
	})()`, &seen)
	if seen.Level < 100 || seen.Elsewhere != 0 || seen.Mark < 10 {
		t.Errorf("pixels in the colour of critical: %+v; want a line at the level, none elsewhere, marks on the axis", seen)
	}
	tab.Check(origin)
}

// What people call their VMs is text and nothing else.
func TestHostileNameIsText(t *testing.T) {
	f, origin, tab := night(t, 1280, 900)
	for _, view := range []string{"", "#/history", "#/wall", "#/vm/" + f.ref(13).UUID, "#/vm/" + f.ref(13).UUID + "/network_usage"} {
		tab.Visit(origin + "/" + view)
		tab.Wait(`document.body.textContent.includes('<img src=x onerror=alert(1)> & "co"')`)
		if n := tab.Text(`document.querySelectorAll('img').length`); n != "0" {
			t.Errorf("%q: %s images", view, n)
		}
	}
	tab.Check(origin)
}

// Everything can be reached with the keyboard alone, and one sees where one
// is.
func TestKeyboard(t *testing.T) {
	f, origin, tab := night(t, 1280, 900)
	tab.Visit(origin + "/")
	tab.Wait(`document.querySelectorAll('.alarm').length === 6 && document.querySelectorAll('.sorted tbody tr').length > 10`)
	tab.Press("Tab")
	tab.Wait(`document.activeElement.id === 'skip' && document.activeElement.getBoundingClientRect().top >= 0`)
	tab.Press("Enter")
	tab.Wait(`document.activeElement.id === 'main'`)
	tab.Press("Tab")
	tab.Wait(`document.activeElement.closest('.alarm')`)
	tab.Wait(`getComputedStyle(document.activeElement).outlineStyle !== 'none'`)

	// The focus stays through an update, on the same alarm.
	href := tab.Text(`document.activeElement.getAttribute('href')`)
	before := tab.Text(`document.querySelector('#pulse').textContent`)
	f.poll()
	tab.Wait(fmt.Sprintf(`document.querySelector('#pulse').textContent !== %q`, before))
	if now := tab.Text(`document.activeElement.getAttribute('href')`); now != href {
		t.Errorf("the focus went from %s to %s", href, now)
	}

	// On through the page, until a column's heading; Enter sorts by it.
	for range 40 {
		tab.Press("Tab")
		if tab.Text(`document.activeElement.textContent`) == "VM" {
			break
		}
	}
	tab.Press("Enter")
	tab.Wait(`document.activeElement.closest('th').getAttribute('aria-sort') === 'ascending'`)
	tab.Press("/")
	tab.Wait(`document.activeElement.type === 'search'`)
	for _, c := range "db-07" {
		tab.Press(string(c))
	}
	tab.Wait(`document.querySelectorAll('.sorted')[0].querySelectorAll('tbody tr').length === 1`)
	tab.Eval(`document.querySelector('.sorted tbody a').focus()`, nil)
	tab.Press("Enter")
	tab.Wait(`document.querySelector('h1').textContent === 'db-07'`)
	tab.Check(origin)
}

// focusable are all elements that Tab ought to reach: of radio buttons the
// chosen one, and of the map none, since the table below says the same.
const focusable = `[...document.querySelectorAll('a[href], button, input, select, summary, [tabindex="0"]')].filter((e) => !e.closest('.vmmap') && e.tabIndex >= 0 && e.getClientRects().length && !(e.type === 'radio' && !e.checked))`

// Tab goes through each view from its first element to its last, one after
// the other, is caught nowhere, and what has the focus is seen to have it.
func TestTabOrder(t *testing.T) {
	f := newFake()
	f.vms = 7
	f.scenario(1)
	origin := f.start(t)
	tab := pagetest.Start(t).Open(t, 1280, 900, "dark")
	vm := "#/vm/" + f.ref(6).UUID
	for view, ready := range map[string]string{
		"":                `document.querySelectorAll('.alarm').length === 6 && document.querySelectorAll('.sorted tbody tr').length > 10`,
		"#/history":       `document.querySelectorAll('table.history tbody tr').length > 10`,
		vm:                `document.querySelector('.u-wrap') && document.querySelector('table.variables tbody tr')`,
		vm + "/cpu_usage": `document.querySelector('.u-wrap') && document.querySelector('.explain details') && document.querySelector('table.history')`,
	} {
		tab.Visit(origin + "/about:blank")
		tab.Visit(origin + "/" + view)
		tab.Wait(ready)
		var n int
		// Asked for anew each time: a poll may make rows of tables anew.
		tab.Eval(focusable+`.length`, &n)
		if n < 10 {
			t.Errorf("%q has %d stops", view, n)
		}
		if tab.Text(`[...document.querySelectorAll('.plot')].every((e) => `+focusable+`.includes(e))`) != "true" {
			t.Errorf("%q has plots that Tab does not reach", view)
		}
		for i := range n {
			tab.Press("Tab")
			var at struct {
				Index int
				Seen  bool
				What  string
			}
			tab.Eval(`(() => {
				const e = document.activeElement, drawn = e.type === 'radio' ? e.nextElementSibling : e, s = getComputedStyle(drawn);
				return { Index: `+focusable+`.indexOf(e), Seen: s.outlineStyle !== 'none' && parseFloat(s.outlineWidth) >= 2, What: e.tagName + ' ' + (e.textContent || e.getAttribute('aria-label') || '').slice(0, 30) };
			})()`, &at)
			if at.Index != i {
				t.Errorf("%q: Tab number %d leads to %s, the %dth of %d stops", view, i+1, at.What, at.Index+1, n)
				break
			}
			if !at.Seen {
				t.Errorf("%q: %s has the focus, and nothing is seen of it", view, at.What)
			}
		}
	}
}

// Arrow keys read the values of a plot.
func TestPlotByKeyboard(t *testing.T) {
	f, origin, tab := night(t, 1280, 900)
	tab.Visit(origin + "/#/vm/" + f.ref(6).UUID)
	tab.Wait(`document.querySelector('input[type=search]')`)
	tab.Eval(`(() => { const i = document.querySelector('input[type=search]'); i.value = 'known'; i.dispatchEvent(new Event('input')) })()`, nil)
	tab.Wait(`document.querySelectorAll('figure').length === 1 && document.querySelector('figure').plot`)
	tab.Eval(`document.querySelector('.plot').focus()`, nil)
	reads := func(key, want string) {
		t.Helper()
		tab.Press(key)
		tab.Wait(fmt.Sprintf(`document.querySelector('figure [aria-live]').textContent.endsWith(': known ' + %q) && document.querySelectorAll('.u-legend .u-value')[1].textContent === %q`, want, want))
	}
	reads("ArrowLeft", "0.595 requests") // the newest, at first
	reads("ArrowLeft", "0.59 requests")
	reads("Home", "0 requests")
	reads("ArrowRight", "0.005 requests")
	reads("End", "0.595 requests")
	reads("ArrowRight", "0.595 requests")
	tab.Eval(`document.activeElement.blur()`, nil)
	tab.Wait(`document.querySelector('figure [aria-live]').textContent === '' && document.querySelectorAll('.u-legend .u-value')[1].textContent === '–'`)
	tab.Check(origin)
}

// No view of a phone needs scrolling sideways.
func TestPhone(t *testing.T) {
	f, origin, tab := night(t, 360, 740)
	vm := "#/vm/" + f.ref(6).UUID
	for view, ready := range map[string]string{
		"":                `document.querySelectorAll('.alarm').length === 6 && document.querySelectorAll('.sorted tbody tr').length > 10`,
		"#/history":       `document.querySelectorAll('table.history tbody tr').length > 10`,
		"#/host":          `document.querySelector('.u-wrap')`,
		"#/wall":          `document.querySelectorAll('.alarm').length > 3`,
		vm:                `document.querySelector('.u-wrap') && document.querySelector('table.variables tbody tr')`,
		vm + "/cpu_usage": `document.querySelector('.u-wrap') && document.querySelector('.explain')`,
	} {
		tab.Visit(origin + "/" + view)
		tab.Wait(ready)
		var width float64
		tab.Eval(`document.documentElement.scrollWidth`, &width)
		if width > 360 {
			t.Errorf("%q is %v wide: %s", view, width, tab.Text(`[...document.querySelectorAll('main *')].filter((e) => e.getBoundingClientRect().right > 361 && !e.closest('.scroll')).slice(0, 5).map((e) => e.tagName + '.' + e.getAttribute('class'))`))
		}
		if n := tab.Text(`[...document.querySelectorAll('.scroll')].filter((e) => e.scrollWidth > e.clientWidth + 1).length`); n != "0" {
			t.Errorf("%q has %s tables that are wider than the window", view, n)
		}
	}
	tab.Check(origin)
}

// Dark and light follow the system until the reader chooses, and the choice
// lasts.
func TestTheme(t *testing.T) {
	_, origin, tab := night(t, 1280, 900)
	brightness := `getComputedStyle(document.body).backgroundColor.match(/[0-9.]+/g).slice(0, 3).reduce((a, b) => a + Number(b), 0)`
	tab.Visit(origin + "/")
	tab.Wait(`document.querySelector('#theme').textContent.includes('auto') && ` + brightness + ` < 150`)
	tab.Eval(`document.querySelector('#theme').click(); document.querySelector('#theme').click()`, nil)
	tab.Wait(`document.querySelector('#theme').textContent.includes('light') && ` + brightness + ` > 600`)
	tab.Must("Page.reload", nil, nil)
	tab.Wait(`document.readyState === 'complete' && document.querySelector('#theme').textContent.includes('light') && ` + brightness + ` > 600`)
	tab.Check(origin)
}

// A value that nobody knows is a dash, never a 0.
func TestUnknownIsADash(t *testing.T) {
	f, origin, tab := night(t, 1280, 900)
	tab.Visit(origin + "/")
	tab.Wait(`document.querySelectorAll('.sorted tbody tr').length > 10`)
	tab.Eval(fmt.Sprintf(`(() => { const i = document.querySelector('input[type=search]'); i.value = %q; i.dispatchEvent(new Event('input')) })()`, f.ref(36).UUID), nil)
	tab.Wait(`document.querySelectorAll('.sorted')[0].querySelectorAll('tbody tr').length === 1`)
	if got := tab.Text(`[...document.querySelectorAll('.sorted tbody tr')[0].querySelectorAll('td')].map((d) => d.textContent).join('|')`); got != "|–|–|5 GiB|–|–|–" {
		t.Errorf("the row of a VM that nobody knows about: %s", got)
	}
	if got := tab.Text(`document.querySelector('.alarm[data-tone=nodata] .value').textContent`); got != "–" {
		t.Errorf("the value of an alarm without data: %s", got)
	}
	tab.Check(origin)
}
