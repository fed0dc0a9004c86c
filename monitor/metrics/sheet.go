package metrics

// sheet is a part of the page whose series stay from one refresh to the next,
// only their values change. The text of a series is made of pieces that it
// shares with others, so that a series costs twelve bytes:
//
//	xen_vm_vif_receive_bytes_per_second{uuid="7b1f3c52-…",vif="0"} 73
//	└────────────── frame ──────────────────┘└── uuid ──┘└ frame ┘
//
// A frame occurs once for each kind of data source, a uuid once for each
// object. A sheet is not changed once made.
type sheet struct {
	spans  []span   // by the names of their families
	series []series // by family and then by label values, as client_golang sorts them
	frames []frame
	uuids  []uuid
}

// span is a family's part of a sheet: series[from:to].
type span struct {
	family   *family
	from, to int
}

// series is one line of a sheet.
type series struct {
	source int32 // which value it has, in words of who made the sheet
	frame  int32 // in sheet.frames
	uuid   int32 // in sheet.uuids
}

// frame is what stands around the uuid of a series: in the text forms its
// name and the other labels, in protobuf the other labels.
type frame struct {
	before, after         string
	wireBefore, wireAfter string
}

// uuid is a label value. Both strings are the same one but for foreign text.
type uuid struct {
	plain   string
	escaped string // for the text forms
}

// values has the values of a sheet's series at one time.
type values interface {
	// fetch puts those of some series of a family into to, in the base unit.
	// NaN and infinities mean unknown: then the series is not on the page.
	fetch(f *family, list []series, to []float64)
}

// fetched is room for the values of the series that are printed next. They are
// fetched some at a time, by a loop that does nothing else: so the processor
// has several on their way from memory at once.
type fetched [128]float64

func (p *passage) series() []series { return p.sheet.series[p.from:p.to] }

// fetch fetches the values of the first of some series of a passage, as many
// as there is room for.
func (p *passage) fetch(list []series, room *fetched) []float64 {
	n := min(len(list), len(room))
	p.values.fetch(p.family, list[:n], room[:n])
	return room[:n]
}
