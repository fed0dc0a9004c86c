package rubberimport

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// Of a file of Berkeley DB that is a hash, as Python 2's anydbm makes it where it
// can; from db_page.h of version 5.3.
const (
	hashMagic   = 0x061561
	hashMagicAt = 12
	oldestHash  = 7 // version of the layout, of Berkeley DB 3.1

	pageHeader   = 26
	pageUnsorted = 2
	pageOverflow = 7
	pageHash     = 13

	itemHere     = 1 // the bytes stand on the page
	itemElsewere = 3 // they stand on pages of their own
)

// readBerkeley reads every record of a hash. It looks at all pages rather than
// into the hash: each pair of items of a page is a key and its data.
func readBerkeley(b []byte, o binary.ByteOrder) ([]record, error) {
	if len(b) < 72 {
		return nil, errors.New("a file of Berkeley DB that ends in its header")
	}
	if v := o.Uint32(b[hashMagicAt+4:]); v < oldestHash || v > 10 {
		return nil, fmt.Errorf("a hash of Berkeley DB of version %d, of which 7 to 10 are known", v)
	}
	size := int(o.Uint32(b[20:]))
	if size < 512 || size > 65536 || size&(size-1) != 0 {
		return nil, fmt.Errorf("a file of Berkeley DB with pages of %d bytes", size)
	}
	if b[24] != 0 {
		return nil, errors.New("a file of Berkeley DB that is encrypted")
	}
	d := &berkeley{b, o, size}
	var out []record
	for at := size; at+size <= len(b); at += size {
		page := b[at : at+size]
		if t := page[25]; t != pageHash && t != pageUnsorted {
			continue
		}
		items, err := d.items(page)
		if err != nil {
			return nil, fmt.Errorf("page %d of a file of Berkeley DB: %w", at/size, err)
		}
		for i := 0; i+1 < len(items); i += 2 {
			if len(out) >= maxRecords {
				return nil, fmt.Errorf("more than %d records", maxRecords)
			}
			out = append(out, record{items[i], items[i+1]})
		}
	}
	return out, nil
}

type berkeley struct {
	b    []byte
	o    binary.ByteOrder
	size int
}

// items are what a page of a hash has. They stand from its end on, and the
// places where they begin from its begin on.
func (d *berkeley) items(page []byte) ([][]byte, error) {
	n := int(d.o.Uint16(page[20:]))
	if pageHeader+2*n > len(page) {
		return nil, errors.New("more items than it has room for")
	}
	end := len(page)
	var out [][]byte
	for i := range n {
		begin := int(d.o.Uint16(page[pageHeader+2*i:]))
		if begin < pageHeader+2*n || begin >= end {
			return nil, errors.New("an item outside of it")
		}
		item := page[begin:end]
		end = begin
		switch item[0] {
		case itemHere:
			out = append(out, item[1:])
		case itemElsewere:
			long, err := d.overflow(item)
			if err != nil {
				return nil, err
			}
			out = append(out, long)
		default:
			return nil, fmt.Errorf("an item of kind %d", item[0])
		}
	}
	return out, nil
}

// overflow reads an item that stands on pages of its own.
func (d *berkeley) overflow(item []byte) ([]byte, error) {
	if len(item) < 12 {
		return nil, errors.New("an item that ends too early")
	}
	next, total := int(d.o.Uint32(item[4:])), int(d.o.Uint32(item[8:]))
	if total > maxPickle {
		return nil, fmt.Errorf("an item of %d bytes", total)
	}
	var out []byte
	for pages := 0; len(out) < total; pages++ {
		at := next * d.size
		if next == 0 || at < 0 || at+d.size > len(d.b) || pages > len(d.b)/d.size {
			return nil, errors.New("an item whose pages are not there")
		}
		page := d.b[at : at+d.size]
		length := int(d.o.Uint16(page[22:]))
		if page[25] != pageOverflow || length == 0 || pageHeader+length > d.size {
			return nil, errors.New("an item on a page that is not right")
		}
		out = append(out, page[pageHeader:pageHeader+length]...)
		next = int(d.o.Uint32(page[16:]))
	}
	return out[:total], nil
}
