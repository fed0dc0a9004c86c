package drivers

import (
	"bytes"
	"io"

	"perfmon/bench/checksum"
	"perfmon/bench/corpus"
	"perfmon/rrd"
)

// decoder is the agent's, which lives as long as the agent does.
type decoder struct{ d *rrd.Decoder }

func (o *decoder) all(document []byte, sum *checksum.Sum) error { return o.decode(document, sum, nil) }

func (o *decoder) wanted(document []byte, sum *checksum.Sum) error {
	return o.decode(document, sum, corpus.Wanted)
}

func (o *decoder) decode(document []byte, sum *checksum.Sum, wanted func(column int) bool) error {
	if o.d == nil {
		o.d = rrd.NewDecoder(nil, rrd.DecoderOptions{})
	}
	o.d.Reset(bytes.NewReader(document))
	h, err := o.d.Header()
	if err != nil {
		return err
	}
	if wanted != nil {
		columns := make([]bool, len(h.Legend.Entries))
		for i := range columns {
			columns[i] = wanted(i)
		}
		o.d.Want(columns)
	}
	for {
		row, err := o.d.Next()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		for _, v := range row.Values {
			sum.Add(v)
		}
	}
}
