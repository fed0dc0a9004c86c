package metrics

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"perfmon/rrd"
)

// known is one data source of each kind, several where an index or a word
// varies: what the toolstack records, and what the page says of it.
var known = []struct {
	class, name string
	value       float64
	want        string
}{
	{rrd.ClassHost, "cpu0", 0.25, `xen_host_cpu_usage_ratio{cpu="0",uuid="?"} 0.25`},
	{rrd.ClassHost, "cpu63", 1, `xen_host_cpu_usage_ratio{cpu="63",uuid="?"} 1`},
	{rrd.ClassHost, "cpu_avg", 0.5, `xen_host_cpu_usage_average_ratio{uuid="?"} 0.5`},
	{rrd.ClassHost, "cpu0-C1", 0.125, `xen_host_cpu_cstate_ratio{cpu="0",state="C1",uuid="?"} 0.125`},
	{rrd.ClassHost, "cpu0-C6", 0.75, `xen_host_cpu_cstate_ratio{cpu="0",state="C6",uuid="?"} 0.75`},
	{rrd.ClassHost, "cpu12-P0", 0.875, `xen_host_cpu_pstate_ratio{cpu="12",state="P0",uuid="?"} 0.875`},
	{rrd.ClassHost, "CPU3-avg-freq", 2400, `xen_host_cpu_frequency_hertz{cpu="3",uuid="?"} 2.4e+09`},
	{rrd.ClassHost, "loadavg", 1.5, `xen_host_load_average{uuid="?"} 1.5`},
	{rrd.ClassHost, "hostload", 1.25, `xen_host_load_ratio{uuid="?"} 1.25`},
	{rrd.ClassHost, "running_vcpus", 7, `xen_host_running_vcpus{uuid="?"} 7`},
	{rrd.ClassHost, "running_domains", 3, `xen_host_running_domains{uuid="?"} 3`},

	{rrd.ClassHost, "memory_total_kib", 1024, `xen_host_memory_total_bytes{uuid="?"} 1.048576e+06`},
	{rrd.ClassHost, "memory_free_kib", 3, `xen_host_memory_free_bytes{uuid="?"} 3072`},
	{rrd.ClassHost, "memory_reclaimed", 512, `xen_host_memory_reclaimed_bytes{uuid="?"} 512`},
	{rrd.ClassHost, "memory_reclaimed_max", 513, `xen_host_memory_reclaimable_bytes{uuid="?"} 513`},

	{rrd.ClassHost, "pif_aggr_rx", 11, `xen_host_network_receive_bytes_per_second{uuid="?"} 11`},
	{rrd.ClassHost, "pif_aggr_tx", 12, `xen_host_network_transmit_bytes_per_second{uuid="?"} 12`},
	{rrd.ClassHost, "pif_eth0_rx", 13, `xen_host_pif_receive_bytes_per_second{pif="eth0",uuid="?"} 13`},
	{rrd.ClassHost, "pif_eth0_tx", 14, `xen_host_pif_transmit_bytes_per_second{pif="eth0",uuid="?"} 14`},
	{rrd.ClassHost, "pif_bond0_rx", 15, `xen_host_pif_receive_bytes_per_second{pif="bond0",uuid="?"} 15`},
	{rrd.ClassHost, "pif_my_nic_tx", 16, `xen_host_pif_transmit_bytes_per_second{pif="my_nic",uuid="?"} 16`},
	{rrd.ClassHost, "pif_eth0_rx_errors", 17, `xen_host_pif_receive_errors_per_second{pif="eth0",uuid="?"} 17`},
	{rrd.ClassHost, "pif_eth0_tx_errors", 18, `xen_host_pif_transmit_errors_per_second{pif="eth0",uuid="?"} 18`},

	{rrd.ClassHost, "read_408b0f99", 21, `xen_host_sr_read_bytes_per_second{sr="408b0f99",uuid="?"} 21`},
	{rrd.ClassHost, "write_408b0f99", 22, `xen_host_sr_write_bytes_per_second{sr="408b0f99",uuid="?"} 22`},
	{rrd.ClassHost, "read_latency_408b0f99", 250, `xen_host_sr_read_latency_seconds{sr="408b0f99",uuid="?"} 0.00025`},
	{rrd.ClassHost, "write_latency_408b0f99", 123, `xen_host_sr_write_latency_seconds{sr="408b0f99",uuid="?"} 0.000123`},
	{rrd.ClassHost, "latency_408b0f99", 1500, `xen_host_sr_latency_seconds{sr="408b0f99",uuid="?"} 0.0015`},
	{rrd.ClassHost, "io_throughput_read_408b0f99", 1, `xen_host_sr_io_throughput_read_bytes_per_second{sr="408b0f99",uuid="?"} 1.048576e+06`},
	{rrd.ClassHost, "io_throughput_write_408b0f99", 0.5, `xen_host_sr_io_throughput_write_bytes_per_second{sr="408b0f99",uuid="?"} 524288`},
	{rrd.ClassHost, "io_throughput_total_408b0f99", 2, `xen_host_sr_io_throughput_bytes_per_second{sr="408b0f99",uuid="?"} 2.097152e+06`},
	{rrd.ClassHost, "iops_read_408b0f99", 23, `xen_host_sr_read_requests_per_second{sr="408b0f99",uuid="?"} 23`},
	{rrd.ClassHost, "iops_write_408b0f99", 24, `xen_host_sr_write_requests_per_second{sr="408b0f99",uuid="?"} 24`},
	{rrd.ClassHost, "iops_total_408b0f99", 47, `xen_host_sr_requests_per_second{sr="408b0f99",uuid="?"} 47`},
	{rrd.ClassHost, "iowait_408b0f99", 1.75, `xen_host_sr_iowait_ratio{sr="408b0f99",uuid="?"} 1.75`},
	{rrd.ClassHost, "inflight_408b0f99", 4, `xen_host_sr_inflight_requests{sr="408b0f99",uuid="?"} 4`},
	{rrd.ClassHost, "avgqu_sz_408b0f99", 1.5, `xen_host_sr_queue_requests{sr="408b0f99",uuid="?"} 1.5`},
	{rrd.ClassHost, "Tapdisks_in_low_memory_mode", 0.25, `xen_host_tapdisks_in_low_memory_mode_per_second{uuid="?"} 0.25`},
	{rrd.ClassHost, "sr_" + srUUID + "_cache_size", 31, `xen_host_sr_cache_size_bytes{sr_uuid="` + srUUID + `",uuid="?"} 31`},
	{rrd.ClassHost, "sr_" + srUUID + "_cache_hits", 32, `xen_host_sr_cache_hits_per_second{sr_uuid="` + srUUID + `",uuid="?"} 32`},
	{rrd.ClassHost, "sr_" + srUUID + "_cache_misses", 33, `xen_host_sr_cache_misses_per_second{sr_uuid="` + srUUID + `",uuid="?"} 33`},

	{rrd.ClassHost, "DCMI-power-reading", 180, `xen_host_power_watts{uuid="?"} 180`},
	{rrd.ClassHost, "gpu_memory_free_0000/0a/00.0", 41, `xen_host_gpu_memory_free_bytes{gpu="0000/0a/00.0",uuid="?"} 41`},
	{rrd.ClassHost, "gpu_memory_used_0000/0a/00.0", 42, `xen_host_gpu_memory_used_bytes{gpu="0000/0a/00.0",uuid="?"} 42`},
	{rrd.ClassHost, "gpu_power_usage_0000/0a/00.0", 75500, `xen_host_gpu_power_watts{gpu="0000/0a/00.0",uuid="?"} 75.5`},
	{rrd.ClassHost, "gpu_temperature_0000/0a/00.0", 61, `xen_host_gpu_temperature_celsius{gpu="0000/0a/00.0",uuid="?"} 61`},
	{rrd.ClassHost, "gpu_utilisation_compute_0000/0a/00.0", 0.3, `xen_host_gpu_compute_ratio{gpu="0000/0a/00.0",uuid="?"} 0.3`},
	{rrd.ClassHost, "gpu_utilisation_memory_io_0000/0a/00.0", 0.4, `xen_host_gpu_memory_io_ratio{gpu="0000/0a/00.0",uuid="?"} 0.4`},

	{rrd.ClassHost, "statefile/OpaqueRef:12:34/latency", 0.01, `xen_host_ha_statefile_latency_seconds{statefile="OpaqueRef:12:34",uuid="?"} 0.01`},
	{rrd.ClassHost, "network/latency", 4, `xen_host_ha_network_latency_seconds{uuid="?"} 4`},
	{rrd.ClassHost, "xapi_healthcheck/latency", 0.5, `xen_host_ha_xapi_healthcheck_latency_seconds{uuid="?"} 0.5`},

	{rrd.ClassHost, "pool_session_count", 51, `xen_host_pool_sessions{uuid="?"} 51`},
	{rrd.ClassHost, "pool_task_count", 52, `xen_host_pool_tasks{uuid="?"} 52`},
	{rrd.ClassHost, "pool_session_creation_rate", 0.2, `xen_host_pool_session_creations_per_second{uuid="?"} 0.2`},
	{rrd.ClassHost, "pool_vgpu_migration_rate", 0.1, `xen_host_pool_vgpu_migrations_per_second{uuid="?"} 0.1`},
	{rrd.ClassHost, "xapi_memory_usage_kib", 4, `xen_host_xapi_memory_bytes{uuid="?"} 4096`},
	{rrd.ClassHost, "xapi_free_memory_kib", 1, `xen_host_xapi_memory_free_bytes{uuid="?"} 1024`},
	{rrd.ClassHost, "xapi_live_memory_kib", 3, `xen_host_xapi_memory_live_bytes{uuid="?"} 3072`},
	{rrd.ClassHost, "xapi_allocation_kib", 2, `xen_host_xapi_allocation_bytes_per_second{uuid="?"} 2048`},
	{rrd.ClassHost, "xapi_open_fds", 90, `xen_host_xapi_open_fds{uuid="?"} 90`},
	{rrd.ClassHost, "group_backup-tool_tokens", 1.5, `xen_host_xapi_caller_tokens_per_second{group="backup-tool",uuid="?"} 1.5`},
	{rrd.ClassHost, "group_a_tokens_calls", 2.5, `xen_host_xapi_caller_calls_per_second{group="a_tokens",uuid="?"} 2.5`},

	{rrd.ClassHost, "disk_sda_read", 61, `xen_host_disk_read_bytes_per_second{device="sda",uuid="?"} 61`},
	{rrd.ClassHost, "disk_nvme0n1_write", 62, `xen_host_disk_write_bytes_per_second{device="nvme0n1",uuid="?"} 62`},
	{rrd.ClassHost, "disk_dm-0_iops", 63, `xen_host_disk_requests_per_second{device="dm-0",uuid="?"} 63`},
	{rrd.ClassHost, "disk_sda_latency", 640, `xen_host_disk_latency_seconds{device="sda",uuid="?"} 0.00064`},
	{rrd.ClassHost, "pressure_cpu_some", 0.05, `xen_host_pressure_ratio{kind="some",resource="cpu",uuid="?"} 0.05`},
	{rrd.ClassHost, "pressure_memory_full", 0.06, `xen_host_pressure_ratio{kind="full",resource="memory",uuid="?"} 0.06`},
	{rrd.ClassHost, "pressure_io_full", 0.07, `xen_host_pressure_ratio{kind="full",resource="io",uuid="?"} 0.07`},

	{rrd.ClassVM, "cpu0", 0.25, `xen_vm_cpu_usage_ratio{cpu="0",uuid="?"} 0.25`},
	{rrd.ClassVM, "cpu1", 0.75, `xen_vm_cpu_usage_ratio{cpu="1",uuid="?"} 0.75`},
	{rrd.ClassVM, "cpu_usage", 0.5, `xen_vm_cpu_usage_average_ratio{uuid="?"} 0.5`},
	{rrd.ClassVM, "runstate_fullrun", 0.1, `xen_vm_runstate_ratio{state="fullrun",uuid="?"} 0.1`},
	{rrd.ClassVM, "runstate_full_contention", 0.2, `xen_vm_runstate_ratio{state="full_contention",uuid="?"} 0.2`},
	{rrd.ClassVM, "runstate_concurrency_hazard", 0.3, `xen_vm_runstate_ratio{state="concurrency_hazard",uuid="?"} 0.3`},
	{rrd.ClassVM, "runstate_blocked", 0.15, `xen_vm_runstate_ratio{state="blocked",uuid="?"} 0.15`},
	{rrd.ClassVM, "runstate_partial_run", 0.05, `xen_vm_runstate_ratio{state="partial_run",uuid="?"} 0.05`},
	{rrd.ClassVM, "runstate_partial_contention", 0.2, `xen_vm_runstate_ratio{state="partial_contention",uuid="?"} 0.2`},
	{rrd.ClassVM, "runnable_any", 0.4, `xen_vm_runnable_any_ratio{uuid="?"} 0.4`},
	{rrd.ClassVM, "runnable_vcpus", 0.6, `xen_vm_runnable_vcpus_ratio{uuid="?"} 0.6`},
	{rrd.ClassVM, "numa_node_nonaffine_vcpus", 0.7, `xen_vm_numa_nonaffine_vcpus_ratio{uuid="?"} 0.7`},
	{rrd.ClassVM, "memory", 4294967296, `xen_vm_memory_bytes{uuid="?"} 4.294967296e+09`},
	{rrd.ClassVM, "memory_target", 71, `xen_vm_memory_target_bytes{uuid="?"} 71`},
	{rrd.ClassVM, "memory_internal_free", 2, `xen_vm_memory_free_bytes{uuid="?"} 2048`},
	{rrd.ClassVM, "memory_numa_node_1", 72, `xen_vm_memory_numa_node_bytes{node="1",uuid="?"} 72`},
	{rrd.ClassVM, "numa_nodes", 2, `xen_vm_numa_nodes{uuid="?"} 2`},
	{rrd.ClassVM, "vif_0_rx", 73, `xen_vm_vif_receive_bytes_per_second{uuid="?",vif="0"} 73`},
	{rrd.ClassVM, "vif_10_tx", 74, `xen_vm_vif_transmit_bytes_per_second{uuid="?",vif="10"} 74`},
	{rrd.ClassVM, "vif_0_rx_errors", 75, `xen_vm_vif_receive_errors_per_second{uuid="?",vif="0"} 75`},
	{rrd.ClassVM, "vif_0_tx_errors", 76, `xen_vm_vif_transmit_errors_per_second{uuid="?",vif="0"} 76`},
	{rrd.ClassVM, "vbd_xvda_read", 81, `xen_vm_vbd_read_bytes_per_second{device="xvda",uuid="?"} 81`},
	{rrd.ClassVM, "vbd_xvda_write", 82, `xen_vm_vbd_write_bytes_per_second{device="xvda",uuid="?"} 82`},
	{rrd.ClassVM, "vbd_hdc_read", 83, `xen_vm_vbd_read_bytes_per_second{device="hdc",uuid="?"} 83`},
	{rrd.ClassVM, "vbd_xvda_read_latency", 84, `xen_vm_vbd_read_latency_seconds{device="xvda",uuid="?"} 8.4e-05`},
	{rrd.ClassVM, "vbd_xvda_write_latency", 85, `xen_vm_vbd_write_latency_seconds{device="xvda",uuid="?"} 8.5e-05`},
	{rrd.ClassVM, "vbd_xvda_latency", 86, `xen_vm_vbd_latency_seconds{device="xvda",uuid="?"} 8.6e-05`},
	{rrd.ClassVM, "vbd_xvda_io_throughput_read", 1, `xen_vm_vbd_io_throughput_read_bytes_per_second{device="xvda",uuid="?"} 1.048576e+06`},
	{rrd.ClassVM, "vbd_xvda_io_throughput_write", 2, `xen_vm_vbd_io_throughput_write_bytes_per_second{device="xvda",uuid="?"} 2.097152e+06`},
	{rrd.ClassVM, "vbd_xvda_io_throughput_total", 3, `xen_vm_vbd_io_throughput_bytes_per_second{device="xvda",uuid="?"} 3.145728e+06`},
	{rrd.ClassVM, "vbd_xvda_iops_read", 87, `xen_vm_vbd_read_requests_per_second{device="xvda",uuid="?"} 87`},
	{rrd.ClassVM, "vbd_xvda_iops_write", 88, `xen_vm_vbd_write_requests_per_second{device="xvda",uuid="?"} 88`},
	{rrd.ClassVM, "vbd_xvda_iops_total", 175, `xen_vm_vbd_requests_per_second{device="xvda",uuid="?"} 175`},
	{rrd.ClassVM, "vbd_xvda_iowait", 0.9, `xen_vm_vbd_iowait_ratio{device="xvda",uuid="?"} 0.9`},
	{rrd.ClassVM, "vbd_xvda_inflight", 5, `xen_vm_vbd_inflight_requests{device="xvda",uuid="?"} 5`},
	{rrd.ClassVM, "vbd_xvda_avgqu_sz", 0.8, `xen_vm_vbd_queue_requests{device="xvda",uuid="?"} 0.8`},

	{rrd.ClassSR, "size", 91, `xen_sr_size_bytes{uuid="?"} 91`},
	{rrd.ClassSR, "physical_utilisation", 92, `xen_sr_physical_utilisation_bytes{uuid="?"} 92`},

	// What the table does not have keeps its name and its value.
	{rrd.ClassHost, "xenopsd_rss", 1024, `xen_data_source{class="host",name="xenopsd_rss",uuid="?"} 1024`},
	{rrd.ClassHost, "cpu", 1, `xen_data_source{class="host",name="cpu",uuid="?"} 1`},
	{rrd.ClassHost, "xcpu0", 1, `xen_data_source{class="host",name="xcpu0",uuid="?"} 1`},
	{rrd.ClassHost, "cpu0-C", 1, `xen_data_source{class="host",name="cpu0-C",uuid="?"} 1`},
	{rrd.ClassHost, "read_408B0F99", 1, `xen_data_source{class="host",name="read_408B0F99",uuid="?"} 1`},
	{rrd.ClassHost, "read_latency", 1, `xen_data_source{class="host",name="read_latency",uuid="?"} 1`},
	{rrd.ClassHost, "pif__rx", 1, `xen_data_source{class="host",name="pif__rx",uuid="?"} 1`},
	{rrd.ClassHost, "size", 1, `xen_data_source{class="host",name="size",uuid="?"} 1`},
	{rrd.ClassHost, "my:plugin:with \"quotes\"\n", 1, `xen_data_source{class="host",name="my:plugin:with \"quotes\"\n",uuid="?"} 1`},
	{rrd.ClassVM, "loadavg", 1, `xen_data_source{class="vm",name="loadavg",uuid="?"} 1`},
	{rrd.ClassVM, "memory_numa_node_", 1, `xen_data_source{class="vm",name="memory_numa_node_",uuid="?"} 1`},
	{rrd.ClassVM, "vbd_a_b_read", 1, `xen_data_source{class="vm",name="vbd_a_b_read",uuid="?"} 1`},
	{rrd.ClassVM, "runstate_asleep", 1, `xen_data_source{class="vm",name="runstate_asleep",uuid="?"} 1`},
	{rrd.ClassSR, "cpu0", 1, `xen_data_source{class="sr",name="cpu0",uuid="?"} 1`},
	{"widget", "cpu0", 1, `xen_data_source{class="widget",name="cpu0",uuid="?"} 1`},
}

