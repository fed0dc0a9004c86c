package main

// panel is what differs between the panels of a kind.
type panel struct {
	kind, title, description string
	unit                     string
	width, height            int
	queries                  []query

	low, high *float64 // ends of the axis or gauge
	steps     []step   // thresholds; none: one colour
	mapping   []state  // values that stand for words
	stacked   bool
	below     string   // a pattern of the series that are drawn below the axis
	sorted    string   // of a table: the column, the largest first
	columns   []column // of a table, in order
	whole     bool     // no decimals
	filled    bool     // of a stat: the colour fills the panel
}

// query is one expression. In a legend {{label}} is that label.
type query struct{ expr, legend string }

// step is a threshold: the colour from a value on.
type step struct {
	from  float64
	color string
}

// state is a word for a value, with its colour.
type state struct {
	value       string
	word, color string
}

// column is one of a table. A column of labels has the label's name in field;
// one of values has the letter of its query.
type column struct {
	field, title, unit string
	steps              []step
	mapping            []state
	gauge              bool // a bar as long as the value, from 0 to 1
	width              int
	link               string // where a click leads
}

func to(f float64) *float64 { return &f }

// Limits that more than one panel has: what is a lot, and what is too much.
var (
	ofOne      = []step{{0, "green"}, {0.8, "orange"}, {0.9, "red"}}
	ofMemory   = []step{{0, "green"}, {0.9, "orange"}, {0.97, "red"}}
	ofSpace    = []step{{0, "green"}, {0.85, "orange"}, {0.95, "red"}}
	contention = []step{{0, "green"}, {0.05, "orange"}, {0.1, "red"}}
	latency    = []step{{0, "green"}, {0.02, "orange"}, {0.05, "red"}}
	anyIsBad   = []step{{0, "green"}, {1, "red"}}
	anyIsNews  = []step{{0, "green"}, {1, "orange"}}
)

// plot is lines over time, half as wide as the page.
func plot(title, unit, description string, queries ...query) panel {
	return panel{kind: "timeseries", title: title, unit: unit, description: description, width: 12, height: 8, queries: queries}
}

// stat is one number, with its history behind it.
func stat(title, unit, description string, steps []step, expr string) panel {
	return panel{kind: "stat", title: title, unit: unit, description: description, width: 3, height: 4, steps: steps, queries: []query{{expr, ""}}}
}

// table is a line for each object, as wide as the page.
func table(title, description, sorted string, columns []column, queries ...query) panel {
	return panel{kind: "table", title: title, description: description, width: width, height: 9, sorted: sorted, columns: columns, queries: queries}
}

func (p panel) model(id int, position object) object {
	m := object{
		"id": id, "type": p.kind, "title": p.title, "description": p.description, "gridPos": position, "datasource": source(),
		"targets": p.targets(), "options": p.options(),
		"fieldConfig": object{"defaults": p.defaults(), "overrides": p.overrides()},
	}
	if p.kind == "table" {
		m["transformations"] = p.transformations()
	}
	return m
}

func (p panel) targets() []object {
	out := []object{}
	instant := p.kind == "table" || p.kind == "bargauge"
	for i, q := range p.queries {
		t := object{
			"refId": letter(i), "datasource": source(), "editorMode": "code", "expr": q.expr, "legendFormat": q.legend,
			"instant": instant, "range": !instant, "format": "time_series",
		}
		if p.kind == "table" {
			t["format"] = "table"
		}
		out = append(out, t)
	}
	return out
}

// letter names the i-th query.
func letter(i int) string { return string(rune('A' + i)) }

func (p panel) defaults() object {
	d := object{"color": object{"mode": "palette-classic"}, "mappings": mappings(p.mapping), "thresholds": thresholds(p.steps), "custom": object{}}
	if p.unit != "" {
		d["unit"] = p.unit
	}
	if p.low != nil {
		d["min"] = *p.low
	}
	if p.high != nil {
		d["max"] = *p.high
	}
	if p.whole {
		d["decimals"] = 0
	}
	custom := object{}
	switch p.kind {
	case "timeseries":
		custom = object{
			"drawStyle": "line", "lineWidth": 1, "fillOpacity": 10, "showPoints": "never", "spanNulls": false, "lineInterpolation": "linear",
			"stacking": object{"mode": "none", "group": "A"}, "axisPlacement": "auto", "scaleDistribution": object{"type": "linear"},
			"thresholdsStyle": object{"mode": "off"},
		}
		if p.stacked {
			custom["stacking"], custom["fillOpacity"] = object{"mode": "normal", "group": "A"}, 40
		}
		if len(p.steps) > 0 {
			custom["thresholdsStyle"] = object{"mode": "line"}
		}
	case "state-timeline":
		custom = object{"lineWidth": 0, "fillOpacity": 80}
		d["color"] = object{"mode": "thresholds"}
	case "stat", "bargauge":
		d["color"] = object{"mode": "thresholds"}
	case "table":
		d["color"] = object{"mode": "thresholds"}
		custom = object{"align": "auto", "displayMode": "auto", "filterable": true}
	}
	d["custom"] = custom
	return d
}

