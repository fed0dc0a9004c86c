package named

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
)

// One at a time has a name, others have others; who waits in vain takes nothing.
func TestLocks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var l Locks
		release, err := l.Take(t.Context(), "a")
		if err != nil {
			t.Fatal(err)
		}
		other, err := l.Take(t.Context(), "b")
		if err != nil {
			t.Fatal(err)
		}
		other()

		ended, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := l.Take(ended, "a"); !errors.Is(err, context.Canceled) {
			t.Errorf("taken, or another error: %v", err)
		}

		taken := false
		go func() {
			again, err := l.Take(t.Context(), "a")
			if err != nil {
				t.Error(err)
				return
			}
			taken = true
			again()
		}()
		synctest.Wait()
		if taken {
			t.Error("two have the name")
		}
		release()
		synctest.Wait()
		if !taken {
			t.Error("nobody has the name, and who waits for it does not get it")
		}
	})
}
