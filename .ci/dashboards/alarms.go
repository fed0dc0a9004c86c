package main

// states of an alarm, as numbers for a picture.
var states = []state{{"1", "pending", "yellow"}, {"2", "no data", "purple"}, {"3", "clearing", "orange"}, {"4", "firing", "red"}}

// alarmsDashboard shows what fires, since when, and whether the word of it
// gets out.
func alarmsDashboard() dashboard {
	return dashboard{
		uid: "perfmon-alarms", title: "Xen alarms",
		description: "What the agents' triggers say: what fires now, what fired before, how near the others are, and whether alarms reach those who wait for them.",
		variables: []object{
			hostVariable(),
			choice("class", "Class", `count by (class) (perfmon_alarm_level{instance=~"$host"})`, `/class="(?<value>[^"]+)"/`),
			choice("variable", "Variable", `count by (variable) (perfmon_alarm_level{instance=~"$host",class=~"$class"})`, `/variable="(?<value>[^"]+)"/`),
		},
		alarms: `instance=~"$host",class=~"$class",variable=~"$variable"`,
		sections: []section{
			{panels: alarmsNow()},
			{title: "Over time", panels: alarmsPast()},
			{title: "On their way", panels: alarmsOut()},
		},
	}
}

// chosen are the matchers of the alarms that are shown.
const chosen = `instance=~"$host",class=~"$class",variable=~"$variable"`

// named puts the name of the object on series of any class.
func named(expr string) string {
	return expr + ` * on (instance, uuid) group_left (name) ` + names
}

func alarmsNow() []panel {
	inState := func(title, word, description string, steps []step) panel {
		p := stat(title, "short", description, steps, `sum(perfmon_alarm_state{`+chosen+`,state=~"`+word+`"})`)
		p.whole = true
		return p
	}
	count := func(title, description, expr string, steps []step) panel {
		p := stat(title, "short", description, steps, expr)
		p.whole = true
		return p
	}
	fires := inState("Firing", "firing|clearing", "Those that clear still fire.", anyIsBad)
	fires.filled = true
	return []panel{
		fires,
		inState("Pending", "pending", "Bad, but not for their period yet.", anyIsNews),
		inState("No data", "nodata", "Nobody has known their value for their nodata period.", anyIsNews),
		count("Watched", "Trigger variables in force.", `sum(perfmon_variables{instance=~"$host"})`, []step{{0, "blue"}}),
		count("Config errors", "Errors in trigger configurations: what is wrong is not watched.", `sum(perfmon_config_errors{instance=~"$host"}) or vector(0)`, anyIsBad),
		count("Silences", "In force.", `sum(perfmon_silences{instance=~"$host"})`, anyIsNews),
		count("Muted objects", "Objects in maintenance, or whose host speaks for them.", `sum(perfmon_muted_objects{instance=~"$host"}) or vector(0)`, anyIsNews),
		count("Agents that answer", "Of those in Prometheus's job perfmon.", `sum(up{job="perfmon",instance=~"$host"})`, []step{{0, "red"}, {1, "green"}}),
		table("Alarms that are not quiet", "Everything that fires, is pending, clears or has no data. Value and level are in the unit of the data source, which a trigger compares with.", "State", []column{
			{field: "name", title: "Object"},
			{field: "class", title: "Class"},
			{field: "variable", title: "Variable"},
			{field: "A", title: "State", mapping: states},
			{field: "B", title: "Value"},
			{field: "C", title: "Level"},
			{field: "instance", title: "Agent", link: toHost},
			{field: "uuid", title: "UUID"},
		},
			query{`max by (instance, class, uuid, variable, name) (` + named(loud) + `)`, ""},
			query{`max by (instance, class, uuid, variable, name) (` + named(`(perfmon_alarm_value{`+chosen+`} and on (instance, class, uuid, variable) `+loud+`)`) + `)`, ""},
			query{`max by (instance, class, uuid, variable, name) (` + named(`(perfmon_alarm_level{`+chosen+`} and on (instance, class, uuid, variable) `+loud+`)`) + `)`, ""},
		),
	}
}

// loud is a number, the more urgent the larger, for the state of every variable that is not inactive.
const loud = `(max without (state) (` +
	`(perfmon_alarm_state{` + chosen + `,state="pending"} == 1)` +
	` or (perfmon_alarm_state{` + chosen + `,state="nodata"} == 1) * 2` +
	` or (perfmon_alarm_state{` + chosen + `,state="clearing"} == 1) * 3` +
	` or (perfmon_alarm_state{` + chosen + `,state="firing"} == 1) * 4))`

