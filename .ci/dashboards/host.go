package main

// hostDashboard shows hosts with their storage and network.
func hostDashboard() dashboard {
	return dashboard{
		uid: "perfmon-host", title: "Xen hosts",
		description: "Hosts as their perfmon agents see them: is one short of CPU, memory, storage or network, and which. Choose one host to see it alone.",
		variables:   []object{hostVariable(), srVariable()},
		alarms:      `instance=~"$host"`,
		sections: []section{
			{panels: hostGlance()},
			{title: "CPU and memory", panels: hostCompute()},
			{title: "Storage", panels: hostStorage()},
			{title: "Network", panels: hostNetwork()},
			{title: "Toolstack and power", folded: true, panels: hostToolstack()},
			{title: "Hosts without a toolstack", folded: true, panels: hostBare()},
			{title: "The agent itself", folded: true, panels: hostAgent()},
		},
	}
}

func hostGlance() []panel {
	alarms := stat("Alarms that fire", "short", "Trigger variables of the chosen hosts that fire now.", anyIsBad, firing)
	alarms.filled, alarms.whole = true, true
	return []panel{
		alarms,
		stat("Busiest CPU", "percentunit", "Of the busiest of the chosen hosts.", ofOne, `max(`+cpuOfHosts+`)`),
		stat("Worst wait for a CPU", "percentunit", "The share of its time in which the worst off VM was ready to run and had no physical CPU. Empty where the toolstack does not record it (docs/triggers.md, contention).", contention, `max(`+contentionOfVMs+`)`),
		stat("Highest load", "short", "Virtual CPUs that want to run, for each physical CPU, on the worst off host.", []step{{0, "green"}, {0.8, "orange"}, {1, "red"}}, `max(`+loadOfHosts+`)`),
		stat("Fullest memory", "percentunit", "Of the fullest of the chosen hosts. Memory that is given to VMs is in use.", ofMemory, `max(`+usedOfHosts+`)`),
		stat("Fullest storage", "percentunit", "Of the chosen SRs. What is exactly full, as libraries of installation media are, is left out.", ofSpace, `max(`+usedOfSRs+` < 1)`),
		stat("Slowest storage", "s", "Average time of a request to the slowest disk of the chosen SRs.", latency, `max(xen_host_sr_latency_seconds{instance=~"$host",sr=~"$sr"})`),
		stat("Rows are behind by", "s", "Of the agent that is furthest behind. When rows stop, nothing here is true any more.", []step{{0, "green"}, {180, "orange"}, {600, "red"}}, `max(time() - perfmon_last_row_timestamp_seconds{instance=~"$host"})`),
		table("Hosts", "One line a host; a click on its name shows it alone.", "CPU", []column{
			{field: "name", title: "Host", link: toHost},
			{field: "instance", title: "Agent"},
			{field: "A", title: "CPU", unit: "percentunit", steps: ofOne, gauge: true},
			{field: "B", title: "Load", unit: "short", steps: []step{{0, "green"}, {0.8, "orange"}, {1, "red"}}},
			{field: "C", title: "Memory in use", unit: "percentunit", steps: ofMemory, gauge: true},
			{field: "D", title: "Free memory", unit: "bytes"},
			{field: "E", title: "Alarms", unit: "short", steps: anyIsBad},
			{field: "F", title: "Newest row", unit: "s", steps: []step{{0, "green"}, {180, "orange"}, {600, "red"}}},
		},
			query{`max by (instance, name) (` + ofHost(cpuOfHosts) + `)`, ""},
			query{`max by (instance, name) (` + ofHost(loadOfHosts) + `)`, ""},
			query{`max by (instance, name) (` + ofHost(usedOfHosts) + `)`, ""},
			query{`max by (instance, name) (` + ofHost(`xen_host_memory_free_bytes{instance=~"$host"}`) + `)`, ""},
			query{`sum by (instance) (perfmon_alarm_state{instance=~"$host",state=~"firing|clearing"}) * on (instance) group_right () max by (instance, name) (xen_host_info)`, ""},
			query{`max by (instance) (time() - perfmon_last_row_timestamp_seconds{instance=~"$host"}) * on (instance) group_right () max by (instance, name) (xen_host_info)`, ""},
		),
	}
}

