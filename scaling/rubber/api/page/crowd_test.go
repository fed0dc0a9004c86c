//go:build browser

package page_test

import (
	"strings"
	"testing"

	"perfmon/monitor/api/page/pagetest"
	"perfmon/scaling/rubber"
)

// Of 20,000 machines a page is asked for and drawn; the others are reached by
// turning pages, by words, by state and by order, and each turn is shown.
func TestTwentyThousandMachines(t *testing.T) {
	f := newFake()
	f.hour(shop...)
	f.crowd(20_000)
	origin := f.start(t)
	tab := pagetest.Start(t).Open(t, 1280, 900, "dark")
	rows := func(so string) string {
		return `(() => { const rows = [...document.querySelectorAll('table.machines tbody tr')], texts = rows.map((r) => r.textContent), place = document.querySelector('.pager .count').textContent, count = document.querySelector('.table-tools .count').textContent; return ` + so + ` })()`
	}
	tab.Visit(origin + "/")
	tab.Wait(`[...document.querySelectorAll('.tile b')].some((b) => b.textContent === '20000 of 21000')`)
	tab.Wait(`[...document.querySelectorAll('.troubles li')].some((x) => x.textContent.includes('thumbnails-19999'))`)
	tab.Visit(origin + "/#/machines")
	tab.Wait(rows(`rows.length === 50 && count === '20000 machines' && place === '1 to 50 of 20000' && texts[0].includes('thumbnails-19999') && texts[0].includes('overdue') && texts[1].includes('No valid host')`))
	tab.Wait(`[...document.querySelectorAll('.table-tools option')].some((o) => o.textContent === 'booting (500)')`)
	if n := tab.Text(`document.querySelectorAll('*').length`); len(n) > 4 {
		t.Errorf("%s elements are drawn", n)
	}
	if asked := tab.Text(`performance.getEntriesByType('resource').map((e) => e.name).filter((n) => n.includes('v1/machines')).join(' ')`); !strings.Contains(asked, "n=50") {
		t.Errorf("asked for %s", asked)
	}
	var told int
	tab.Eval(`(async () => { const r = (await fetch('v1/watch?machines=20')).body.getReader(); let text = ''; for (;;) { text += new TextDecoder().decode((await r.read()).value); if (text.includes('\n\n')) { r.cancel(); return text.indexOf('\n\n'); } } })()`, &told)
	if told < 1000 || told > 200_000 { // 400 hosts and 20 machines
		t.Errorf("a turn is told in %d bytes", told)
	}

	// A page on, and back; a row that stays keeps its element.
	tab.Eval(`document.querySelectorAll('.pager button')[1].click()`, nil)
	tab.Wait(rows(`place === '51 to 100 of 20000' && rows.length === 50`))
	tab.Eval(`window.kept = document.querySelector('table.machines tbody tr')`, nil)
	f.change(func(s *rubber.Status) {
		s.Machines = append([]rubber.MachineStatus{}, s.Machines...)
		s.Machines[100].Overdue = true // it comes to the head, and moves the others on by one
	})
	tab.Wait(rows(`rows[1] === window.kept`))
	tab.Eval(`document.querySelectorAll('.pager button')[0].click()`, nil)
	tab.Wait(rows(`place === '1 to 50 of 20000' && texts[0].includes('encode-00100') && document.querySelectorAll('.pager button')[0].disabled`))

	// By words, typed quickly: the last ones count.
	tab.Press("/")
	for _, key := range "xcp-123" {
		tab.Press(string(key))
	}
	tab.Wait(rows(`count === '50 found' && texts.every((t) => t.includes('xcp-123'))`))
	tab.Eval(`(() => { const f = document.querySelector('input[type=search]'); f.value = 'mail-0007'; f.dispatchEvent(new Event('input')); f.blur() })()`, nil)
	tab.Wait(rows(`count === '2 found' && rows.length === 2 && document.querySelector('.pager').hidden`))
	tab.Eval(`(() => { const f = document.querySelector('input[type=search]'); f.value = 'nobody <b>'; f.dispatchEvent(new Event('input')) })()`, nil)
	tab.Wait(`document.querySelector('.sorted .empty').textContent === 'No machine is like that.' && !document.querySelector('.sorted .empty').hidden`)
	tab.Eval(`(() => { const f = document.querySelector('input[type=search]'); f.value = ''; f.dispatchEvent(new Event('input')) })()`, nil)
	tab.Wait(rows(`rows.length === 50`))

	// By state and by trouble.
	tab.Eval(`(() => { const s = document.querySelector('.table-tools select'); s.value = 'draining'; s.dispatchEvent(new Event('change')) })()`, nil)
	tab.Wait(rows(`count === '500 found' && texts.every((t) => t.includes('draining'))`))
	tab.Eval(`(() => { const s = document.querySelector('.table-tools select'); s.value = ''; s.dispatchEvent(new Event('change')); document.querySelector('.check input').click() })()`, nil)
	tab.Wait(rows(`count === '3 found' && rows.length === 3`))
	tab.Eval(`document.querySelector('.check input').click()`, nil)

	// By a heading, one way and the other.
	tab.Eval(`document.querySelector('th.c-name button').click()`, nil)
	tab.Wait(rows(`texts[0].startsWith('encode-00000') && document.querySelector('th.c-name').getAttribute('aria-sort') === 'ascending'`))
	tab.Eval(`document.querySelector('th.c-name button').click()`, nil)
	tab.Wait(rows(`texts[0].startsWith('thumbnails-19999')`))

	// The last page, of which the machines go.
	tab.Eval(`(() => { const s = document.querySelector('.table-tools select'); s.value = 'warm'; s.dispatchEvent(new Event('change')) })()`, nil)
	for range 9 {
		tab.Eval(`document.querySelectorAll('.pager button')[1].click()`, nil)
	}
	tab.Wait(rows(`place === '451 to 500 of 500' && document.querySelectorAll('.pager button')[1].disabled`))
	f.change(func(s *rubber.Status) { s.Machines = s.Machines[:4000] })
	tab.Wait(rows(`place === '51 to 100 of 100' && count === '100 found'`))

	// A profile's own.
	tab.Visit(origin + "/#/profile/mail")
	tab.Wait(rows(`count === '1000 machines' && rows.length === 50 && texts.every((t) => t.includes('mail-'))`))
	tab.Check(origin)
}

// Storage is told of beside the hosts, that with alarms first.
func TestStorage(t *testing.T) {
	f := newFake()
	f.hour(shop...)
	f.busy()
	origin := f.start(t)
	b := pagetest.Start(t)
	for _, width := range []int{1280, 360} {
		tab := b.Open(t, width, 900, "light")
		tab.Visit(origin + "/#/hosts")
		tab.Wait(`(() => { const rows = [...document.querySelectorAll('table.storage tbody tr')].map((r) => r.textContent); return rows.length === 2 && rows[0].includes('nfs') && rows[0].includes('slow, full') && rows[0].includes('97') && rows[0].includes('184 ms') && rows[0].includes('physical_utilisation of nfs (critical)') && rows[1].includes('fine') })()`)
		tab.Wait(`document.querySelector('table.hosts tbody').textContent.includes('xcp-2') && document.documentElement.scrollWidth <= ` + tab.Text(`innerWidth`))
		tab.Check(origin)
		tab.Close()
	}
}
