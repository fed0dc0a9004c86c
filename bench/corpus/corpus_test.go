package corpus

import (
	"testing"
)

type counter int

func (c *counter) Write(p []byte) (int, error) { *c += counter(len(p)); return len(p), nil }

// TestSizes holds the full documents to the sizes that the figures are quoted
// for.
func TestSizes(t *testing.T) {
	for i, megabytes := range []int{72, 57, 50} {
		var n counter
		if err := Write(&n, Full, Forms[i]); err != nil {
			t.Fatal(err)
		}
		if got := int(n+5e5) / 1e6; got != megabytes {
			t.Errorf("%s has %d bytes, some %d MB: want %d MB", Forms[i].Name, n, got, megabytes)
		}
	}
}