func withUUID(line, uuid string) string {
	return strings.Replace(line, `uuid="?"`, `uuid="`+uuid+`"`, 1)
}

func TestKnownSources(t *testing.T) {
	for _, k := range known {
		got := samples(t, picture(average(k.class, "u", k.name, k.value)))
		want := []string{withUUID(k.want, "u")}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s %q (-want +got):\n%s", k.class, k.name, diff)
		}
	}
}

func TestKnownSourcesAreDifferentSeries(t *testing.T) {
	var columns []column
	var want []string
	for _, k := range known {
		for _, uuid := range []string{"u1", "u2"} {
			columns = append(columns, average(k.class, uuid, k.name, k.value))
			want = append(want, withUUID(k.want, uuid))
		}
	}
	got := samples(t, picture(columns...))
	slices.Sort(got)
	slices.Sort(want)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("all on one page (-want +got):\n%s", diff)
	}
}

func TestEveryRowOfTheTableIsKnown(t *testing.T) {
	seen := map[*kind]bool{}
	m := mustMapping()
	for _, k := range known {
		found, _ := m.find(rrd.Entry{Class: k.class, Name: k.name})
		seen[found] = true
	}
	for i, k := range m.kinds {
		if !seen[k] {
			t.Errorf("no case for %s %s", sources[i].class, sources[i].pattern)
		}
	}
}

