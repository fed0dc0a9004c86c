package main

// vmsDashboard shows which VMs use most, or wait most, and one VM in detail.
func vmsDashboard() dashboard {
	return dashboard{
		uid: "perfmon-vms", title: "Xen VMs",
		description: "VMs as the agents of their hosts see them: who uses most, who waits, and each chosen VM in detail.",
		variables:   []object{hostVariable(), numberVariable("top", "Show the top", "10", "5", "20", "50"), vmVariable()},
		alarms:      `class="vm",instance=~"$host"`,
		sections: []section{
			{panels: vmsGlance()},
			{title: "Who uses most, who waits", panels: vmsTop()},
			{title: "The chosen VMs in detail", panels: vmDetail()},
		},
	}
}

// guests are the series of VMs that are no control domain, with their names.
func guests(expr string) string {
	return expr + ` * on (instance, uuid) group_left (name) xen_vm_info{control_domain="false"}`
}

func vmsGlance() []panel {
	count := stat("Running VMs", "short", "Running on the chosen hosts, without their control domains.", []step{{0, "blue"}}, `count(xen_vm_info{instance=~"$host",control_domain="false"})`)
	alarms := stat("Alarms of VMs", "short", "Trigger variables of VMs that fire now.", anyIsBad, `sum(perfmon_alarm_state{class="vm",instance=~"$host",state=~"firing|clearing"}) or vector(0)`)
	alarms.filled = true
	stats := []panel{
		count, alarms,
		stat("Busiest VM", "percentunit", "CPU: the mean over its virtual CPUs.", ofOne, `max(`+guests(cpuOfVMs)+`)`),
		stat("Worst wait for a CPU", "percentunit", "The share of its time in which a VM was ready to run and had no physical CPU.", contention, `max(`+guests(contentionOfVMs)+`)`),
		stat("Fullest memory", "percentunit", "Of the VMs whose guest agent tells how much is free.", ofMemory, `max(`+guests(usedOfVMs)+`)`),
		stat("Slowest disk", "s", "Average time of a read or a write.", latency, `max({__name__=~"xen_vm_vbd_(read|write)_latency_seconds",instance=~"$host"})`),
		stat("All disks", "Bps", "Read and written by all VMs together.", []step{{0, "blue"}}, `sum({__name__=~"xen_vm_vbd_(read|write)_bytes_per_second",instance=~"$host"})`),
		stat("All networks", "Bps", "Received and sent by all VMs together.", []step{{0, "blue"}}, `sum({__name__=~"xen_vm_vif_(receive|transmit)_bytes_per_second",instance=~"$host"})`),
	}
	for i := range stats[:2] {
		stats[i].whole = true
	}
	return append(stats, table("VMs", "One line a VM. Values that nobody knows are empty: memory in use without a guest agent, waiting where the toolstack does not record it.", "CPU", []column{
		{field: "name", title: "VM", link: `/d/perfmon-vms?var-vm=${__data.fields.UUID}&${host:queryparam}&var-datasource=${datasource}&${__url_time_range}`},
		{field: "A", title: "CPU", unit: "percentunit", steps: ofOne, gauge: true},
		{field: "B", title: "Waits for CPU", unit: "percentunit", steps: contention},
		{field: "C", title: "Memory", unit: "bytes"},
		{field: "D", title: "Memory in use", unit: "percentunit", steps: ofMemory, gauge: true},
		{field: "E", title: "Disks", unit: "Bps"},
		{field: "F", title: "Slowest disk", unit: "s", steps: latency},
		{field: "G", title: "Network", unit: "Bps"},
		{field: "instance", title: "Agent"},
		{field: "uuid", title: "UUID"},
	},
		query{vmColumn(cpuOfVMs), ""},
		query{vmColumn(contentionOfVMs), ""},
		query{vmColumn(`xen_vm_memory_bytes{instance=~"$host"}`), ""},
		query{vmColumn(usedOfVMs), ""},
		query{vmColumn(`sum by (instance, uuid) ({__name__=~"xen_vm_vbd_(read|write)_bytes_per_second",instance=~"$host"})`), ""},
		query{vmColumn(`max by (instance, uuid) ({__name__=~"xen_vm_vbd_(read|write)_latency_seconds",instance=~"$host"})`), ""},
		query{vmColumn(`sum by (instance, uuid) ({__name__=~"xen_vm_vif_(receive|transmit)_bytes_per_second",instance=~"$host"})`), ""},
	))
}

// vmColumn has the labels by which the columns of the table become lines.
func vmColumn(expr string) string { return `max by (instance, uuid, name) (` + ofVM(expr) + `)` }

// top is the VMs with the largest values.
func top(expr string) query { return query{`topk($top, ` + ofVM(expr) + `)`, "{{name}}"} }

