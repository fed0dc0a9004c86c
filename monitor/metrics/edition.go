package metrics

import (
	"slices"
	"strings"
	"time"

	"perfmon/monitor"
)

// grace is how much older than two steps a row may be before its series
// leave the page: the time that a poll and a slow toolstack take.
const grace = 30 * time.Second

// ahead is how far our clock may be behind the rows' before they are taken for
// another clock's mistake.
const ahead = time.Hour

// fresh says whether the newest row still tells how things are.
func fresh(s *monitor.Snapshot, now time.Time) bool {
	if s.Legend == nil || s.Row.Values == nil {
		return false
	}
	limit := 2*time.Duration(s.Step)*time.Second + grace
	age := now.Sub(time.Unix(s.Row.T, 0))
	return -ahead <= age && age <= limit
}

// edition is what a page is printed from: the sheets with the values of one
// snapshot. It is not changed once made.
type edition struct {
	passages []passage // by the names of their families
}

// passage is a family on the page.
type passage struct {
	span
	sheet  *sheet
	values values
}

// press has all names ready and makes editions. Its user sees to it that it
// has one task at a time.
type press struct {
	mapping  *mapping
	objects  objectFamilies
	triggers alarmFamilies

	rows   *rows
	facts  *facts
	alarms *alarms
}

func newPress() *press {
	m := mustMapping()
	return &press{mapping: m, objects: newObjectFamilies(m), triggers: newAlarmFamilies()}
}

// edition is that of a snapshot. Names are made again only where what they
// are made of is another. With fresh false the row is unknown.
func (p *press) edition(s *monitor.Snapshot, fresh bool) *edition {
	p.forget(s)
	if p.rows == nil {
		p.rows = newRows(s.Legend, p.mapping)
	}
	if p.facts == nil {
		p.facts = newFacts(s.Inventory, p.rows, p.objects)
	}
	if p.alarms == nil {
		p.alarms = newAlarms(s, p.triggers)
	}
	var values row
	if fresh {
		values = s.Row.Values
	}
	e := &edition{}
	e.add(p.rows.sheet, values)
	e.add(p.facts.sheet, factValues{p.facts.known, values})
	e.add(p.alarms.sheet, alarmValues{p.alarms, s.Variables, fresh})
	slices.SortFunc(e.passages, func(x, y passage) int { return strings.Compare(x.family.name, y.family.name) })
	return e
}

// forget lets go of the names that are no use for a snapshot.
func (p *press) forget(s *monitor.Snapshot) {
	if p.rows != nil && p.rows.legend != s.Legend {
		p.rows = nil
	}
	if p.facts != nil && (p.facts.rows != p.rows || p.facts.inventory != s.Inventory) {
		p.facts = nil
	}
	if p.alarms != nil && !p.alarms.fit(s) {
		p.alarms = nil
	}
}

// forgetAll lets go of all names.
func (p *press) forgetAll() { p.rows, p.facts, p.alarms = nil, nil, nil }

func (e *edition) add(s *sheet, v values) {
	for _, span := range s.spans {
		e.passages = append(e.passages, passage{span, s, v})
	}
}
