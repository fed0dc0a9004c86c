package main

// rubberDashboard shows what waits, what there is for it, and whether rubber
// can do what it wants.
func rubberDashboard() dashboard {
	return dashboard{
		uid: "rubber", title: "Rubber: work and workers", tags: []string{"perfmon", "rubber"},
		description: "For each profile what waits and who works for it, how long machines take to come and to go, and whether clouds, brokers and the store can be asked.",
		variables: []object{
			choice("instance", "Rubber", `rubber_active`, `/instance="(?<value>[^"]+)"/`),
			choice("profile", "Profile", `count by (profile) (rubber_wanted_machines{instance=~"$instance"})`, `/profile="(?<value>[^"]+)"/`),
		},
		marks: &object{
			"name": "Paused", "datasource": source(), "enable": true, "hide": false, "iconColor": "orange",
			"expr": `max by (instance) (rubber_paused{instance=~"$instance"}) == 1`, "titleFormat": "scaling is paused", "textFormat": "on {{instance}}",
			"tagKeys": "instance", "step": "60s", "useValueForTime": false,
		},
		sections: []section{
			{panels: rubberNow()},
			{title: "Work and machines", panels: rubberWork()},
			{title: "Life of machines", panels: rubberLives()},
			{title: "Those who are asked", panels: rubberSources()},
		},
	}
}

// Matchers of what is chosen.
const (
	ofRubber  = `{instance=~"$instance"}`
	ofProfile = `{instance=~"$instance",profile=~"$profile"}`
)

func rubberNow() []panel {
	count := func(title, description, expr string, steps []step) panel {
		p := stat(title, "short", description, steps, expr)
		p.whole = true
		return p
	}
	neutral := []step{{0, "blue"}}
	return []panel{
		count("Waiting tasks", "Tasks that nobody has, of queues that are known.", `sum(rubber_demand_tasks{instance=~"$instance",profile=~"$profile",state="ready"})`, neutral),
		count("Running tasks", "Tasks that a worker has.", `sum(rubber_demand_tasks{instance=~"$instance",profile=~"$profile",state="running"})`, neutral),
		count("Machines", "In whatever state.", `sum(rubber_machines`+ofProfile+`)`, neutral),
		count("Cap", "Machines that may be there at once, of all profiles.", `max(rubber_cap_machines`+ofRubber+`)`, neutral),
		count("Unknown queues", "Profiles of which nobody knows what waits: nothing is let go there.", `count(rubber_demand_known`+ofProfile+` == 0) or vector(0)`, anyIsBad),
		count("Overdue machines", "They have been in their state for too long.", `sum(rubber_overdue_machines`+ofProfile+`)`, anyIsBad),
		count("Blocked profiles", "No machine can be had for them: a quota, errors, or a cloud that is away.", `sum(rubber_blocked`+ofProfile+`)`, anyIsBad),
		count("Paused", "1 while scaling is paused.", `max(rubber_paused`+ofRubber+`)`, anyIsNews),
	}
}

func rubberWork() []panel {
	by := func(metric string) string { return `sum by (profile) (` + metric + ofProfile + `)` }
	demand := plot("Demand and capacity", "short", "Tasks that wait and run, of all profiles chosen, and how many can run at once.",
		query{`sum by (state) (rubber_demand_tasks` + ofProfile + `)`, "{{state}}"},
		query{`sum(rubber_slots` + ofProfile + `) + sum(rubber_static_slots` + ofProfile + `)`, "slots"})
	return []panel{
		demand,
		plot("Oldest task", "s", "How long the task has waited that has waited longest.", query{`max by (profile) (rubber_oldest_task_seconds` + ofProfile + `)`, "{{profile}}"}),
		plot("Wanted machines", "short", "What the last plan wants to be able to take work.", query{by("rubber_wanted_machines"), "{{profile}}"}),
		plot("Machines by state", "short", "", query{`sum by (state) (rubber_machines` + ofProfile + `)`, "{{state}}"}),
		plot("Arrivals", "short", "Tasks that came a second, over a quarter of an hour.", query{by("rubber_arrivals_per_second"), "{{profile}}"}),
		plot("Busy share", "percentunit", "Tasks that machines have, as a part of those that they can run at once.", query{by("rubber_busy_tasks") + ` / (` + by("rubber_slots") + ` > 0)`, "{{profile}}"}),
	}
}

func rubberLives() []panel {
	quantile := func(q, metric string) string {
		return `histogram_quantile(` + q + `, sum by (le) (rate(` + metric + `_bucket` + ofProfile + `[1h])))`
	}
	rate := func(metric string) string { return `sum(increase(` + metric + ofProfile + `[1h]))` }
	return []panel{
		plot("From request to first heartbeat", "s", "", query{quantile("0.5", "rubber_boot_seconds"), "half"}, query{quantile("0.95", "rubber_boot_seconds"), "19 of 20"}),
		plot("From letting go to empty", "s", "", query{quantile("0.5", "rubber_drain_seconds"), "half"}, query{quantile("0.95", "rubber_drain_seconds"), "19 of 20"}),
		plot("Started and let go within an hour", "short", "",
			query{rate("rubber_starts_total"), "started"}, query{rate("rubber_drains_total"), "let go"}, query{rate("rubber_resumes_total"), "taken back"}),
		plot("What went wrong within an hour", "short", "",
			query{rate("rubber_faults_total"), "refused by a cloud, or failed"}, query{rate("rubber_slackers_total"), "never worked"},
			query{rate("rubber_lost_total"), "lost"}, query{rate("rubber_orphans_total"), "without a record"}),
	}
}

func rubberSources() []panel {
	up := func(title, metric, label string) panel {
		return panel{
			kind: "state-timeline", title: title, width: 12, height: 6, mapping: []state{{"1", "up", "green"}, {"0", "away", "red"}},
			queries: []query{{`min by (` + label + `) (` + metric + ofRubber + `)`, "{{" + label + "}}"}},
		}
	}
	return []panel{
		up("Clouds", "rubber_cloud_up", "cloud"),
		up("Brokers", "rubber_broker_up", "broker"),
		plot("Failed requests within 5 minutes", "short", "By who was asked, what for, and the kind of error.",
			query{`sum by (source, op, kind) (increase(rubber_errors_total` + ofRubber + `[5m])) > 0`, "{{source}} {{op}}: {{kind}}"}),
		plot("Time of a plan", "s", "", query{`histogram_quantile(0.99, sum by (le) (rate(rubber_plan_seconds_bucket` + ofRubber + `[5m])))`, "99 of 100"}),
	}
}