func vmsTop() []panel {
	sum := func(metric string) string {
		return `sum by (instance, uuid) (` + metric + `{instance=~"$host"})`
	}
	cpu := plot("CPU", "percentunit", "Mean over the virtual CPUs.", top(cpuOfVMs))
	cpu.low, cpu.high = to(0), to(1)
	waiting := plot("Waiting for a CPU", "percentunit", "The share of its time in which a VM was ready to run and had no physical CPU.", top(contentionOfVMs))
	waiting.low, waiting.steps = to(0), contention
	memory := plot("Memory in use", "percentunit", "As the guest agents tell.", top(usedOfVMs))
	memory.low, memory.high, memory.steps = to(0), to(1), ofMemory
	wait := plot("Slowest disk of each VM", "s", "Average time of a read or a write, of each VM's slowest disk.", top(`max by (instance, uuid) ({__name__=~"xen_vm_vbd_(read|write)_latency_seconds",instance=~"$host"})`))
	wait.low, wait.steps = to(0), latency
	panels := []panel{cpu, waiting, memory, wait}
	for _, p := range []struct{ title, metric, unit string }{
		{"Read from disks", "xen_vm_vbd_read_bytes_per_second", "Bps"},
		{"Written to disks", "xen_vm_vbd_write_bytes_per_second", "Bps"},
		{"Received", "xen_vm_vif_receive_bytes_per_second", "Bps"},
		{"Sent", "xen_vm_vif_transmit_bytes_per_second", "Bps"},
	} {
		one := plot(p.title, p.unit, "", top(sum(p.metric)))
		one.low = to(0)
		panels = append(panels, one)
	}
	return panels
}

func vmDetail() []panel {
	chosen := func(metric, matchers string) string {
		return ofVM(metric + `{instance=~"$host",uuid=~"$vm"` + matchers + `}`)
	}
	cpus := plot("Virtual CPUs", "percentunit", "", query{chosen("xen_vm_cpu_usage_ratio", ""), "{{name}} {{cpu}}"})
	cpus.low, cpus.high = to(0), to(1)
	states := plot("What the virtual CPUs did", "percentunit", "Mean over the chosen VMs. fullrun: all ran; blocked: none had anything to do; full contention: all waited for a physical CPU; partial: some; concurrency hazard: some ran while others waited.",
		query{`avg by (state) (xen_vm_runstate_ratio{instance=~"$host",uuid=~"$vm"})`, "{{state}}"})
	states.low, states.high, states.stacked = to(0), to(1), true
	memory := plot("Memory", "bytes", "",
		query{chosen("xen_vm_memory_bytes", ""), "{{name}} has"},
		query{chosen("xen_vm_memory_target_bytes", ""), "{{name}} target"},
		query{chosen("xen_vm_memory_free_bytes", ""), "{{name}} free inside"})
	memory.low = to(0)
	wait := plot("Disk latency", "s", "Reads above, writes below the axis.",
		query{chosen("xen_vm_vbd_read_latency_seconds", ""), "{{name}} {{device}} read"},
		query{chosen("xen_vm_vbd_write_latency_seconds", ""), "{{name}} {{device}} write"})
	wait.below = ".* write"
	transfer := plot("Disk throughput", "Bps", "Reads above, writes below the axis.",
		query{chosen("xen_vm_vbd_read_bytes_per_second", ""), "{{name}} {{device}} read"},
		query{chosen("xen_vm_vbd_write_bytes_per_second", ""), "{{name}} {{device}} written"})
	transfer.below = ".* written"
	requests := plot("Disk requests", "iops", "Reads above, writes below the axis.",
		query{chosen("xen_vm_vbd_read_requests_per_second", ""), "{{name}} {{device}} reads"},
		query{chosen("xen_vm_vbd_write_requests_per_second", ""), "{{name}} {{device}} writes"})
	requests.below = ".* writes"
	traffic := plot("Network", "Bps", "Received above, sent below the axis.",
		query{chosen("xen_vm_vif_receive_bytes_per_second", ""), "{{name}} vif {{vif}} received"},
		query{chosen("xen_vm_vif_transmit_bytes_per_second", ""), "{{name}} vif {{vif}} sent"})
	traffic.below = ".* sent"
	errors := plot("Network errors each second", "short", "Empty where the toolstack does not record them.",
		query{chosen("xen_vm_vif_receive_errors_per_second", ""), "{{name}} vif {{vif}} received"},
		query{chosen("xen_vm_vif_transmit_errors_per_second", ""), "{{name}} vif {{vif}} sent"})
	errors.low = to(0)
	return []panel{cpus, states, memory, wait, transfer, requests, traffic, errors}
}
