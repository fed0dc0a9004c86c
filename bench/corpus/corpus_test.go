package corpus

import "testing"

type counter int

func (c *counter) Write(p []byte) (int, error) { *c += counter(len(p)); return len(p), nil }

// TestSizes holds the full documents to the sizes that the figures are quoted
// for, by what some of their rows have.
func TestSizes(t *testing.T) {
	size := func(rows int, f Form) int {
		var n counter
		if err := Write(&n, Shape{Full.VMs, rows}, f); err != nil {
			t.Fatal(err)
		}
		return int(n)
	}
	for i, megabytes := range []int{72, 57, 50} {
		one, some := size(1, Forms[i]), size(9, Forms[i])
		n := one + (some-one)*(Full.Rows-1)/8
		if d := n - megabytes*1e6; d < -7e5 || d > 7e5 {
			t.Errorf("%s has some %d bytes: want %d MB", Forms[i].Name, n, megabytes)
		}
	}
}