func hostCompute() []panel {
	cpu := plot("CPU", "percentunit", "Mean over the physical CPUs.", query{ofHost(cpuOfHosts), "{{name}}"})
	cpu.low, cpu.high, cpu.steps = to(0), to(1), ofOne
	spread := plot("Busiest and idlest CPU", "percentunit", "A wide gap: a few busy virtual CPUs, or VMs that are tied to some of the physical ones.",
		query{ofHost(`max by (instance, uuid) (xen_host_cpu_usage_ratio{instance=~"$host"})`), "{{name}} busiest"},
		query{ofHost(`min by (instance, uuid) (xen_host_cpu_usage_ratio{instance=~"$host"})`), "{{name}} idlest"})
	spread.low, spread.high = to(0), to(1)
	waiting := plot("Waiting for a CPU", "percentunit", "The share of their time in which VMs were ready to run and had no physical CPU: usage says how much is done, this says what could not be done.",
		query{`max by (instance) (` + contentionOfVMs + `) * on (instance) group_right () max by (instance, name) (xen_host_info)`, "{{name}} worst VM"},
		query{`avg by (instance) (` + contentionOfVMs + `) * on (instance) group_right () max by (instance, name) (xen_host_info)`, "{{name}} mean of VMs"})
	waiting.low, waiting.steps = to(0), contention
	load := plot("Load", "short", "Virtual CPUs that want to run, for each physical CPU (without a toolstack: the load average for each CPU). Above 1 somebody waits.", query{ofHost(loadOfHosts), "{{name}}"})
	load.low, load.steps = to(0), []step{{0, "green"}, {1, "red"}}
	memory := plot("Memory", "bytes", "",
		query{ofHost(`(xen_host_memory_total_bytes{instance=~"$host"} - on (instance, uuid) xen_host_memory_free_bytes)`), "{{name}} in use"},
		query{ofHost(`xen_host_memory_total_bytes{instance=~"$host"}`), "{{name}} total"})
	memory.low = to(0)
	balloons := plot("Memory taken back from VMs", "bytes", "What ballooning has taken, and could take in addition.",
		query{ofHost(`xen_host_memory_reclaimed_bytes{instance=~"$host"}`), "{{name}} taken"},
		query{ofHost(`xen_host_memory_reclaimable_bytes{instance=~"$host"}`), "{{name}} could be taken"})
	balloons.low = to(0)
	return []panel{cpu, spread, waiting, load, memory, balloons}
}

func hostStorage() []panel {
	wait := plot("Latency", "s", "Average time of a request, of each SR's slowest disk. Above 50 ms requests stand in a queue.",
		query{ofHostSR(`max by (instance, sr) (xen_host_sr_latency_seconds{instance=~"$host",sr=~"$sr"})`), "{{name}}"})
	wait.low, wait.steps = to(0), latency
	space := panel{kind: "bargauge", title: "Space in use", unit: "percentunit", width: 12, height: 8, steps: ofSpace, low: to(0), high: to(1),
		description: "Of each SR. Libraries of installation media are full all the time.",
		queries:     []query{{`sort_desc(max by (name) (` + ofSR(usedOfSRs) + `))`, "{{name}}"}}}
	transfer := plot("Throughput", "Bps", "Reads above, writes below the axis.",
		query{hostSR("xen_host_sr_read_bytes_per_second"), "{{name}} read"},
		query{hostSR("xen_host_sr_write_bytes_per_second"), "{{name}} written"})
	transfer.below = ".* written"
	requests := plot("Requests", "iops", "Reads above, writes below the axis.",
		query{hostSR("xen_host_sr_read_requests_per_second"), "{{name}} reads"},
		query{hostSR("xen_host_sr_write_requests_per_second"), "{{name}} writes"})
	requests.below = ".* writes"
	queue := plot("Requests on their way", "short", "Sent and not answered yet.", query{hostSR("xen_host_sr_inflight_requests"), "{{name}}"})
	queue.low = to(0)
	growth := plot("Space", "bytes", "What is in use, and how much there is.",
		query{`max by (name) (` + ofSR(`xen_sr_physical_utilisation_bytes{instance=~"$host",uuid=~"$sr.*"}`) + `)`, "{{name}} in use"},
		query{`max by (name) (` + ofSR(`xen_sr_size_bytes{instance=~"$host",uuid=~"$sr.*"}`) + `)`, "{{name}} size"})
	growth.low = to(0)
	return []panel{wait, space, transfer, requests, queue, growth}
}

func hostNetwork() []panel {
	traffic := plot("Traffic", "Bps", "Each network card and bond. Received above, sent below the axis.",
		query{ofHost(`xen_host_pif_receive_bytes_per_second{instance=~"$host"}`), "{{name}} {{pif}} received"},
		query{ofHost(`xen_host_pif_transmit_bytes_per_second{instance=~"$host"}`), "{{name}} {{pif}} sent"})
	traffic.below = ".* sent"
	errors := plot("Errors each second", "short", "A sound link has none for days: look at the cable, the transceiver and the other end.",
		query{ofHost(`xen_host_pif_receive_errors_per_second{instance=~"$host"}`), "{{name}} {{pif}} received"},
		query{ofHost(`xen_host_pif_transmit_errors_per_second{instance=~"$host"}`), "{{name}} {{pif}} sent"})
	errors.low, errors.steps = to(0), anyIsBad
	return []panel{traffic, errors}
}

