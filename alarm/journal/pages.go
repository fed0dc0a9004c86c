package journal

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/fnv"
	"io"
)

// bbolt follows the page numbers and offsets of its file wherever they lead,
// without a bound, and partly in goroutines that it starts itself, where a
// fault ends the program. So a file is checked before bbolt sees it: every
// page that can be reached, every offset and the order of keys, by reading
// each page once. The format (bbolt 1.5.0, internal/common) in the byte order
// of the machine:
//
//	page:    id u64, flags u16, count u16, overflow u32 (pages that follow), then
//	meta     (flag 4, pages 0 and 1): magic u32, version u32, page size u32, flags u32,
//	         root u64, sequence u64, freelist u64, pages u64, txid u64, FNV-1a of these u64
//	branch   (flag 1): count × (pos u32, key size u32, page u64), keys
//	leaf     (flag 2): count × (flags u32, pos u32, key size u32, value size u32), keys and values
//	freelist (flag 16): count × page u64; count 0xffff: the real one comes first
//
// pos counts from the element's own start. A leaf element with flag 1 is a
// bucket: root page u64 and sequence u64, and after them, if the root is 0, a
// leaf page of its own.
const (
	pageHeader  = 16
	metaSize    = 64
	elementSize = 16
	bucketSize  = 16

	flagBranch   = 1
	flagLeaf     = 2
	flagFreelist = 16
	flagBucket   = 1

	metaMagic   = 0xED0CDAED
	metaVersion = 2
	noFreelist  = ^uint64(0)

	maxDepth = 32 // of pages under one another, in one bucket
)

var order = binary.NativeEndian

// usage says how much of a file is used.
type usage struct {
	pageSize int64
	pages    int64 // below the highest in use
	free     int64 // of them
}

func (u usage) usedBytes() int64 { return (u.pages - u.free) * u.pageSize }

// meta is what a meta page says.
type meta struct {
	pageSize              int64
	root, freelist, pages uint64
	txid                  uint64
}

// checkFile checks a bbolt file of size bytes. Its errors say what is wrong;
// reading costs at most the file's size once.
func checkFile(f io.ReaderAt, size int64) (usage, error) {
	m, err := readMeta(f, size)
	if err != nil {
		return usage{}, err
	}
	if m.pages < 4 || m.pages > uint64(size/m.pageSize) {
		return usage{}, fmt.Errorf("it has %d bytes, and should have %d pages of %d", size, m.pages, m.pageSize)
	}
	c := &checker{f: f, meta: m, seen: make([]bool, m.pages)}
	c.seen[0], c.seen[1] = true, true
	free, err := c.freelist()
	if err != nil {
		return usage{}, err
	}
	if err := c.tree(m.root, nil, nil, 0, true); err != nil {
		return usage{}, err
	}
	for id, seen := range c.seen {
		if !seen {
			return usage{}, fmt.Errorf("page %d is neither used nor free", id)
		}
	}
	return usage{pageSize: m.pageSize, pages: int64(m.pages), free: free}, nil
}

// readMeta finds the newer of the two meta pages that are whole. A power cut
// may have torn the other.
func readMeta(f io.ReaderAt, size int64) (meta, error) {
	first, err := metaAt(f, 0)
	if err == nil {
		if second, err := metaAt(f, first.pageSize); err == nil && second.pageSize == first.pageSize && second.txid > first.txid {
			return second, nil
		}
		return first, nil
	}
	// Where the second is depends on the page size, which nobody tells us.
	for offset := int64(1024); offset <= 64<<10 && offset < size; offset *= 2 {
		if second, err := metaAt(f, offset); err == nil && second.pageSize == offset {
			return second, nil
		}
	}
	return meta{}, err
}

