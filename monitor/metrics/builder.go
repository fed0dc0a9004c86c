package metrics

import (
	"cmp"
	"slices"
	"strings"
)

// builder makes a sheet.
type builder struct {
	drafts []draft
	uuids  []string
	byUUID map[string]int32 // index in uuids, by the text before it was mended
	series []series
}

// draft is a frame before it is written.
type draft struct {
	family        *family
	before, after []pair // of the uuid, by name
}

func newBuilder() *builder { return &builder{byUUID: make(map[string]int32)} }

// frame takes labels, sorted by name, and returns the index of their frame.
func (b *builder) frame(f *family, labels []pair) int32 {
	at := slices.IndexFunc(labels, func(p pair) bool { return p.name > uuidLabel })
	if at < 0 {
		at = len(labels)
	}
	b.drafts = append(b.drafts, draft{f, labels[:at], labels[at:]})
	return int32(len(b.drafts) - 1)
}

// uuid returns the index of a uuid.
func (b *builder) uuid(text string) int32 {
	i, ok := b.byUUID[text]
	if !ok {
		i = int32(len(b.uuids))
		b.uuids = append(b.uuids, label(text))
		b.byUUID[text] = i
	}
	return i
}

func (b *builder) add(frame, uuid, source int32) {
	b.series = append(b.series, series{source, frame, uuid})
}

// sheet sorts what was added. Of two equal series the one with the smaller
// source stays, since a page with both cannot be read at all.
func (b *builder) sheet() *sheet {
	s := &sheet{}
	frames, groups := b.sortFrames(s)
	uuids := b.sortUUIDs(s)
	for i, x := range b.series {
		b.series[i] = series{x.source, frames[x.frame], uuids[x.uuid]}
	}
	slices.SortFunc(b.series, func(x, y series) int {
		switch {
		case groups[x.frame] != groups[y.frame]:
			return int(groups[x.frame] - groups[y.frame])
		case x.uuid != y.uuid:
			return int(x.uuid - y.uuid)
		case x.frame != y.frame:
			return int(x.frame - y.frame)
		}
		return int(x.source - y.source)
	})
	b.series = slices.CompactFunc(b.series, func(x, y series) bool { return x.frame == y.frame && x.uuid == y.uuid })
	s.series = slices.Clip(b.series)
	s.spans = b.spans(s)
	return s
}

// sortFrames writes the frames in their order. It returns where each draft
// has got to, and for each frame its group: within one, which is those of a
// family whose labels before the uuid are the same, the uuid counts first.
func (b *builder) sortFrames(s *sheet) (places, groups []int32) {
	order := make([]int32, len(b.drafts))
	for i := range order {
		order[i] = int32(i)
	}
	slices.SortFunc(order, func(x, y int32) int {
		return b.drafts[x].compare(&b.drafts[y])
	})
	sorted := make([]draft, 0, len(order))
	places = make([]int32, len(order))
	for k, i := range order {
		d := b.drafts[i]
		group := int32(0)
		if k > 0 {
			last := &b.drafts[order[k-1]]
			group = groups[len(groups)-1]
			if last.compare(&d) == 0 {
				places[i] = int32(len(sorted) - 1)
				continue
			}
			if last.compareGroup(&d) != 0 {
				group++
			}
		}
		places[i] = int32(len(sorted))
		sorted, groups = append(sorted, d), append(groups, group)
	}
	b.drafts = sorted
	s.frames = writeFrames(sorted)
	return places, groups
}

// compareGroup compares all that goes before the uuid.
func (d *draft) compareGroup(e *draft) int {
	return cmp.Or(strings.Compare(d.family.name, e.family.name),
		cmp.Compare(len(d.before)+len(d.after), len(e.before)+len(e.after)),
		slices.CompareFunc(d.before, e.before, compareValues))
}

func (d *draft) compare(e *draft) int {
	return cmp.Or(d.compareGroup(e), slices.CompareFunc(d.after, e.after, compareValues),
		slices.CompareFunc(d.before, e.before, compareNames), slices.CompareFunc(d.after, e.after, compareNames))
}

func compareValues(p, q pair) int { return strings.Compare(p.value, q.value) }
func compareNames(p, q pair) int  { return strings.Compare(p.name, q.name) }

// sortUUIDs writes the uuids in their order, and returns where each has got
// to.
func (b *builder) sortUUIDs(s *sheet) []int32 {
	order := make([]int32, len(b.uuids))
	for i := range order {
		order[i] = int32(i)
	}
	slices.SortFunc(order, func(x, y int32) int { return strings.Compare(b.uuids[x], b.uuids[y]) })
	places := make([]int32, len(order))
	s.uuids = make([]uuid, 0, len(order))
	for _, i := range order {
		text := b.uuids[i]
		if n := len(s.uuids); n == 0 || s.uuids[n-1].plain != text {
			s.uuids = append(s.uuids, uuid{text, escape(text)})
		}
		places[i] = int32(len(s.uuids) - 1)
	}
	return places
}

// spans finds the families in the sorted series.
func (b *builder) spans(s *sheet) []span {
	var all []span
	for i, x := range s.series {
		f := b.drafts[x.frame].family
		if n := len(all); n == 0 || all[n-1].family != f {
			all = append(all, span{family: f, from: i})
		}
		all[len(all)-1].to = i + 1
	}
	return all
}

// writeFrames puts all frames into one string, of which each has parts.
func writeFrames(drafts []draft) []frame {
	var text []byte
	var ends [][4]int
	for _, d := range drafts {
		var end [4]int
		text = append(text, d.family.name...)
		text = append(text, '{')
		for _, p := range d.before {
			text = append(appendTextPair(text, p), ',')
		}
		text = append(text, uuidLabel+`="`...)
		end[0] = len(text)
		text = append(text, '"')
		for _, p := range d.after {
			text = appendTextPair(append(text, ','), p)
		}
		text = append(text, "} "...)
		end[1] = len(text)
		for _, p := range d.before {
			text = appendWirePair(text, p)
		}
		end[2] = len(text)
		for _, p := range d.after {
			text = appendWirePair(text, p)
		}
		end[3] = len(text)
		ends = append(ends, end)
	}
	whole := string(text)
	frames := make([]frame, len(ends))
	start := 0
	for i, end := range ends {
		frames[i] = frame{whole[start:end[0]], whole[end[0]:end[1]], whole[end[1]:end[2]], whole[end[2]:end[3]]}
		start = end[3]
	}
	return frames
}
