package sinktest

import (
	"net"
	"slices"
	"testing"
)

// A port is one test's until that ends, whether or not anybody listens yet.
func TestPortsAreTakenUntilTheTestEnds(t *testing.T) {
	var port string
	t.Run("who has it", func(t *testing.T) {
		port = FreePorts(t, 1)[0]
		if err := take(t, port); err == nil {
			t.Errorf("port %s is given twice", port)
		}
		l, err := net.Listen("tcp", "127.0.0.1:"+port)
		if err != nil {
			t.Fatalf("who was given it cannot have it: %v", err)
		}
		l.Close()
		many := FreePorts(t, 200)
		slices.Sort(many)
		if n := len(slices.Compact(append(slices.Clone(many), port))); n != 201 {
			t.Errorf("%d of 201 ports differ", n)
		}
	})
	if err := take(t, port); err != nil {
		t.Errorf("nobody has port %s any more: %v", port, err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, used, _ := net.SplitHostPort(l.Addr().String())
	if err := take(t, used); err == nil {
		t.Errorf("port %s is given although somebody listens there", used)
	}
}