func metaAt(f io.ReaderAt, offset int64) (meta, error) {
	b := make([]byte, metaSize)
	if _, err := f.ReadAt(b, offset+pageHeader); err != nil {
		return meta{}, fmt.Errorf("read the first pages: %w", err)
	}
	if magic := order.Uint32(b); magic != metaMagic {
		return meta{}, fmt.Errorf("it begins with %#x instead of %#x: not a bbolt file", magic, uint32(metaMagic))
	}
	if version := order.Uint32(b[4:]); version != metaVersion {
		return meta{}, fmt.Errorf("version %d of bbolt's format, not %d", version, metaVersion)
	}
	sum := fnv.New64a()
	sum.Write(b[:metaSize-8])
	if order.Uint64(b[metaSize-8:]) != sum.Sum64() {
		return meta{}, fmt.Errorf("checksum of the first pages is wrong")
	}
	m := meta{
		pageSize: int64(order.Uint32(b[8:])), root: order.Uint64(b[16:]),
		freelist: order.Uint64(b[32:]), pages: order.Uint64(b[40:]), txid: order.Uint64(b[48:]),
	}
	if m.pageSize < 1024 || m.pageSize > 64<<10 || m.pageSize&(m.pageSize-1) != 0 {
		return meta{}, fmt.Errorf("page size %d", m.pageSize)
	}
	return m, nil
}

// checker walks a file. seen are the pages that it has come across.
type checker struct {
	f    io.ReaderAt
	meta meta
	seen []bool
}

// page reads a page with those that follow it, and marks them as seen.
func (c *checker) page(id uint64) (page, error) {
	if id < 2 || id >= c.meta.pages {
		return page{}, fmt.Errorf("page %d of %d", id, c.meta.pages)
	}
	header := make([]byte, pageHeader)
	if _, err := c.f.ReadAt(header, int64(id)*c.meta.pageSize); err != nil {
		return page{}, fmt.Errorf("read page %d: %w", id, err)
	}
	p := page{id: id, flags: order.Uint16(header[8:]), count: int(order.Uint16(header[10:]))}
	after := uint64(order.Uint32(header[12:]))
	if order.Uint64(header) != id || after >= c.meta.pages-id {
		return page{}, fmt.Errorf("page %d calls itself %d, with %d more", id, order.Uint64(header), after)
	}
	for i := id; i <= id+after; i++ {
		if c.seen[i] {
			return page{}, fmt.Errorf("page %d is used twice", i)
		}
		c.seen[i] = true
	}
	p.data = make([]byte, int64(after+1)*c.meta.pageSize)
	if _, err := c.f.ReadAt(p.data, int64(id)*c.meta.pageSize); err != nil {
		return page{}, fmt.Errorf("read page %d: %w", id, err)
	}
	return p, nil
}

// freelist marks the free pages as seen and counts them.
func (c *checker) freelist() (int64, error) {
	if c.meta.freelist == noFreelist {
		return 0, fmt.Errorf("no list of free pages")
	}
	p, err := c.page(c.meta.freelist)
	if err != nil {
		return 0, err
	}
	ids := p.data[pageHeader:]
	count := uint64(p.count)
	if count == 0xffff {
		count, ids = order.Uint64(ids), ids[8:]
	}
	if p.flags != flagFreelist || count > uint64(len(ids)/8) {
		return 0, fmt.Errorf("page %d is not a list of free pages", p.id)
	}
	for i := range count {
		id := order.Uint64(ids[8*i:])
		if id < 2 || id >= c.meta.pages || c.seen[id] {
			return 0, fmt.Errorf("page %d is free, and used or free again", id)
		}
		c.seen[id] = true
	}
	return int64(count), nil
}

// tree checks the pages from id on, whose keys have to lie in [low, high);
// nil is no bound. Only the top level may hold buckets.
func (c *checker) tree(id uint64, low, high []byte, depth int, top bool) error {
	if depth > maxDepth {
		return fmt.Errorf("page %d lies more than %d pages deep", id, maxDepth)
	}
	p, err := c.page(id)
	if err != nil {
		return err
	}
	switch p.flags {
	case flagLeaf:
		return c.leaf(p, low, high, top)
	case flagBranch:
		return c.branch(p, low, high, depth, top)
	}
	return fmt.Errorf("page %d has flags %#x", id, p.flags)
}

