package top

import (
	"slices"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"
)

// press takes a key, and says whether it ends the view.
func (m *model) press(k tea.KeyPressMsg) (quit bool) {
	taken, quit := m.Press(k, m.travel)
	switch {
	case taken, m.poll == nil:
	case m.detail != nil:
		m.pressDetail(k)
	default:
		m.pressTables(k)
	}
	return quit
}

// pressTables takes a key while the tables are shown.
func (m *model) pressTables(k tea.KeyPressMsg) {
	switch {
	case key.Matches(k, keyPane):
		m.pane = map[pane]pane{tablePane: alarmPane, alarmPane: tablePane}[m.pane]
	case key.Matches(k, keyFilter):
		m.Filter.Typing, m.pane = true, tablePane
	case key.Matches(k, keyBack):
		m.Filter.Text = ""
	case key.Matches(k, keyKind):
		m.kind = (m.kind + 1) % kinds
	case key.Matches(k, keyTurn):
		m.turned = !m.turned
	case key.Matches(k, keyHost):
		m.open("host", m.poll.Overview.Host.UUID, "")
	case key.Matches(k, keyOpen):
		m.openHere()
	default:
		i := slices.IndexFunc(sortings, func(s sorting) bool { return s.key == k.String() })
		if i >= 0 {
			m.sort, m.turned = &sortings[i], false
			return
		}
		m.travel(k)
	}
}

// travel moves the cursor of the pane that is active.
func (m *model) travel(k tea.KeyPressMsg) {
	var keys []string
	c := &m.table
	if m.pane == alarmPane {
		c = &m.alarm
		for i := range m.alarms {
			keys = append(keys, alarmKey(&m.alarms[i]))
		}
	} else {
		for _, r := range m.visible() {
			keys = append(keys, r.uuid)
		}
	}
	if by, ok := steps(k, max(1, m.Height/2), len(keys)); ok {
		c.Move(keys, by)
	}
}

// openHere shows what the cursor is on in detail.
func (m *model) openHere() {
	if m.pane == alarmPane {
		if i := m.alarm.Index; i < len(m.alarms) {
			v := &m.alarms[i]
			m.open(v.Class, v.UUID, v.Variable)
		}
		return
	}
	if rows := m.visible(); m.table.Index < len(rows) {
		r := rows[m.table.Index]
		m.open(r.class, r.uuid, "")
	}
}
