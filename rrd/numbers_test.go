package rrd

import (
	"bytes"
	"flag"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

var numbers = flag.Int64("numbers", 100_000, "how many random numbers TestNumbers compares with strconv")

// TestNumbers decodes random numbers in both forms, and wants the bits that
// strconv makes of them. `make numbers` does it with 10⁸.
func TestNumbers(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d, %d numbers", seed, *numbers)
	var done atomic.Int64
	var workers sync.WaitGroup
	for i := range runtime.GOMAXPROCS(0) {
		workers.Go(func() {
			r := rand.New(rand.NewPCG(seed, uint64(i)))
			d := NewDecoder(nil, DecoderOptions{})
			for !t.Failed() && done.Add(batch) <= *numbers+batch {
				compareBatch(t, d, r)
			}
		})
	}
	if *numbers > 1<<20 {
		showProgress(&workers, &done)
	}
	workers.Wait()
}

// batch is how many numbers are in one document.
const batch = 5000

// showProgress says every few seconds how far the workers are.
func showProgress(workers *sync.WaitGroup, done *atomic.Int64) {
	end := make(chan struct{})
	go func() {
		workers.Wait()
		close(end)
	}()
	for {
		select {
		case <-end:
			fmt.Fprintf(os.Stderr, "%d numbers compared\n", min(done.Load(), *numbers))
			return
		case <-time.After(5 * time.Second):
			fmt.Fprintf(os.Stderr, "%d of %d numbers\n", min(done.Load(), *numbers), *numbers)
		}
	}
}

func compareBatch(t *testing.T, d *Decoder, r *rand.Rand) {
	texts := make([]string, batch)
	for i := range texts {
		texts[i] = randomNumber(r)
	}
	const head = `<xport><meta><start>5</start><step>5</step><end>5</end><legend>`
	document := head + strings.Repeat("<entry>A:vm:u:n</entry>", batch) + "</legend></meta><data><row><t>5</t><v>" +
		strings.Join(texts, "</v><v>") + "</v></row></data></xport>"
	if r.IntN(2) == 0 {
		document = `{"meta":{"start":"5","step":"5","end":"5","legend":["A:vm:u:n"` + strings.Repeat(`,"A:vm:u:n"`, batch-1) +
			`]},"data":[{"t":"5","values":["` + strings.Join(texts, `","`) + `"]}]}`
	}
	d.Reset(bytes.NewReader([]byte(document)))
	row, err := d.Next()
	if err != nil {
		t.Error(err)
		return
	}
	for i, text := range texts {
		want, err := strconv.ParseFloat(text, 64)
		if err != nil && !math.IsInf(want, 0) {
			t.Errorf("%q is no number of strconv's: %v", text, err)
		}
		if got := row.Values[i]; math.Float64bits(got) != math.Float64bits(want) {
			t.Errorf("%q: got %b, strconv has %b", text, got, want)
		}
	}
	if _, err := d.Next(); err != io.EOF {
		t.Errorf("after the row: %v", err)
	}
}

// randomNumber spells a number in one of the ways that there are: what
// toolstacks write, and what is hard to round.
func randomNumber(r *rand.Rand) string {
	anything := math.Float64frombits(r.Uint64())
	for math.IsNaN(anything) || math.IsInf(anything, 0) {
		anything = math.Float64frombits(r.Uint64())
	}
	sample := float64(float32(r.NormFloat64() * math.Pow(10, float64(r.IntN(16)-5))))
	switch r.IntN(12) {
	case 0:
		return strconv.FormatFloat(anything, 'g', 17, 64)
	case 1:
		return strconv.FormatFloat(anything, 'g', 15, 64)
	case 2:
		return strconv.FormatFloat(anything, 'g', -1, 64)
	case 3:
		return strconv.FormatFloat(anything, 'g', 5, 64)
	case 4, 5:
		return strconv.FormatFloat(sample, 'g', 15, 64)
	case 6:
		return strconv.FormatFloat(sample, 'g', 5, 64)
	case 7:
		return strconv.FormatFloat(sample, 'f', 4, 64)
	case 8:
		return strconv.FormatFloat(sample, 'g', 17, 64)
	case 9:
		return halfway(r)
	default:
		return randomDigits(r)
	}
}

// halfway is a decimal between two neighbouring float64s, as far from one as
// from the other, or one next to it.
func halfway(r *rand.Rand) string {
	n := 1<<53 + r.Uint64N(1<<53) // the distance of float64s is 2 here
	shift := r.IntN(4)            // and half of that with each shift
	fraction := []string{"", ".5", ".25", ".125"}[shift]
	if shift == 0 {
		n |= 1
	}
	text := strconv.FormatUint(n>>shift, 10) + fraction
	if shift == 0 {
		text = strconv.FormatUint(n+uint64(r.IntN(3))-1, 10)
	}
	switch r.IntN(3) {
	case 0:
		return text + fmt.Sprintf("e%+03d", r.IntN(60)-30)
	case 1:
		if shift > 0 {
			return text + "1"
		}
	}
	return text
}

// randomDigits has 1 to 20 digits, a dot among them or none, and an exponent
// or none.
func randomDigits(r *rand.Rand) string {
	var b []byte
	if r.IntN(4) == 0 {
		b = append(b, '-')
	}
	n := 1 + r.IntN(20)
	dot := r.IntN(2*n + 1)
	leading := r.IntN(4) == 0
	for i := range n {
		if i == dot && i > 0 {
			b = append(b, '.')
		}
		digit := byte(r.IntN(10))
		if leading && i < n/2 {
			digit = 0
		}
		b = append(b, '0'+digit)
	}
	switch r.IntN(6) {
	case 0:
		b = fmt.Appendf(b, "e%+03d", r.IntN(80)-40)
	case 1:
		b = fmt.Appendf(b, "%c%d", "eE"[r.IntN(2)], r.IntN(700)-350)
	}
	return string(b)
}
