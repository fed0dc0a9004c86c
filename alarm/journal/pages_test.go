package journal

import (
	"bytes"
	"hash/fnv"
	"strings"
	"testing"
)

const smallPage = 1024

// pagesOf are the pages of smallFile that are in use, by flags.
func pagesOf(t *testing.T, file []byte, flags uint16) []int {
	t.Helper()
	m, err := readMeta(bytes.NewReader(file), int64(len(file)))
	if err != nil {
		t.Fatal(err)
	}
	c := &checker{f: bytes.NewReader(file), meta: m, seen: make([]bool, m.pages)}
	if _, err := c.freelist(); err != nil {
		t.Fatal(err)
	}
	free := bytes.NewBuffer(nil)
	for id := range c.seen {
		if c.seen[id] && uint64(id) != m.freelist {
			free.WriteByte(byte(id))
		}
	}
	var ids []int
	for id := 2; id < len(file)/smallPage; id++ {
		if order.Uint16(file[id*smallPage+8:]) == flags && bytes.IndexByte(free.Bytes(), byte(id)) < 0 {
			ids = append(ids, id)
		}
	}
	if len(ids) == 0 {
		t.Fatalf("the file has no page with flags %#x", flags)
	}
	return ids
}

// sign makes the checksum of a meta page right again.
func sign(file []byte, page int) {
	m := file[page*smallPage+pageHeader:]
	sum := fnv.New64a()
	sum.Write(m[:metaSize-8])
	order.PutUint64(m[metaSize-8:], sum.Sum64())
}

