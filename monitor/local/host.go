package local

import (
	"context"
	"errors"
	"io/fs"
	"path/filepath"
	"syscall"
	"time"
)

// lookAgain is how often a file is looked for that a kernel may do without.
const lookAgain = time.Minute

// host reads the counters of a host. What it returns is valid until it reads
// the next file.
type host struct {
	proc string // where /proc is
	buf  buffer

	stat, loadavg, meminfo, netDev, diskstats keptFile
	pressures                                 [3]pressureFile

	cpuList  []cpuTicks
	nicList  []nicTotals
	diskList []diskTotals
}

// pressureFile is one of those that not every kernel has.
type pressureFile struct {
	keptFile
	some, full []byte        // names of the stalls
	absent     bool          // as found
	next       time.Duration // when to look again
}

func newHost(proc string) *host {
	file := func(name string) keptFile { return keptFile{path: filepath.Join(proc, name)} }
	h := &host{
		proc: proc,
		stat: file("stat"), loadavg: file("loadavg"), meminfo: file("meminfo"),
		netDev: file("net/dev"), diskstats: file("diskstats"),
	}
	for i, resource := range []string{"cpu", "memory", "io"} {
		h.pressures[i] = pressureFile{
			keptFile: file("pressure/" + resource), some: []byte(resource + "_some"), full: []byte(resource + "_full"),
		}
	}
	return h
}

// close closes the files. They are opened again when they are read again.
func (h *host) close() {
	for _, k := range []*keptFile{&h.stat, &h.loadavg, &h.meminfo, &h.netDev, &h.diskstats} {
		k.close()
	}
	for i := range h.pressures {
		h.pressures[i].close()
	}
}

func (h *host) cpus() ([]cpuTicks, error) {
	data, err := h.stat.read(&h.buf)
	if err != nil {
		return nil, err
	}
	cpus, err := parseStat(data, h.cpuList[:0])
	if err != nil {
		return nil, h.stat.malformed(err)
	}
	h.cpuList = cpus
	return cpus, nil
}

func (h *host) load() (float64, error) {
	data, err := h.loadavg.read(&h.buf)
	if err != nil {
		return 0, err
	}
	load, err := parseLoad(data)
	if err != nil {
		return 0, h.loadavg.malformed(err)
	}
	return load, nil
}

func (h *host) memory(ctx context.Context) (memory, error) {
	data, err := h.meminfo.read(&h.buf)
	if err != nil {
		return memory{}, err
	}
	m, err := parseMemory(data)
	if err != nil {
		return memory{}, h.meminfo.malformed(err)
	}
	if m.noAvailable {
		m.available, err = estimateAvailable(ctx, h.proc)
	}
	return m, err
}

func (h *host) nics() ([]nicTotals, error) {
	data, err := h.netDev.read(&h.buf)
	if err != nil {
		return nil, err
	}
	nics, err := parseNetDev(data, h.nicList[:0])
	if err != nil {
		return nil, h.netDev.malformed(err)
	}
	h.nicList = nics
	return nics, nil
}

func (h *host) disks() ([]diskTotals, error) {
	data, err := h.diskstats.read(&h.buf)
	if err != nil {
		return nil, err
	}
	disks, err := parseDiskstats(data, h.diskList[:0])
	if err != nil {
		return nil, h.diskstats.malformed(err)
	}
	h.diskList = disks
	return disks, nil
}

// pressure returns the stalls of a resource at the time mono, none where the
// kernel does not measure them: it has no such file, or refuses to read it
// when it was started with psi=0. That is seldom looked at again.
func (h *host) pressure(p *pressureFile, mono time.Duration) (stalls, error) {
	if p.absent && mono < p.next {
		return stalls{}, nil
	}
	data, err := p.read(&h.buf)
	p.absent = errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.EOPNOTSUPP)
	switch {
	case p.absent:
		p.next = mono + lookAgain
		return stalls{}, nil
	case err != nil:
		return stalls{}, err
	}
	s, err := parsePressure(data)
	if err != nil {
		return stalls{}, p.malformed(err)
	}
	return s, nil
}