func (p panel) overrides() []object {
	out := []object{}
	if p.below != "" {
		out = append(out, override("byRegexp", p.below, object{"id": "custom.transform", "value": "negative-Y"}))
	}
	for _, c := range p.columns {
		var set []object
		property := func(id string, value any) { set = append(set, object{"id": id, "value": value}) }
		if c.unit != "" {
			property("unit", c.unit)
		}
		if c.width > 0 {
			property("custom.width", c.width)
		}
		if len(c.mapping) > 0 {
			property("mappings", mappings(c.mapping))
			property("custom.displayMode", "color-background")
		}
		if len(c.steps) > 0 {
			property("thresholds", thresholds(c.steps))
			property("custom.displayMode", "color-text")
		}
		if c.gauge {
			property("min", 0)
			property("max", 1)
			property("custom.displayMode", "basic")
		}
		if c.link != "" {
			property("links", []object{{"title": c.title + " ${__value.text}", "url": c.link, "targetBlank": false}})
		}
		if len(set) > 0 {
			out = append(out, override("byName", c.title, set...))
		}
	}
	return out
}

func override(how, what string, set ...object) object {
	return object{"matcher": object{"id": how, "options": what}, "properties": set}
}

func thresholds(steps []step) object {
	out := []object{}
	for i, s := range steps {
		one := object{"color": s.color, "value": s.from}
		if i == 0 {
			one["value"] = nil // from the very bottom
		}
		out = append(out, one)
	}
	if len(out) == 0 {
		out = append(out, object{"color": "blue", "value": nil})
	}
	return object{"mode": "absolute", "steps": out}
}

func mappings(states []state) []object {
	if len(states) == 0 {
		return []object{}
	}
	options := object{}
	for i, s := range states {
		options[s.value] = object{"index": i, "text": s.word, "color": s.color}
	}
	return []object{{"type": "value", "options": options}}
}

func (p panel) options() object {
	last := object{"calcs": []string{"lastNotNull"}, "fields": "", "values": false}
	switch p.kind {
	case "timeseries":
		return object{
			"legend":  object{"displayMode": "table", "placement": "bottom", "showLegend": true, "calcs": []string{"mean", "max", "lastNotNull"}, "sortBy": "Max", "sortDesc": true},
			"tooltip": object{"mode": "multi", "sort": "desc"},
		}
	case "stat":
		color := "value"
		if p.filled {
			color = "background"
		}
		return object{"reduceOptions": last, "colorMode": color, "graphMode": "area", "justifyMode": "auto", "orientation": "auto", "textMode": "value"}
	case "bargauge":
		return object{"reduceOptions": last, "displayMode": "basic", "orientation": "horizontal", "showUnfilled": true, "minVizWidth": 8, "minVizHeight": 16}
	case "state-timeline":
		return object{
			"mergeValues": true, "showValue": "never", "alignValue": "left", "rowHeight": 0.9,
			"legend": object{"displayMode": "list", "placement": "bottom", "showLegend": true, "calcs": []string{}}, "tooltip": object{"mode": "single", "sort": "none"},
		}
	default:
		return object{"showHeader": true, "sortBy": []object{{"displayName": p.sorted, "desc": true}}, "footer": object{"show": false, "reducer": []string{"sum"}}}
	}
}

// transformations put the answers of a table's queries into one line for each
// object, and its columns in order.
func (p panel) transformations() []object {
	order, rename := object{}, object{}
	for i, c := range p.columns {
		field := c.field
		if len(field) == 1 {
			if field = "Value"; len(p.queries) > 1 {
				field = "Value #" + c.field
			}
		}
		order[field], rename[field] = i, c.title
	}
	return []object{
		{"id": "merge", "options": object{}},
		{"id": "organize", "options": object{"excludeByName": object{"Time": true}, "indexByName": order, "renameByName": rename}},
	}
}
