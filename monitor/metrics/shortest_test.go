package metrics

import (
	"math/big"
	"testing"
)

// TestTens makes the powers of ten anew.
func TestTens(t *testing.T) {
	for i, got := range tens {
		ten := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(max(i+tensFirst, -i-tensFirst))), nil)
		want := new(big.Rat).SetInt(ten)
		if i+tensFirst < 0 {
			want.Inv(want)
		}
		// With the first bit set, rounded up.
		for one := new(big.Rat).SetInt(new(big.Int).Lsh(big.NewInt(1), 127)); want.Cmp(one) < 0; {
			want.Mul(want, big.NewRat(2, 1))
		}
		whole, rest := new(big.Int).QuoRem(want.Num(), want.Denom(), new(big.Int))
		if rest.Sign() > 0 {
			whole.Add(whole, big.NewInt(1))
		}
		value := new(big.Int).SetUint64(got[0])
		value.Or(value.Lsh(value, 64), new(big.Int).SetUint64(got[1]))
		if value.Cmp(whole) != 0 || value.BitLen() != 128 {
			t.Errorf("1e%d: %x, want %x", i+tensFirst, value, whole)
		}
	}
}