func alarmsPast() []panel {
	life := panel{kind: "state-timeline", title: "The life of alarms", width: width, height: 10, mapping: states, queries: []query{{named(loud), "{{name}} {{variable}}"}},
		description: "One line for each variable that was not quiet all the time. Where there is no colour it was inactive."}
	near := plot("How near", "percentunit", "The value as a share of its level: the line at 100 % is the level. Above it is the bad side, or for a low level (free memory) below it. What is more than twice the level is cut off.",
		query{named(`(perfmon_alarm_value{` + chosen + `} / on (instance, class, uuid, variable) (perfmon_alarm_level{` + chosen + `} != 0))`), "{{name}} {{variable}}"})
	near.width, near.height, near.low, near.high, near.steps = width, 10, to(0), to(2), []step{{0, "green"}, {1, "red"}}
	values := plot("Value and level", "none", "In the unit of the data source. Choose one variable to see it well: different variables have different units.",
		query{named(`perfmon_alarm_value{` + chosen + `}`), "{{name}} {{variable}}"},
		query{named(`perfmon_alarm_level{` + chosen + `}`), "{{name}} {{variable}} level"})
	raised := plot("Raised and repeated", "short", "In the hour before, by variable.",
		query{`sum by (class, variable) (increase(perfmon_alarms_total{` + chosen + `}[1h]))`, "{{class}} {{variable}}"})
	raised.low = to(0)
	return []panel{life, near, values, raised}
}

func alarmsOut() []panel {
	queued := plot("Waiting", "short", "Events that wait for a sink.", query{`perfmon_sink_queued{instance=~"$host"}`, "{{instance}} {{sink}}"})
	queued.low = to(0)
	oldest := plot("Waiting for", "s", "How long the oldest of them has waited.", query{`perfmon_sink_oldest_age_seconds{instance=~"$host"}`, "{{instance}} {{sink}}"})
	oldest.low, oldest.steps = to(0), []step{{0, "green"}, {900, "red"}}
	sent := plot("Delivered and lost", "short", "In the hour before. What is dropped never arrives.",
		query{`sum by (instance, sink) (increase(perfmon_sink_sent_total{instance=~"$host"}[1h]))`, "{{instance}} {{sink}} sent"},
		query{`sum by (instance, sink) (increase(perfmon_sink_retried_total{instance=~"$host"}[1h]))`, "{{instance}} {{sink}} tried again"},
		query{`sum by (instance, sink, reason) (increase(perfmon_sink_dropped_total{instance=~"$host"}[1h]))`, "{{instance}} {{sink}} dropped: {{reason}}"})
	sent.low = to(0)
	quiet := plot("Held back", "short", "In the hour before, all agents: by the inhibit period of the alarm itself; by a silence or maintenance; told as a number in a summary.",
		query{`sum(increase(perfmon_alarms_held_total{instance=~"$host"}[1h]))`, "inhibit period"},
		query{`sum(increase(perfmon_alarms_silenced_total{instance=~"$host"}[1h]))`, "silence or maintenance"},
		query{`sum(increase(perfmon_sink_summarised_total{instance=~"$host"}[1h]))`, "summary"})
	quiet.low = to(0)
	beats := plot("Heartbeats", "cpm", "A minute, by result. Empty where no sink takes heartbeats.", query{`60 * sum by (instance, sink, result) (rate(perfmon_heartbeats_total{instance=~"$host"}[$__rate_interval]))`, "{{instance}} {{sink}} {{result}}"})
	beats.low = to(0)
	journal := plot("Journal", "s", "Nine of ten transactions took less, until they were on the disk.",
		query{`histogram_quantile(0.9, sum by (instance, le) (rate(perfmon_journal_write_seconds_bucket{instance=~"$host"}[$__rate_interval])))`, "{{instance}}"})
	journal.low = to(0)
	alerts := table("Alerts of Prometheus", "What the rules of packaging/prometheus say, if they are loaded. docs/dashboards.md says what to do.", "Alert", []column{
		{field: "alertname", title: "Alert"},
		{field: "severity", title: "Severity"},
		{field: "alertstate", title: "State"},
		{field: "name", title: "Object"},
		{field: "instance", title: "Agent"},
		{field: "sink", title: "Sink"},
	}, query{`max by (alertname, severity, alertstate, name, instance, sink) (ALERTS{alertname=~"(Xen|Perfmon).+",instance=~"$host|"})`, ""})
	return []panel{queued, oldest, sent, quiet, beats, journal, alerts}
}
