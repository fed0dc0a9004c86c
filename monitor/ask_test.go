package monitor

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

// TestAliveBeforeAPoll: the time between two signs of life is bounded by what
// one poll may take, even if its source hangs.
func TestAliveBeforeAPoll(t *testing.T) {
	var said []time.Time
	loop(t, Options{AliveEvery: 90 * time.Second, Alive: func(string) { said = append(said, time.Now()) }}, func(s *counting, m *Monitor) {
		s.hang = true
		m.SetInventory(empty())
		time.Sleep(20 * time.Minute)
		synctest.Wait()
		for i := 1; i < len(said); i++ {
			if gap := said[i].Sub(said[i-1]); gap > fetchLimit {
				t.Errorf("%v without a sign of life", gap)
			}
		}
		if len(said) < 10 {
			t.Errorf("%d signs of life in twenty minutes", len(said))
		}
	})
}

// TestCommandsDoNotPushEachOtherOut: a flood of one command while a poll is
// under way does not cost the other, and is carried out once.
func TestCommandsDoNotPushEachOtherOut(t *testing.T) {
	rereads := 0
	loop(t, Options{Reread: func() { rereads++ }}, func(s *counting, m *Monitor) {
		s.hang = true
		m.SetInventory(empty())
		time.Sleep(time.Second)
		synctest.Wait()
		s.hang = false
		for range 10 {
			m.Do(DebugMem)
		}
		for range 10 {
			m.Do(Refresh)
		}
		time.Sleep(fetchLimit)
		synctest.Wait()
		if rereads != 1 || len(s.at) < 2 || s.at[1] != fetchLimit {
			t.Errorf("asked at %v with %d rereads, want again as soon as the hung poll is over, with 1", s.at, rereads)
		}
	})
}

// TestAliveDuringAPoll: an answer that takes its time, within what is allowed,
// does not look like a loop that hangs.
func TestAliveDuringAPoll(t *testing.T) {
	var said []time.Time
	loop(t, Options{AliveEvery: 5 * time.Second, Alive: func(string) { said = append(said, time.Now()) }}, func(s *counting, m *Monitor) {
		s.hang = true
		m.SetInventory(empty())
		time.Sleep(20 * time.Minute)
		synctest.Wait()
		for i := 1; i < len(said); i++ {
			if gap := said[i].Sub(said[i-1]); gap > 5*time.Second {
				t.Errorf("%v without a sign of life", gap)
			}
		}
	})
}

// TestCallsAreAnswered: whoever asks the loop something is answered while it
// waits for its time and while its source hangs, and is sent away when it has
// ended.
func TestCallsAreAnswered(t *testing.T) {
	loop(t, Options{}, func(s *counting, m *Monitor) {
		ask := func(when string) {
			began, ran := time.Now(), false
			if err := m.onLoop(context.Background(), func() { ran = true }); err != nil || !ran || time.Since(began) > 0 {
				t.Errorf("%s: ran %v after %v, error %v", when, ran, time.Since(began), err)
			}
		}
		ask("before the first inventory")
		m.SetInventory(empty())
		time.Sleep(time.Second)
		ask("between two polls")
		if err := m.onLoop(context.Background(), func() { s.hang = true }); err != nil {
			t.Error(err)
		}
		time.Sleep(2 * time.Minute)
		ask("while the source hangs")
	})
}

// TestCallsAfterTheEnd: nobody waits for a loop that turns no more.
func TestCallsAfterTheEnd(t *testing.T) {
	loop(t, Options{Loops: 1}, func(s *counting, m *Monitor) {
		m.SetInventory(empty())
		synctest.Wait()
		if err := m.onLoop(context.Background(), func() { t.Error("a call ran after the end") }); !errors.Is(err, ErrEnded) {
			t.Errorf("after the end: %v", err)
		}
	})
}
