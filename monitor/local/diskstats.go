package local

// diskTotals are those of one block device, partitions included, since boot.
type diskTotals struct {
	name                      []byte // sda, cciss/c0d0
	readSectors, writeSectors uint64 // of sectorSize, whatever the disk has
	reads, writes             uint64 // completed requests
	readMillis                uint64 // that these took, together
	writeMillis               uint64
}

// sectorSize is the kernel's, in bytes.
const sectorSize = 512

// parseDiskstats reads /proc/diskstats into disks, without those that have
// had no request since boot. Names are part of data. Columns behind the name
// are reads, merged, sectors, milliseconds, the same of writes, requests
// under way, milliseconds with any, and the same weighted. Later kernels have
// more.
//
//	  7       0 loop0 5 0 50 1 0 0 0 0 0 1 1 0 0 0 0 0 0
//	  8       0 sda 100 7 1000 50 200 18 4000 300 0 665 2823 0 0 0 0 5 0
//	104       0 cciss/c0d0 1 7 8 1 2 18 16 2 0 665 2823 0 0 0 0 5 0
func parseDiskstats(data []byte, disks []diskTotals) ([]diskTotals, error) {
	l := newLines(data)
	for {
		line, ok := l.next()
		if !ok {
			return disks, nil
		}
		_, rest := word(line) // major
		_, rest = word(rest)  // minor
		name, rest := word(rest)
		var c [11]uint64
		n, ok := numbers(rest, c[:])
		if !ok || n < len(c) {
			return nil, l.malformed("not the counters of a disk", line)
		}
		if c == [11]uint64{} {
			continue
		}
		disks = append(disks, diskTotals{
			name: name, readSectors: c[2], writeSectors: c[6], reads: c[0], writes: c[4], readMillis: c[3], writeMillis: c[7],
		})
	}
}
