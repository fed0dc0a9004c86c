package metrics

import (
	"bytes"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/sys/unix"
)

// Process is a collector of the metrics of this process that Prometheus
// expects of every one: process_*. client_golang has one too, which reads and
// parses three times as much for the same numbers.
//
// A number that cannot be had is left out. A Process may be used by several
// goroutines at once.
type Process struct {
	proc string // /proc/self
	once sync.Once
	born float64 // when the process began, Unix seconds; 0 for unknown

	cpu, openFiles, maxFiles, virtual, maxVirtual, resident, start, received, sent *prometheus.Desc
}

// NewProcess makes a Process.
func NewProcess() *Process {
	desc := func(name, help string) *prometheus.Desc { return prometheus.NewDesc("process_"+name, help, nil, nil) }
	return &Process{
		proc:       "/proc/self",
		cpu:        desc("cpu_seconds_total", "Processor time that the process has used, in user and system mode."),
		openFiles:  desc("open_fds", "File descriptors that are open."),
		maxFiles:   desc("max_fds", "File descriptors that may be open."),
		virtual:    desc("virtual_memory_bytes", "Address space in use."),
		maxVirtual: desc("virtual_memory_max_bytes", "Address space that may be used; 2^64 for no limit."),
		resident:   desc("resident_memory_bytes", "Memory in use that is not swapped out."),
		start:      desc("start_time_seconds", "When the process began, Unix time."),
		received:   desc("network_receive_bytes_total", "Bytes that the network namespace of the process has received."),
		sent:       desc("network_transmit_bytes_total", "Bytes that the network namespace of the process has sent."),
	}
}

// Describe is part of prometheus.Collector.
func (p *Process) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{p.cpu, p.openFiles, p.maxFiles, p.virtual, p.maxVirtual, p.resident, p.start, p.received, p.sent} {
		ch <- d
	}
}

// Collect is part of prometheus.Collector.
func (p *Process) Collect(ch chan<- prometheus.Metric) {
	gauge := func(d *prometheus.Desc, v float64) { ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v) }
	counter := func(d *prometheus.Desc, v float64) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, v)
	}
	var used syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &used) == nil {
		counter(p.cpu, float64(used.Utime.Nano()+used.Stime.Nano())/1e9)
	}
	if n, ok := p.files(); ok {
		gauge(p.openFiles, float64(n))
	}
	var limit unix.Rlimit
	if unix.Getrlimit(unix.RLIMIT_NOFILE, &limit) == nil {
		gauge(p.maxFiles, float64(limit.Cur))
	}
	if unix.Getrlimit(unix.RLIMIT_AS, &limit) == nil {
		gauge(p.maxVirtual, float64(limit.Cur))
	}
	room := make([]byte, 16<<10) // net/netstat has 4
	if virtual, resident, ok := parseStatm(p.read("statm", room)); ok {
		gauge(p.virtual, virtual*float64(os.Getpagesize()))
		gauge(p.resident, resident*float64(os.Getpagesize()))
	}
	if received, sent, ok := parseNetstat(p.read("net/netstat", room)); ok {
		counter(p.received, received)
		counter(p.sent, sent)
	}
	if p.once.Do(p.birth); p.born > 0 {
		gauge(p.start, p.born)
	}
}

// read reads a file of the process into room, and returns nothing if that
// cannot be. It asks the kernel itself: a file of package os is made ready to be
// waited for, which takes longer than to read it.
func (p *Process) read(name string, room []byte) []byte {
	fd, err := unix.Open(filepath.Join(p.proc, name), unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil
	}
	defer unix.Close(fd)
	for length := 0; length < len(room); {
		n, err := unix.Read(fd, room[length:])
		switch {
		case err == unix.EINTR:
		case err != nil:
			return nil
		case n == 0:
			return room[:length]
		default:
			length += n
		}
	}
	return nil // longer than it can be
}

// files counts the descriptors that are open. Linux since 6.2 says it as the
// size of the folder; before, the folder is itself one of those in it.
func (p *Process) files() (int, bool) {
	folder := filepath.Join(p.proc, "fd")
	if info, err := os.Stat(folder); err == nil && info.Size() > 0 {
		return int(info.Size()), true
	}
	f, err := os.Open(folder)
	if err != nil {
		return 0, false
	}
	defer f.Close()
	names, err := f.Readdirnames(-1)
	return len(names) - 1, err == nil
}

// birth finds out when the process began.
func (p *Process) birth() {
	ticks, ok := parseStart(p.read("stat", make([]byte, 1<<10)))
	var up unix.Timespec
	if !ok || unix.ClockGettime(unix.CLOCK_BOOTTIME, &up) != nil {
		return
	}
	age := time.Duration(up.Nano()) - time.Duration(ticks)*time.Second/ticksPerSecond
	p.born = float64(time.Now().Add(-age).UnixMilli()) / 1e3
}

// ticksPerSecond is the kernel's unit in /proc (USER_HZ).
const ticksPerSecond = 100

// parseStart reads the start time of /proc/self/stat, in ticks after the
// start of the host: the 22nd word, of which the second can have spaces and
// ends with the last ")".
//
//	4711 (perfmon) S 1 4711 4711 0 -1 4194560 1563 0 3 0 27 12 0 0 20 0 9 0 123456 1268…
func parseStart(text []byte) (uint64, bool) {
	words := strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:]))
	if len(words) < 20 {
		return 0, false
	}
	ticks, err := strconv.ParseUint(words[19], 10, 63)
	return ticks, err == nil && ticks < 1<<40
}

// parseStatm reads /proc/self/statm, sizes in pages:
//
//	309643 4013 2105 2254 0 9840 0
func parseStatm(text []byte) (virtual, resident float64, ok bool) {
	words := strings.Fields(string(text))
	if len(words) < 2 {
		return 0, 0, false
	}
	virtual, err := strconv.ParseFloat(words[0], 64)
	if err != nil {
		return 0, 0, false
	}
	resident, err = strconv.ParseFloat(words[1], 64)
	return virtual, resident, err == nil
}

// parseNetstat reads InOctets and OutOctets of /proc/self/net/netstat, which
// has pairs of lines, one of names and one of numbers:
//
//	IpExt: InNoRoutes InTruncatedPkts InMcastPkts OutMcastPkts InBcastPkts OutBcastPkts InOctets OutOctets …
//	IpExt: 0 0 0 0 0 0 1299103 2140563 …
func parseNetstat(text []byte) (received, sent float64, ok bool) {
	_, rest, found := bytes.Cut(text, []byte("IpExt:"))
	head, rest, _ := bytes.Cut(rest, []byte("\n"))
	line, _, _ := bytes.Cut(rest, []byte("\n"))
	line, matches := bytes.CutPrefix(line, []byte("IpExt:"))
	if !found || !matches {
		return 0, 0, false
	}
	numbers := bytes.Fields(line)
	in, out := false, false
	for i, name := range bytes.Fields(head) {
		if i >= len(numbers) {
			break
		}
		v, err := strconv.ParseUint(string(numbers[i]), 10, 64)
		switch string(name) {
		case "InOctets":
			received, in = float64(v), err == nil
		case "OutOctets":
			sent, out = float64(v), err == nil
		}
	}
	return received, sent, in && out
}
