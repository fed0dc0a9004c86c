package metrics

import "perfmon/rrd"

// source says under which name the page shows a data source. A pattern is
// the data source's name; what stands in <> is one of the parts in
// pattern.go, and becomes a label. A metric belongs to one pattern only, so
// that no two data sources can be one series.
//
// Names, units and meanings are xcp-rrdd's and its plugins' (rrdp_cpu,
// rrdp_iostat, rrdp_netdev, rrdp_squeezed, rrdp_xenpm, rrdp_dcmi, gpumon,
// xapi's own), and those that a host without a toolstack has of itself.
type source struct {
	class   string
	pattern string
	metric  string
	unit    unit
	help    string
}

// sources is in the order of the documentation.
var sources = []source{
	{rrd.ClassHost, "cpu<cpu>", "xen_host_cpu_usage_ratio", inFraction, "Fraction of the time that a physical CPU was not idle."},
	{rrd.ClassHost, "cpu_avg", "xen_host_cpu_usage_average_ratio", inFraction, "Mean over the physical CPUs of the fraction of the time that they were not idle."},
	{rrd.ClassHost, "cpu<cpu>-<cstate>", "xen_host_cpu_cstate_ratio", inFraction, "Fraction of the time that a physical CPU spent in an idle state."},
	{rrd.ClassHost, "cpu<cpu>-<pstate>", "xen_host_cpu_pstate_ratio", inFraction, "Fraction of the time that a physical CPU spent in a performance state."},
	{rrd.ClassHost, "CPU<cpu>-avg-freq", "xen_host_cpu_frequency_hertz", inMegahertz, "Average frequency of a physical CPU."},
	{rrd.ClassHost, "loadavg", "xen_host_load_average", plain, "Load average over one minute of the control domain, or of a host without a toolstack."},
	{rrd.ClassHost, "hostload", "xen_host_load_ratio", inFraction, "Running and runnable virtual CPUs for each physical CPU, or without a toolstack the load average for each CPU; above 1 is contention."},
	{rrd.ClassHost, "running_vcpus", "xen_host_running_vcpus", plain, "Running and runnable virtual CPUs."},
	{rrd.ClassHost, "running_domains", "xen_host_running_domains", plain, "Domains that are not paused, the control domain included."},

	{rrd.ClassHost, "memory_total_kib", "xen_host_memory_total_bytes", inKiB, "Memory of the host."},
	{rrd.ClassHost, "memory_free_kib", "xen_host_memory_free_bytes", inKiB, "Memory of the host that is free; without a toolstack, that can be had without swapping."},
	{rrd.ClassHost, "memory_reclaimed", "xen_host_memory_reclaimed_bytes", inBytes, "Memory that ballooning has taken back from VMs."},
	{rrd.ClassHost, "memory_reclaimed_max", "xen_host_memory_reclaimable_bytes", inBytes, "Memory that ballooning could take back from VMs."},

	{rrd.ClassHost, "pif_aggr_rx", "xen_host_network_receive_bytes_per_second", inBytesPerSecond, "Received over all physical interfaces."},
	{rrd.ClassHost, "pif_aggr_tx", "xen_host_network_transmit_bytes_per_second", inBytesPerSecond, "Sent over all physical interfaces."},
	{rrd.ClassHost, "pif_<pif>_rx", "xen_host_pif_receive_bytes_per_second", inBytesPerSecond, "Received over a physical interface or bond."},
	{rrd.ClassHost, "pif_<pif>_tx", "xen_host_pif_transmit_bytes_per_second", inBytesPerSecond, "Sent over a physical interface or bond."},
	{rrd.ClassHost, "pif_<pif>_rx_errors", "xen_host_pif_receive_errors_per_second", inPerSecond, "Receive errors of a physical interface or bond."},
	{rrd.ClassHost, "pif_<pif>_tx_errors", "xen_host_pif_transmit_errors_per_second", inPerSecond, "Send errors of a physical interface or bond."},

	{rrd.ClassHost, "read_<sr>", "xen_host_sr_read_bytes_per_second", inBytesPerSecond, "Read from an SR by this host."},
	{rrd.ClassHost, "write_<sr>", "xen_host_sr_write_bytes_per_second", inBytesPerSecond, "Written to an SR by this host."},
	{rrd.ClassHost, "read_latency_<sr>", "xen_host_sr_read_latency_seconds", inMicroseconds, "Read latency of an SR, summed over the disks in use."},
	{rrd.ClassHost, "write_latency_<sr>", "xen_host_sr_write_latency_seconds", inMicroseconds, "Write latency of an SR, summed over the disks in use."},
	{rrd.ClassHost, "latency_<sr>", "xen_host_sr_latency_seconds", inMicroseconds, "Average latency of the requests to an SR, of its slowest disk."},
	{rrd.ClassHost, "io_throughput_read_<sr>", "xen_host_sr_io_throughput_read_bytes_per_second", inMiBPerSecond, "Data read from an SR, as counted in the last sample."},
	{rrd.ClassHost, "io_throughput_write_<sr>", "xen_host_sr_io_throughput_write_bytes_per_second", inMiBPerSecond, "Data written to an SR, as counted in the last sample."},
	{rrd.ClassHost, "io_throughput_total_<sr>", "xen_host_sr_io_throughput_bytes_per_second", inMiBPerSecond, "Data read from and written to an SR, as counted in the last sample."},
	{rrd.ClassHost, "iops_read_<sr>", "xen_host_sr_read_requests_per_second", inPerSecond, "Read requests to an SR."},
	{rrd.ClassHost, "iops_write_<sr>", "xen_host_sr_write_requests_per_second", inPerSecond, "Write requests to an SR."},
	{rrd.ClassHost, "iops_total_<sr>", "xen_host_sr_requests_per_second", inPerSecond, "Requests to an SR."},
	{rrd.ClassHost, "iowait_<sr>", "xen_host_sr_iowait_ratio", inFraction, "Time that all requests to an SR waited, for each second; above 1 when several wait at once."},
	{rrd.ClassHost, "inflight_<sr>", "xen_host_sr_inflight_requests", plain, "Requests to an SR that are on their way."},
	{rrd.ClassHost, "avgqu_sz_<sr>", "xen_host_sr_queue_requests", plain, "Average length of the request queue of an SR, of its busiest disk."},
	{rrd.ClassHost, "Tapdisks_in_low_memory_mode", "xen_host_tapdisks_in_low_memory_mode_per_second", inPerSecond, "Disk back ends in low memory mode. The toolstack records their number divided by the seconds between two samples (5 as a rule), so this is not their number; above 0 means that there are some."},
	{rrd.ClassHost, "sr_<sr_uuid>_cache_size", "xen_host_sr_cache_size_bytes", inBytes, "Size of the read cache on an SR."},
	{rrd.ClassHost, "sr_<sr_uuid>_cache_hits", "xen_host_sr_cache_hits_per_second", inPerSecond, "Hits of the read cache on an SR."},
	{rrd.ClassHost, "sr_<sr_uuid>_cache_misses", "xen_host_sr_cache_misses_per_second", inPerSecond, "Misses of the read cache on an SR."},

	{rrd.ClassHost, "DCMI-power-reading", "xen_host_power_watts", inWatts, "Power that the host draws, as its management controller reads it."},
	{rrd.ClassHost, "gpu_memory_free_<gpu>", "xen_host_gpu_memory_free_bytes", inBytes, "Framebuffer memory of a GPU that is free."},
	{rrd.ClassHost, "gpu_memory_used_<gpu>", "xen_host_gpu_memory_used_bytes", inBytes, "Framebuffer memory of a GPU that is in use."},
	{rrd.ClassHost, "gpu_power_usage_<gpu>", "xen_host_gpu_power_watts", inMilliwatts, "Power that a GPU draws."},
	{rrd.ClassHost, "gpu_temperature_<gpu>", "xen_host_gpu_temperature_celsius", inCelsius, "Temperature of a GPU."},
	{rrd.ClassHost, "gpu_utilisation_compute_<gpu>", "xen_host_gpu_compute_ratio", inFraction, "Fraction of the time that a GPU was computing."},
	{rrd.ClassHost, "gpu_utilisation_memory_io_<gpu>", "xen_host_gpu_memory_io_ratio", inFraction, "Fraction of the time that the memory of a GPU was read or written."},

	{rrd.ClassHost, "statefile/<statefile>/latency", "xen_host_ha_statefile_latency_seconds", inSeconds, "Time that the last access to a state file of high availability took."},
	{rrd.ClassHost, "network/latency", "xen_host_ha_network_latency_seconds", inSeconds, "Time between the last two heartbeats that high availability sent to all hosts."},
	{rrd.ClassHost, "xapi_healthcheck/latency", "xen_host_ha_xapi_healthcheck_latency_seconds", inSeconds, "Time that the last check of the toolstack for high availability took."},

	{rrd.ClassHost, "pool_session_count", "xen_host_pool_sessions", plain, "Sessions of the pool; only its coordinator knows."},
	{rrd.ClassHost, "pool_task_count", "xen_host_pool_tasks", plain, "Tasks of the pool; only its coordinator knows."},
	{rrd.ClassHost, "pool_session_creation_rate", "xen_host_pool_session_creations_per_second", inPerSecond, "Sessions made in the pool; only its coordinator knows."},
	{rrd.ClassHost, "pool_vgpu_migration_rate", "xen_host_pool_vgpu_migrations_per_second", inPerSecond, "Migrations of virtual GPUs in the pool; only its coordinator knows."},
	{rrd.ClassHost, "xapi_memory_usage_kib", "xen_host_xapi_memory_bytes", inKiB, "Memory that the toolstack has allocated."},
	{rrd.ClassHost, "xapi_free_memory_kib", "xen_host_xapi_memory_free_bytes", inKiB, "Memory of the toolstack that it does not use."},
	{rrd.ClassHost, "xapi_live_memory_kib", "xen_host_xapi_memory_live_bytes", inKiB, "Memory of the toolstack that it uses."},
	{rrd.ClassHost, "xapi_allocation_kib", "xen_host_xapi_allocation_bytes_per_second", inKiBPerSecond, "Memory that the toolstack allocates."},
	{rrd.ClassHost, "xapi_open_fds", "xen_host_xapi_open_fds", plain, "File descriptors that the toolstack has open."},
	{rrd.ClassHost, "group_<group>_tokens", "xen_host_xapi_caller_tokens_per_second", inPerSecond, "Rate limiting tokens that a group of callers of the toolstack consumes."},
	{rrd.ClassHost, "group_<group>_calls", "xen_host_xapi_caller_calls_per_second", inPerSecond, "Calls of a group of callers of the toolstack."},

	{rrd.ClassHost, "disk_<disk>_read", "xen_host_disk_read_bytes_per_second", inBytesPerSecond, "Read from a disk of a host without a toolstack."},
	{rrd.ClassHost, "disk_<disk>_write", "xen_host_disk_write_bytes_per_second", inBytesPerSecond, "Written to a disk of a host without a toolstack."},
	{rrd.ClassHost, "disk_<disk>_iops", "xen_host_disk_requests_per_second", inPerSecond, "Requests to a disk of a host without a toolstack."},
	{rrd.ClassHost, "disk_<disk>_latency", "xen_host_disk_latency_seconds", inMicroseconds, "Average latency of the requests to a disk of a host without a toolstack; unknown when there was none."},
	{rrd.ClassHost, "pressure_<resource>_<kind>", "xen_host_pressure_ratio", inFraction, "Fraction of the time in which some, or all, tasks of a host without a toolstack stalled for want of a resource."},

	{rrd.ClassVM, "cpu<cpu>", "xen_vm_cpu_usage_ratio", inFraction, "Fraction of the time that a virtual CPU ran."},
	{rrd.ClassVM, "cpu_usage", "xen_vm_cpu_usage_average_ratio", inFraction, "Mean over the virtual CPUs that are online of the fraction of the time that they ran."},
	{rrd.ClassVM, "runstate_<runstate>", "xen_vm_runstate_ratio", inFraction, "Fraction of the time that the virtual CPUs together were in a state; the states add up to 1."},
	{rrd.ClassVM, "runnable_any", "xen_vm_runnable_any_ratio", inFraction, "Fraction of the time that at least one virtual CPU was ready but had no physical one."},
	{rrd.ClassVM, "runnable_vcpus", "xen_vm_runnable_vcpus_ratio", inFraction, "Fraction of the time that virtual CPUs were ready but had no physical one."},
	{rrd.ClassVM, "numa_node_nonaffine_vcpus", "xen_vm_numa_nonaffine_vcpus_ratio", inFraction, "Fraction of the virtual CPUs' time that was spent outside of their soft affinity."},
	{rrd.ClassVM, "memory", "xen_vm_memory_bytes", inBytes, "Memory that the VM has."},
	{rrd.ClassVM, "memory_target", "xen_vm_memory_target_bytes", inBytes, "Memory that ballooning aims at."},
	{rrd.ClassVM, "memory_internal_free", "xen_vm_memory_free_bytes", inKiB, "Memory that is free inside the VM, as its guest agent says; absent without one."},
	{rrd.ClassVM, "memory_numa_node_<node>", "xen_vm_memory_numa_node_bytes", inBytes, "Memory of the VM on a NUMA node."},
	{rrd.ClassVM, "numa_nodes", "xen_vm_numa_nodes", plain, "NUMA nodes that the VM uses."},
	{rrd.ClassVM, "vif_<vif>_rx", "xen_vm_vif_receive_bytes_per_second", inBytesPerSecond, "Received by the VM over a virtual interface."},
	{rrd.ClassVM, "vif_<vif>_tx", "xen_vm_vif_transmit_bytes_per_second", inBytesPerSecond, "Sent by the VM over a virtual interface."},
	{rrd.ClassVM, "vif_<vif>_rx_errors", "xen_vm_vif_receive_errors_per_second", inPerSecond, "Receive errors of a virtual interface."},
	{rrd.ClassVM, "vif_<vif>_tx_errors", "xen_vm_vif_transmit_errors_per_second", inPerSecond, "Send errors of a virtual interface."},
	{rrd.ClassVM, "vbd_<device>_read", "xen_vm_vbd_read_bytes_per_second", inBytesPerSecond, "Read by the VM from a virtual disk."},
	{rrd.ClassVM, "vbd_<device>_write", "xen_vm_vbd_write_bytes_per_second", inBytesPerSecond, "Written by the VM to a virtual disk."},
	{rrd.ClassVM, "vbd_<device>_read_latency", "xen_vm_vbd_read_latency_seconds", inMicroseconds, "Average latency of the reads from a virtual disk."},
	{rrd.ClassVM, "vbd_<device>_write_latency", "xen_vm_vbd_write_latency_seconds", inMicroseconds, "Average latency of the writes to a virtual disk."},
	{rrd.ClassVM, "vbd_<device>_latency", "xen_vm_vbd_latency_seconds", inMicroseconds, "Average latency of the requests to a virtual disk."},
	{rrd.ClassVM, "vbd_<device>_io_throughput_read", "xen_vm_vbd_io_throughput_read_bytes_per_second", inMiBPerSecond, "Data read from a virtual disk, as counted in the last sample."},
	{rrd.ClassVM, "vbd_<device>_io_throughput_write", "xen_vm_vbd_io_throughput_write_bytes_per_second", inMiBPerSecond, "Data written to a virtual disk, as counted in the last sample."},
	{rrd.ClassVM, "vbd_<device>_io_throughput_total", "xen_vm_vbd_io_throughput_bytes_per_second", inMiBPerSecond, "Data read from and written to a virtual disk, as counted in the last sample."},
	{rrd.ClassVM, "vbd_<device>_iops_read", "xen_vm_vbd_read_requests_per_second", inPerSecond, "Read requests to a virtual disk."},
	{rrd.ClassVM, "vbd_<device>_iops_write", "xen_vm_vbd_write_requests_per_second", inPerSecond, "Write requests to a virtual disk."},
	{rrd.ClassVM, "vbd_<device>_iops_total", "xen_vm_vbd_requests_per_second", inPerSecond, "Requests to a virtual disk."},
	{rrd.ClassVM, "vbd_<device>_iowait", "xen_vm_vbd_iowait_ratio", inFraction, "Time that all requests to a virtual disk waited, for each second; above 1 when several wait at once."},
	{rrd.ClassVM, "vbd_<device>_inflight", "xen_vm_vbd_inflight_requests", plain, "Requests to a virtual disk that are on their way."},
	{rrd.ClassVM, "vbd_<device>_avgqu_sz", "xen_vm_vbd_queue_requests", plain, "Average length of the request queue of a virtual disk."},

	{rrd.ClassSR, "size", srSize, inBytes, "Physical size of the SR: of its newest row, or else of its record in the toolstack."},
	{rrd.ClassSR, "physical_utilisation", srUsed, inBytes, "Physical space of the SR that is in use: of its newest row, or else of its record in the toolstack."},
}

// The two that an SR without rows of its own has from its record.
const (
	srSize = "xen_sr_size_bytes"
	srUsed = "xen_sr_physical_utilisation_bytes"
)
