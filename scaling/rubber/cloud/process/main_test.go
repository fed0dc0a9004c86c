package process

import (
	"fmt"
	"os"
	"testing"

	"go.uber.org/goleak"
)

// TestMain makes this program what a test starts: a worker that misbehaves, or
// a rubber that crashes.
func TestMain(m *testing.M) {
	if role := os.Getenv("PROCESS_TEST_ROLE"); role != "" {
		if err := play(role); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	goleak.VerifyTestMain(m)
}

// play is the part that this program has as the child of a test.
func play(role string) error {
	switch role {
	case "deaf":
		return playDeaf()
	case "parent":
		return playParent()
	case "controller":
		return playController()
	}
	return fmt.Errorf("no role %q", role)
}