func hostToolstack() []panel {
	power := plot("Power", "watt", "As the host's management controller reads it.", query{ofHost(`xen_host_power_watts{instance=~"$host"}`), "{{name}}"})
	power.low = to(0)
	memory := plot("Memory of the toolstack", "bytes", "",
		query{ofHost(`xen_host_xapi_memory_bytes{instance=~"$host"}`), "{{name}} allocated"},
		query{ofHost(`xen_host_xapi_memory_live_bytes{instance=~"$host"}`), "{{name}} live"})
	memory.low = to(0)
	files := plot("Open files of the toolstack", "short", "", query{ofHost(`xen_host_xapi_open_fds{instance=~"$host"}`), "{{name}}"})
	files.low = to(0)
	pool := plot("Sessions and tasks of the pool", "short", "Only the pool's coordinator knows.",
		query{ofHost(`xen_host_pool_sessions{instance=~"$host"}`), "{{name}} sessions"},
		query{ofHost(`xen_host_pool_tasks{instance=~"$host"}`), "{{name}} tasks"})
	pool.low = to(0)
	dom0 := plot("CPU of the control domain", "percentunit", "Its virtual CPUs do the disk and network work of the VMs.",
		query{`avg by (instance, uuid) (xen_vm_cpu_usage_ratio{instance=~"$host"}) * on (instance, uuid) group_left (name) xen_vm_info{control_domain="true"}`, "{{name}}"})
	dom0.low, dom0.high, dom0.steps = to(0), to(1), ofOne
	tapdisks := plot("Disk back ends short of memory", "short", "Anything above 0: some disk back ends (tapdisk) are in low memory mode. It is not their number.",
		query{ofHost(`xen_host_tapdisks_in_low_memory_mode_per_second{instance=~"$host"}`), "{{name}}"})
	tapdisks.low = to(0)
	return []panel{power, dom0, memory, files, pool, tapdisks}
}

func hostBare() []panel {
	transfer := plot("Disk throughput", "Bps", "Reads above, writes below the axis.",
		query{ofHost(`xen_host_disk_read_bytes_per_second{instance=~"$host"}`), "{{name}} {{device}} read"},
		query{ofHost(`xen_host_disk_write_bytes_per_second{instance=~"$host"}`), "{{name}} {{device}} written"})
	transfer.below = ".* written"
	wait := plot("Disk latency", "s", "Unknown while a disk has nothing to do.", query{ofHost(`xen_host_disk_latency_seconds{instance=~"$host"}`), "{{name}} {{device}}"})
	wait.low = to(0)
	requests := plot("Disk requests", "iops", "", query{ofHost(`xen_host_disk_requests_per_second{instance=~"$host"}`), "{{name}} {{device}}"})
	requests.low = to(0)
	pressure := plot("Pressure", "percentunit", "The share of time in which some, or all, tasks stood still for want of a resource.",
		query{ofHost(`xen_host_pressure_ratio{instance=~"$host"}`), "{{name}} {{resource}} {{kind}}"})
	pressure.low = to(0)
	return []panel{transfer, wait, requests, pressure}
}

func hostAgent() []panel {
	age := plot("Age of the newest row", "s", "", query{`time() - perfmon_last_row_timestamp_seconds{instance=~"$host"}`, "{{instance}}"})
	age.low, age.steps = to(0), []step{{0, "green"}, {600, "red"}}
	polls := plot("Polls", "cpm", "A minute, by result.", query{`60 * sum by (instance, result) (rate(perfmon_polls_total{instance=~"$host"}[$__rate_interval]))`, "{{instance}} {{result}}"})
	polls.low = to(0)
	took := plot("Time of a poll", "s", "From the request to the last alarm handed on; nine of ten took less.",
		query{`histogram_quantile(0.9, sum by (instance, le) (rate(perfmon_poll_duration_seconds_bucket{instance=~"$host"}[$__rate_interval])))`, "{{instance}}"})
	took.low = to(0)
	calls := plot("Exchanges with the toolstack", "cpm", "A minute, those that failed apart.",
		query{`60 * sum by (instance) (rate(perfmon_toolstack_calls_total{instance=~"$host",result="ok"}[$__rate_interval]))`, "{{instance}} ok"},
		query{`60 * sum by (instance) (rate(perfmon_toolstack_calls_total{instance=~"$host",result!="ok"}[$__rate_interval]))`, "{{instance}} failed"})
	calls.low = to(0)
	memory := plot("Memory of the agent", "bytes", "", query{`process_resident_memory_bytes and on (instance) perfmon_source_info{instance=~"$host"}`, "{{instance}}"})
	memory.low = to(0)
	cpu := plot("CPU of the agent", "percentunit", "Of one processor.", query{`rate(process_cpu_seconds_total[$__rate_interval]) and on (instance) perfmon_source_info{instance=~"$host"}`, "{{instance}}"})
	cpu.low = to(0)
	return []panel{age, polls, took, calls, memory, cpu}
}