func TestTable(t *testing.T) {
	metrics, patterns := map[string]bool{}, map[string]bool{}
	for _, s := range sources {
		where := fmt.Sprintf("%s %s", s.class, s.pattern)
		if metrics[s.metric] {
			t.Errorf("%s: %s is another data source's already", where, s.metric)
		}
		if patterns[where] {
			t.Errorf("%s: twice", where)
		}
		metrics[s.metric], patterns[where] = true, true
		if !strings.HasPrefix(s.metric, "xen_"+s.class+"_") {
			t.Errorf("%s: %s is not named for its class", where, s.metric)
		}
		if !strings.HasSuffix(s.metric, s.unit.suffix) {
			t.Errorf("%s: %s does not end in %s", where, s.metric, s.unit.suffix)
		}
		if rate := strings.HasSuffix(s.metric, "_per_second"); rate != strings.HasSuffix(s.unit.name, "/s") {
			t.Errorf("%s: %s is in %s", where, s.metric, s.unit.name)
		}
		if !strings.HasSuffix(s.help, ".") {
			t.Errorf("%s: help %q is no sentence", where, s.help)
		}
	}
}

func TestBadPatterns(t *testing.T) {
	if _, err := newMapping([]source{{rrd.ClassVM, "vbd_<dveice>_read", "m", plain, "h."}}); err == nil {
		t.Error("a part that does not exist was accepted")
	}
}
