// Package local measures the host that it runs on, for hosts without a
// toolstack: rows under the toolstack's data-source names, sampled every 5 s
// from /proc and /sys into an rrd.RRD, and the four readings of dom0 that
// no row has.
//
// Its data sources, all of the one host:
//
//	cpu<n>                   fraction of the interval that the CPU was not idle; waiting
//	                         for I/O is idle, as Xen sees it
//	cpu_avg                  mean of these
//	loadavg                  of one minute
//	hostload                 loadavg for each CPU: tasks that run or wait, for a CPU or
//	                         a disk; above 1 some have to
//	memory_total_kib         KiB
//	memory_free_kib          KiB that can be had without swapping (MemAvailable):
//	                         what Xen calls free is not page cache
//	pif_<dev>_rx|tx          bytes a second, of physical NICs and of bonds
//	pif_<dev>_rx_errors|tx_errors
//	                         errors a second, of the same
//	pif_aggr_rx|tx           bytes a second, of the physical NICs together
//	disk_<dev>_read|write    bytes a second, of whole disks
//	disk_<dev>_iops          requests a second
//	disk_<dev>_latency       microseconds a request took, mean of the interval;
//	                         unknown when there was none
//	pressure_<cpu|memory|io>_<some|full>
//	                         fraction of the interval in which some (all) tasks
//	                         stalled, where the kernel measures it
//
// A NIC is physical when /sys/class/net/<dev>/device exists and it is not a
// virtual function of another; when a host has none (a container), all but
// lo count. A whole disk is what /sys/block lists, without loop, ram and zram.
//
// The files of /proc stay open from one sample to the next and are read into
// one buffer, so that a sample allocates nothing while the host has the
// devices that it had. What is not in the form the kernel writes makes its
// group of data sources unknown, with one error that names file and line.
//
// A rate needs two samples: the first is unknown, and so is the interval in
// which a counter went backwards or a device was not there.
package local
