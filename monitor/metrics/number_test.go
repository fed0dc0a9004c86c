package metrics

import (
	"flag"
	"math"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"
)

// sameNumber compares with what client_golang's writers do.
func sameNumber(t *testing.T, v float64) {
	t.Helper()
	want := strconv.FormatFloat(v, 'g', -1, 64)
	if v == 0 {
		want = "0"
	}
	if got := string(appendNumber(nil, v, false)); got != want {
		t.Fatalf("%x: %s, want %s", math.Float64bits(v), got, want)
	}
	if !strings.ContainsAny(want, "e.") {
		want += ".0"
	}
	if got := string(appendNumber(nil, v, true)); got != want {
		t.Fatalf("%x: %s in OpenMetrics, want %s", math.Float64bits(v), got, want)
	}
}

var numbers = flag.Int("numbers", 400_000, "how many random numbers TestRandomNumbers compares with strconv")

// TestRandomNumbers compares random numbers; `make numbers` does it with 10⁸.
func TestRandomNumbers(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d, %d numbers", seed, *numbers)
	random := rand.New(rand.NewPCG(seed, 2))
	first, end := math.Float64bits(shortestMin), math.Float64bits(shortestEnd)
	for n := 0; n < *numbers; n += 8 {
		// Of any bits of those that are not left to strconv, and with many bits
		// the same at the end, where its bounds are.
		bits := first + random.Uint64N(end-first)
		low := uint64(1)<<random.IntN(53) - 1
		sameNumber(t, math.Float64frombits(bits))
		sameNumber(t, math.Float64frombits(bits|low))
		sameNumber(t, math.Float64frombits(bits&^low))
		any := math.Float64frombits(random.Uint64())
		if finite(any) {
			sameNumber(t, any)
		}
		// Of few digits, as toolstacks write them, and their neighbours.
		text := strconv.FormatFloat(math.Exp(random.Float64()*80-40), 'g', 1+random.IntN(17), 64)
		few, err := strconv.ParseFloat(text, 64)
		if err != nil {
			t.Fatal(err)
		}
		sameNumber(t, few)
		sameNumber(t, -few)
		sameNumber(t, math.Nextafter(few, 0))
		sameNumber(t, math.Nextafter(few, math.Inf(1)))
	}
	for e := -30; e < 30; e++ {
		for _, v := range []float64{math.Pow10(e), math.Pow(2, float64(e)), 1 - math.Pow10(e), 9.99999999999999 * math.Pow10(e), 999999999999999e-5} {
			sameNumber(t, v)
			sameNumber(t, math.Nextafter(v, 0))
			sameNumber(t, math.Nextafter(v, math.Inf(1)))
		}
	}
}

// FuzzNumber compares numbers of any bits.
func FuzzNumber(f *testing.F) {
	for _, v := range []float64{0, 1, 0.1, 1e6, 123456.789, 1e-5, 1e15, 9007199254740993} {
		f.Add(math.Float64bits(v))
	}
	for _, v := range []float64{shortestMin, shortestEnd} {
		f.Add(math.Float64bits(v))
		f.Add(math.Float64bits(math.Nextafter(v, 0)))
	}
	f.Fuzz(func(t *testing.T, bits uint64) {
		if v := math.Float64frombits(bits); finite(v) {
			sameNumber(t, v)
		}
	})
}

func BenchmarkNumber(b *testing.B) {
	random := rand.New(rand.NewPCG(1, 2))
	for _, digits := range []int{5, 15, 17} {
		var all [1 << 10]float64
		for i := range all {
			all[i], _ = strconv.ParseFloat(strconv.FormatFloat(random.Float64()*1e3, 'g', digits, 64), 64)
		}
		buffer := make([]byte, 0, 64)
		b.Run(strconv.Itoa(digits), func(b *testing.B) {
			for i := range b.N {
				appendNumber(buffer, all[i%len(all)], false)
			}
		})
		b.Run(strconv.Itoa(digits)+"/strconv", func(b *testing.B) {
			for i := range b.N {
				strconv.AppendFloat(buffer, all[i%len(all)], 'g', -1, 64)
			}
		})
	}
}

// TestNumbers compares with what strconv makes of many numbers, through
// client_golang's writers; see pageAt.
func TestNumbers(t *testing.T) {
	var columns []column
	add := func(v float64) {
		columns = append(columns, average("vm", "u", "x"+strconv.Itoa(len(columns)), v))
	}
	for _, v := range []float64{0, math.Copysign(0, -1), 1, -1, 0.5, 999999, 1e6, 1e6 - 0.5, -999999, -1e6, 1000001, 123456789, 1e20, 1e21, 1e22, 1e-4, 1e-5, 1.5e-7,
		math.MaxFloat64, -math.MaxFloat64, math.SmallestNonzeroFloat64, math.Pi, 1 << 53, 1<<53 + 2, 4294967296, 0.1, 1.0 / 3, 100000.5} {
		add(v)
	}
	for i := range 60 {
		add(math.Pow10(i-30) * 1.25)
		add(-math.Pow(2, float64(i)))
	}
	pageAt(t, picture(columns...), now)
}