// TestCheckFile spoils one thing at a time, each of which would lead bbolt
// astray.
func TestCheckFile(t *testing.T) {
	good, _ := smallFile(t)
	branch := pagesOf(t, good, flagBranch)[0]
	leaves := pagesOf(t, good, flagLeaf)
	freelist := pagesOf(t, good, flagFreelist)[0]
	children := func(file []byte) []byte { return file[branch*smallPage+pageHeader:] }
	f := func(want string, spoil func(file []byte)) {
		t.Helper()
		file := bytes.Clone(good)
		spoil(file)
		_, err := checkFile(bytes.NewReader(file), int64(len(file)))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q in it", err, want)
		}
	}
	// A leaf of the branch, its own child and its neighbour's.
	child := int(order.Uint64(children(good)[8:]))
	header := func(file []byte, page int) []byte { return file[page*smallPage:] }

	f("is used twice", func(file []byte) { order.PutUint64(children(file)[elementSize+8:], uint64(child)) })
	f("is used twice", func(file []byte) { order.PutUint64(children(file)[8:], uint64(branch)) })
	f("page 0 of", func(file []byte) { order.PutUint64(children(file)[8:], 0) })
	f("page 1099511627776 of", func(file []byte) { order.PutUint64(children(file)[8:], 1<<40) })
	f("keys out of order", func(file []byte) {
		first, second := order.Uint64(children(file)[8:]), order.Uint64(children(file)[elementSize+8:])
		order.PutUint64(children(file)[8:], second)
		order.PutUint64(children(file)[elementSize+8:], first)
	})
	f("keys out of order", func(file []byte) {
		// The last key of the first leaf reaches into the second.
		p := page{count: int(order.Uint16(header(file, child)[10:])), data: header(file, child)[:smallPage]}
		e, err := p.element(p.count - 1)
		if err != nil {
			t.Fatal(err)
		}
		e[order.Uint32(e[4:])] = 0xff
	})
	f("keys out of order", func(file []byte) {
		p := page{data: header(file, child)[:smallPage]}
		e, err := p.element(0)
		if err != nil {
			t.Fatal(err)
		}
		e[order.Uint32(e[4:])] = 0
	})
	f("outside of itself", func(file []byte) { order.PutUint32(header(file, child)[pageHeader+4:], 1<<31) })
	f("outside of itself", func(file []byte) { order.PutUint32(header(file, child)[pageHeader+8:], 0xffffffff) })
	f("outside of itself", func(file []byte) { order.PutUint32(header(file, child)[pageHeader+12:], 0xffffffff) })
	f("outside of itself", func(file []byte) { order.PutUint32(children(file)[4:], 0xffffffff) })
	f("too short", func(file []byte) {
		order.PutUint16(header(file, branch)[10:], 0xffff)
		clear(header(file, branch)[pageHeader:smallPage])
	})
	f("empty key", func(file []byte) { order.PutUint32(header(file, child)[pageHeader+8:], 0) })
	f("flags 0x2", func(file []byte) { order.PutUint32(header(file, child)[pageHeader:], 2) })
	f("flags 0x1", func(file []byte) { order.PutUint32(header(file, child)[pageHeader:], 1) })
	f("flags 0x10", func(file []byte) { order.PutUint16(header(file, child)[8:], flagFreelist) })
	f("with 4294967295 more", func(file []byte) { order.PutUint32(header(file, child)[12:], 0xffffffff) })
	f("calls itself 7777", func(file []byte) { order.PutUint64(header(file, child), 7777) })
	f("empty branch", func(file []byte) { order.PutUint16(header(file, branch)[10:], 0) })

	ids := func(file []byte) []byte { return header(file, freelist)[pageHeader:] }
	f("used or free again", func(file []byte) { order.PutUint64(ids(file)[8:], order.Uint64(ids(file))) })
	f("used or free again", func(file []byte) { order.PutUint64(ids(file), 1<<40) })
	f("is used twice", func(file []byte) { order.PutUint64(ids(file), uint64(child)) })
	f("neither used nor free", func(file []byte) {
		count := order.Uint16(header(file, freelist)[10:])
		order.PutUint16(header(file, freelist)[10:], count-1)
	})
	f("not a list of free pages", func(file []byte) { order.PutUint16(header(file, freelist)[10:], 0xfffe) })
	f("not a list of free pages", func(file []byte) {
		order.PutUint16(header(file, freelist)[10:], 0xffff)
		order.PutUint64(ids(file), 1<<60)
	})
	f("not a list of free pages", func(file []byte) { order.PutUint16(header(file, freelist)[8:], flagLeaf) })

	// What a meta page says, with a checksum that is right.
	f("no list of free pages", func(file []byte) {
		for page := range 2 {
			order.PutUint64(header(file, page)[pageHeader+32:], noFreelist)
			sign(file, page)
		}
	})
	f("should have 99999 pages", func(file []byte) {
		for page := range 2 {
			order.PutUint64(header(file, page)[pageHeader+40:], 99999)
			sign(file, page)
		}
	})
	f("version 3", func(file []byte) {
		for page := range 2 {
			order.PutUint32(header(file, page)[pageHeader+4:], 3)
			sign(file, page)
		}
	})
	f("page size 1000", func(file []byte) {
		for page := range 2 {
			order.PutUint32(header(file, page)[pageHeader+8:], 1000)
			sign(file, page)
		}
	})
	f("checksum of the first pages", func(file []byte) {
		for page := range 2 {
			header(file, page)[pageHeader+48] ^= 1
		}
	})
	if len(leaves) < 4 {
		t.Errorf("only %d leaves: the tree is too small to tell anything", len(leaves))
	}
}

// TestCheckDepth: a chain of branches has an end.
func TestCheckDepth(t *testing.T) {
	good, _ := smallFile(t)
	m, err := readMeta(bytes.NewReader(good), int64(len(good)))
	if err != nil {
		t.Fatal(err)
	}
	const depth = maxDepth + 2
	file := make([]byte, depth*smallPage)
	for id := 2; id < depth; id++ {
		p := file[id*smallPage:]
		order.PutUint64(p, uint64(id))
		order.PutUint16(p[8:], flagBranch)
		order.PutUint16(p[10:], 1)
		order.PutUint64(p[pageHeader+8:], uint64(id+1))
	}
	m.pages = depth
	c := &checker{f: bytes.NewReader(file), meta: m, seen: make([]bool, depth)}
	if err := c.tree(2, nil, nil, 2, true); err == nil || !strings.Contains(err.Error(), "pages deep") {
		t.Errorf("error %v", err)
	}
}