func (c *checker) branch(p page, low, high []byte, depth int, top bool) error {
	if p.count == 0 {
		return fmt.Errorf("page %d is an empty branch", p.id)
	}
	keys, children := make([][]byte, p.count), make([]uint64, p.count)
	for i := range p.count {
		e, err := p.element(i)
		if err != nil {
			return err
		}
		children[i] = order.Uint64(e[8:])
		if keys[i], err = p.bytes(e, order.Uint32(e), order.Uint32(e[4:])); err != nil {
			return err
		}
	}
	if err := p.inOrder(keys, low, high); err != nil {
		return err
	}
	for i, child := range children {
		end := high
		if i+1 < len(keys) {
			end = keys[i+1]
		}
		if err := c.tree(child, keys[i], end, depth+1, top); err != nil {
			return err
		}
	}
	return nil
}

func (c *checker) leaf(p page, low, high []byte, top bool) error {
	keys := make([][]byte, p.count)
	for i := range p.count {
		e, err := p.element(i)
		if err != nil {
			return err
		}
		pos, keySize, valueSize := order.Uint32(e[4:]), order.Uint32(e[8:]), order.Uint32(e[12:])
		if keys[i], err = p.bytes(e, pos, keySize); err != nil {
			return err
		}
		value, err := p.bytes(e, pos+keySize, valueSize)
		if err != nil {
			return err
		}
		switch flags := order.Uint32(e); {
		case len(keys[i]) == 0:
			return fmt.Errorf("page %d has an empty key", p.id)
		case flags == 0 && !top:
		case flags == flagBucket && top:
			if err := c.bucket(value); err != nil {
				return fmt.Errorf("bucket %q: %w", keys[i], err)
			}
		default:
			return fmt.Errorf("page %d has an element with flags %#x", p.id, flags)
		}
	}
	return p.inOrder(keys, low, high)
}

func (c *checker) bucket(value []byte) error {
	if len(value) < bucketSize {
		return fmt.Errorf("it has %d bytes", len(value))
	}
	if root := order.Uint64(value); root != 0 {
		return c.tree(root, nil, nil, 0, false)
	}
	inline := value[bucketSize:]
	if len(inline) < pageHeader {
		return fmt.Errorf("its page has %d bytes", len(inline))
	}
	p := page{flags: order.Uint16(inline[8:]), count: int(order.Uint16(inline[10:])), data: inline}
	if p.flags != flagLeaf || order.Uint64(inline) != 0 {
		return fmt.Errorf("its page has flags %#x", p.flags)
	}
	return c.leaf(p, nil, nil, false)
}

// page is one page, with those that follow it.
type page struct {
	id    uint64
	flags uint16
	count int
	data  []byte
}

// element is the page's data from the start of element i on.
func (p page) element(i int) ([]byte, error) {
	start := pageHeader + i*elementSize
	if start+elementSize > len(p.data) {
		return nil, fmt.Errorf("page %d is too short for %d elements", p.id, p.count)
	}
	return p.data[start:], nil
}

// bytes are size bytes at pos after the element's start.
func (p page) bytes(element []byte, pos, size uint32) ([]byte, error) {
	if uint64(pos)+uint64(size) > uint64(len(element)) {
		return nil, fmt.Errorf("page %d has an element outside of itself", p.id)
	}
	return element[pos : pos+size], nil
}

func (p page) inOrder(keys [][]byte, low, high []byte) error {
	for i, key := range keys {
		if i > 0 && bytes.Compare(keys[i-1], key) >= 0 || low != nil && bytes.Compare(key, low) < 0 || high != nil && bytes.Compare(key, high) >= 0 {
			return fmt.Errorf("page %d has its keys out of order", p.id)
		}
	}
	return nil
}
