package turn

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

func TestTurn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		turn, inside := New(), 0
		for range 3 {
			go func() {
				if err := turn.Enter(t.Context()); err != nil {
					t.Error(err)
				}
				if inside++; inside != 1 {
					t.Error("two at a time")
				}
				time.Sleep(time.Second)
				inside--
				turn.Leave()
			}()
		}
		time.Sleep(500 * time.Millisecond)
		short, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := turn.Enter(short); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("a wait that is too short: %v", err)
		}
		time.Sleep(time.Hour)
		if err := turn.Enter(t.Context()); err != nil {
			t.Errorf("afterwards: %v", err)
		}
	})
}

type fake struct {
	alive   bool
	dropped int
}

func (f *fake) Alive() bool { return f.alive }
func (f *fake) Drop()       { f.dropped++ }

func TestConnection(t *testing.T) {
	var made []*fake
	var fail error
	c := NewConnection(func(context.Context) (*fake, error) {
		if fail != nil {
			return nil, fail
		}
		made = append(made, &fake{alive: true})
		return made[len(made)-1], nil
	})
	get := func(want int) {
		t.Helper()
		if got, err := c.Get(t.Context()); err != nil || len(made) != want || got != made[want-1] {
			t.Fatalf("of %d, got %p: %v", len(made), got, err)
		}
	}
	if len(made) > 0 {
		t.Fatal("connected before anybody asked")
	}
	get(1)
	get(1)
	made[0].alive = false
	fail = errors.New("nobody there")
	if _, err := c.Get(t.Context()); !errors.Is(err, fail) {
		t.Errorf("nobody there: %v", err)
	}
	fail = nil
	get(2)
	if made[0].dropped != 1 || made[1].dropped != 0 {
		t.Errorf("dropped: %d, %d", made[0].dropped, made[1].dropped)
	}

	ended := 0
	for range 2 {
		if err := c.Close(t.Context(), func(got *fake) {
			if ended++; got != made[1] {
				t.Error("another was closed")
			}
		}); err != nil {
			t.Error(err)
		}
	}
	if ended != 1 {
		t.Errorf("closed %d times", ended)
	}
	get(3)
}

// While one connects, others wait, and no longer than they want to.
func TestConnectionWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		answer := make(chan struct{})
		c := NewConnection(func(context.Context) (*fake, error) {
			<-answer
			return &fake{alive: true}, nil
		})
		first := make(chan *fake)
		go func() {
			f, _ := c.Get(t.Context())
			first <- f
		}()
		synctest.Wait()
		short, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := c.Get(short); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("get: %v", err)
		}
		if err := c.Close(short, func(*fake) { t.Error("closed") }); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("close: %v", err)
		}
		close(answer)
		f := <-first
		if again, err := c.Get(t.Context()); err != nil || again != f {
			t.Errorf("the second: %p instead of %p, %v", again, f, err)
		}
	})
}
