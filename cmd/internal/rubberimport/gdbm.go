package rubberimport

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// record is a key with its value, as a store has them.
type record struct{ key, value []byte }

// maxRecords bounds a store: the ancestor had no more than some tens.
const maxRecords = 100_000

// Numbers that a file of gdbm begins with, in the byte order of the machine that
// wrote it; from gdbm's gdbmconst.h.
const (
	gdbm32     = 0x13579acd
	gdbm64     = 0x13579acf
	gdbmSync32 = 0x13579ad0
	gdbmSync64 = 0x13579ad1
	gdbmOld    = 0x13579ace
)

// order is the byte order in which a file has one of some numbers at a place;
// nil if it has none.
func order(b []byte, at int, magic ...uint32) binary.ByteOrder {
	if len(b) < at+4 {
		return nil
	}
	for _, o := range []binary.ByteOrder{binary.LittleEndian, binary.BigEndian} {
		for _, m := range magic {
			if o.Uint32(b[at:]) == m {
				return o
			}
		}
	}
	return nil
}

// readGDBM reads every record of a file of gdbm: the directory names buckets,
// each of which has a table of keys with where they and their data are. Layout:
// gdbm's gdbmdefs.h, of files with offsets of 4 and of 8 bytes.
func readGDBM(b []byte, o binary.ByteOrder) ([]record, error) {
	magic := o.Uint32(b)
	wide := magic == gdbm64 || magic == gdbmSync64
	size, header := 4, 28
	if wide {
		size, header = 8, 40
	}
	if len(b) < header {
		return nil, errors.New("a file of gdbm that ends in its header")
	}
	offset := func(at int) int {
		if size == 8 {
			return int(int64(o.Uint64(b[at:])))
		}
		return int(int32(o.Uint32(b[at:])))
	}
	dir := offset(8)
	dirSize := int(int32(o.Uint32(b[8+size:])))
	bucketSize := int(int32(o.Uint32(b[8+size+8:])))
	elements := int(int32(o.Uint32(b[8+size+12:])))
	// In a bucket: six places of free room, then its bits, its count and its table.
	table, element := 4+6*8+8, 20
	if wide {
		table, element = 8+6*16+8, 24
	}
	if dir < 0 || dirSize < 0 || dir > len(b) || dirSize > len(b)-dir || elements < 1 || bucketSize < 1 || elements > bucketSize/element {
		return nil, errors.New("a file of gdbm whose header is not right")
	}
	seen := map[int]bool{} // several entries of the directory may name one bucket
	var out []record
	for at := dir; at+size <= dir+dirSize; at += size {
		bucket := offset(at)
		if seen[bucket] {
			continue
		}
		seen[bucket] = true
		if bucket < 0 || bucket > len(b)-table-elements*element {
			return nil, fmt.Errorf("a file of gdbm with a bucket at %d, beyond its end", bucket)
		}
		for i := range elements {
			e := bucket + table + i*element
			if o.Uint32(b[e:]) == 0xffffffff { // empty
				continue
			}
			data := offset(e + 8)
			keySize, dataSize := int(int32(o.Uint32(b[e+8+size:]))), int(int32(o.Uint32(b[e+8+size+4:])))
			if data < 0 || keySize < 0 || dataSize < 0 || data > len(b) || keySize > len(b)-data || dataSize > len(b)-data-keySize {
				return nil, fmt.Errorf("a file of gdbm with a record at %d, beyond its end", data)
			}
			if len(out) >= maxRecords {
				return nil, fmt.Errorf("more than %d records", maxRecords)
			}
			out = append(out, record{b[data : data+keySize], b[data+keySize : data+keySize+dataSize]})
		}
	}
	return out, nil
}
