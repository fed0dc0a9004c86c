package main

// ofHost, ofVM and ofSR put the name of the host, VM or SR on series that
// have its uuid.
func ofHost(expr string) string {
	return expr + ` * on (instance, uuid) group_left (name) xen_host_info`
}

func ofVM(expr string) string {
	return expr + ` * on (instance, uuid) group_left (name) xen_vm_info`
}

func ofSR(expr string) string {
	return expr + ` * on (instance, uuid) group_left (name) xen_sr_info`
}

// ofHostSR is for what a host says of an SR, which it names by the beginning
// of its uuid. One that has no name is left without.
func ofHostSR(expr string) string {
	return expr + ` * on (instance, sr) group_left (name) label_replace(xen_sr_info, "sr", "$1", "uuid", "(.{8}).*") or on (instance, sr) ` + expr
}

// hostSR is a metric of the chosen SRs.
func hostSR(metric string) string {
	return ofHostSR(`sum by (instance, sr) (` + metric + `{instance=~"$host",sr=~"$sr"})`)
}

// What several dashboards show.
const (
	cpuOfHosts  = `avg by (instance, uuid) (xen_host_cpu_usage_ratio{instance=~"$host"})`
	loadOfHosts = `max by (instance, uuid) (xen_host_load_ratio{instance=~"$host"})`
	// Each VM's share of time in which it waited for a physical CPU.
	contentionOfVMs = `sum by (instance, uuid) (xen_vm_runstate_ratio{instance=~"$host",state=~"full_contention|partial_contention"})`
	usedOfHosts     = `(1 - max by (instance, uuid) (xen_host_memory_free_bytes{instance=~"$host"}) / max by (instance, uuid) (xen_host_memory_total_bytes{instance=~"$host"}))`
	usedOfSRs       = `(max by (instance, uuid) (xen_sr_physical_utilisation_bytes{instance=~"$host",uuid=~"$sr.*"}) / (max by (instance, uuid) (xen_sr_size_bytes{instance=~"$host",uuid=~"$sr.*"}) > 0))`
	firing          = `sum(perfmon_alarm_state{instance=~"$host",state=~"firing|clearing"})`
	// A share without one is a VM whose toolstack records only its CPUs.
	cpuOfVMs  = `(max by (instance, uuid) (xen_vm_cpu_usage_average_ratio{instance=~"$host"}) or avg by (instance, uuid) (xen_vm_cpu_usage_ratio{instance=~"$host"}))`
	usedOfVMs = `(1 - max by (instance, uuid) (xen_vm_memory_free_bytes{instance=~"$host"}) / max by (instance, uuid) (xen_vm_memory_bytes{instance=~"$host"}))`
)

// toHost leads from a line of a table to the host's own picture.
const toHost = `/d/perfmon-host?var-host=${__data.fields.Agent}&var-datasource=${datasource}&${__url_time_range}`
