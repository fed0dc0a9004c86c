package drivers

import (
	"bytes"
	"testing"

	"perfmon/bench/checksum"
	"perfmon/bench/corpus"
)

// TestChecksums has every driver decode the same values, twice.
func TestChecksums(t *testing.T) {
	var want checksum.Sum
	for _, f := range corpus.Forms {
		var document bytes.Buffer
		if err := corpus.Write(&document, corpus.Small, f); err != nil {
			t.Fatal(err)
		}
		if f.Digits != 15 {
			want = checksum.Sum{} // other digits, other values
		}
		for _, d := range All() {
			if d.JSON != f.JSON || d.Partly {
				continue
			}
			t.Run(f.Name+"/"+d.Name, func(t *testing.T) {
				for range 2 {
					sum := checksum.Sum{Ordered: true}
					if err := d.Decode(document.Bytes(), &sum); err != nil {
						t.Fatal(err)
					}
					if sum.Count != corpus.Small.Values() {
						t.Fatalf("%d values, want %d", sum.Count, corpus.Small.Values())
					}
					if want.Count == 0 {
						want = sum
					}
					if sum != want {
						t.Errorf("checksum %x, want %x", sum.Mix, want.Mix)
					}
				}
			})
		}
	}
}
