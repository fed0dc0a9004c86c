package main

// object is one of JSON.
type object = map[string]any

// dashboard is what differs between ours.
type dashboard struct {
	uid, title, description string
	variables               []object
	alarms                  string // which alarms are marked on the time axis: the matchers of perfmon_alarm_state
	sections                []section
	tags                    []string // perfmon and xen, if there are none
	marks                   *object  // what is marked on the time axis instead of alarms
}

// section is a heading with the panels below it, from left to right and top
// to bottom.
type section struct {
	title  string
	folded bool
	panels []panel
}

// schema is the version of the model, that of Grafana 9.0. Later ones turn it
// into their own when they read it; an earlier one would not.
const schema = 36

// source is what every query asks: the data source that is chosen above.
func source() object { return object{"type": "prometheus", "uid": "${datasource}"} }

// width is Grafana's grid.
const width = 24

func (d dashboard) model() object {
	var panels []object
	id, x, y, row := 0, 0, 0, 0 // row: the height of the row of panels that x is in
	place := func(p panel) object {
		if x+p.width > width {
			x, y, row = 0, y+row, 0
		}
		id++
		m := p.model(id, object{"h": p.height, "w": p.width, "x": x, "y": y})
		x, row = x+p.width, max(row, p.height)
		return m
	}
	for _, s := range d.sections {
		x, y, row = 0, y+row, 0
		if s.title != "" {
			id++
			heading := object{"type": "row", "id": id, "title": s.title, "collapsed": s.folded, "gridPos": object{"h": 1, "w": width, "x": 0, "y": y}, "panels": []object{}}
			panels = append(panels, heading)
			y++
			if s.folded {
				inside := []object{}
				below := y
				for _, p := range s.panels {
					inside = append(inside, place(p))
				}
				heading["panels"] = inside
				x, y, row = 0, below, 0
				continue
			}
		}
		for _, p := range s.panels {
			panels = append(panels, place(p))
		}
	}
	return object{
		"uid": d.uid, "title": d.title, "description": d.description, "tags": d.tagged(),
		"schemaVersion": schema, "version": 1, "editable": true, "graphTooltip": 1, "id": nil,
		"refresh": "1m", "time": object{"from": "now-3h", "to": "now"}, "timepicker": object{}, "timezone": "browser",
		"panels":      panels,
		"templating":  object{"list": append([]object{datasourceVariable()}, d.variables...)},
		"annotations": object{"list": []object{d.annotation()}},
		"links": []object{{
			"type": "dashboards", "tags": []string{"perfmon"}, "title": "perfmon", "asDropdown": false,
			"includeVars": true, "keepTime": true, "icon": "external link", "targetBlank": false, "tooltip": "", "url": "",
		}},
	}
}

// tagged are the words by which the dashboard is found.
func (d dashboard) tagged() []string {
	if len(d.tags) > 0 {
		return d.tags
	}
	return []string{"perfmon", "xen"}
}

// names are the objects of all classes with their names.
const names = `(xen_vm_info or xen_host_info or xen_sr_info)`

// annotation marks when alarms fire on the time axis.
func (d dashboard) annotation() object {
	if d.marks != nil {
		return *d.marks
	}
	return object{
		"name": "Alarms", "datasource": source(), "enable": true, "hide": false, "iconColor": "red",
		"expr":        `(max by (instance, class, uuid, variable) (perfmon_alarm_state{state=~"firing|clearing",` + d.alarms + `}) == 1) * on (instance, uuid) group_left (name) ` + names,
		"titleFormat": "{{variable}} of {{class}} {{name}}", "textFormat": "on {{instance}}", "tagKeys": "class,variable",
		"step": "60s", "useValueForTime": false,
	}
}

func datasourceVariable() object {
	return object{
		"name": "datasource", "label": "Prometheus", "type": "datasource", "query": "prometheus", "refresh": 1,
		"regex": "", "hide": 0, "includeAll": false, "multi": false, "options": []object{}, "skipUrlSync": false,
	}
}

// choice is a variable of which none, one or more values can be chosen, all
// to begin with. The pattern takes its text and its value from what the query
// gives: series as name{label="value",…}, labels in the order of the alphabet.
func choice(name, label, query, pattern string) object {
	return object{
		"name": name, "label": label, "type": "query", "datasource": source(), "definition": "query_result(" + query + ")",
		"query": object{"qryType": 3, "query": "query_result(" + query + ")", "refId": "PrometheusVariableQueryEditor-VariableQuery"},
		"regex": pattern, "refresh": 2, "sort": 5, "hide": 0, "multi": true, "includeAll": true, "allValue": ".+",
		"current": object{"selected": true, "text": []string{"All"}, "value": []string{"$__all"}}, "options": []object{}, "skipUrlSync": false,
	}
}

// hostVariable chooses agents by the names of their hosts.
func hostVariable() object {
	return choice("host", "Host", "xen_host_info", `/instance="(?<value>[^"]+)".*[,{]name="(?<text>[^"]+)"/`)
}

// vmVariable chooses VMs of the hosts by name: the first to begin with, since
// the details of all of them at once show nothing.
func vmVariable() object {
	v := choice("vm", "VM", `xen_vm_info{instance=~"$host"}`, `/[,{]name="(?<text>[^"]+)".*[,{]uuid="(?<value>[^"]+)"/`)
	v["includeAll"] = false
	delete(v, "allValue")
	delete(v, "current")
	return v
}

// srVariable chooses SRs of the hosts by name. Its value is how the uuid
// begins, as hosts name SRs.
func srVariable() object {
	return choice("sr", "SR", `xen_sr_info{instance=~"$host"}`, `/[,{]name="(?<text>[^"]+)".*[,{]uuid="(?<value>[^"]{8})/`)
}

// numberVariable chooses one of some words.
func numberVariable(name, label string, words ...string) object {
	options, query := []object{}, ""
	for i, w := range words {
		options = append(options, object{"selected": i == 0, "text": w, "value": w})
		if i > 0 {
			query += ","
		}
		query += w
	}
	return object{
		"name": name, "label": label, "type": "custom", "query": query, "options": options, "current": options[0],
		"hide": 0, "includeAll": false, "multi": false, "skipUrlSync": false,
	}
}
