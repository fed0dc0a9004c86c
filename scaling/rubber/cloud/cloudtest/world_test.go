package cloudtest

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"perfmon/scaling/rubber/cloud"
)

func spec(intent string) cloud.Spec {
	return cloud.Spec{Intent: intent, Owner: "me", Name: "w-" + intent}
}

func mustCreate(t *testing.T, h *Handle, s cloud.Spec) cloud.Instance {
	t.Helper()
	made, err := h.Create(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	return made
}

func TestMachineBootsStopsAndGoesByTheClock(t *testing.T) {
	now := time.Unix(1000, 0)
	w := NewWorld(Options{Now: func() time.Time { return now }, BootTime: time.Minute, StopTime: 10 * time.Second, DeleteTime: time.Second})
	h := w.Connect()
	id := mustCreate(t, h, spec("a")).ID
	f := func(after time.Duration, want cloud.State) {
		t.Helper()
		now = now.Add(after)
		if got, ok := w.Machine(id); !ok || got.State != want {
			t.Fatalf("%v later it is %s (%v), want %s", after, got.State, ok, want)
		}
	}
	f(59*time.Second, cloud.Building)
	f(time.Second, cloud.Running)
	if m, _ := w.Machine(id); len(m.Addresses) != 1 {
		t.Errorf("addresses of one that runs: %v", m.Addresses)
	}
	if err := h.Stop(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	f(9*time.Second, cloud.Running)
	if err := h.Stop(t.Context(), id); err != nil { // does not begin anew
		t.Fatal(err)
	}
	f(time.Second, cloud.Halted)
	if err := h.Wake(t.Context(), id, spec("a")); err != nil {
		t.Fatal(err)
	}
	f(time.Minute, cloud.Running)
	if err := h.Delete(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	f(0, cloud.Deleting)
	now = now.Add(time.Second)
	if _, there := w.Machine(id); there || len(w.Machines()) != 0 || w.Peak() != 1 || w.Made("me", "a") != 1 {
		t.Errorf("it is not gone, or the counts are wrong: %v, peak %d, made %d", w.Machines(), w.Peak(), w.Made("me", "a"))
	}
}

func TestFaultsInTheirOrder(t *testing.T) {
	w := NewWorld(Options{})
	h := w.Connect()
	w.Order(NoQuota(), Busy("", 7*time.Second).Next(2), Fault{Op: "create", After: 1, Err: Refused("create", cloud.Capacity, "full"), Match: func(s cloud.Spec) bool { return s.Intent == "x" }})
	f := func(intent string, want cloud.Kind, ok bool) {
		t.Helper()
		_, err := h.Create(t.Context(), spec(intent))
		if (err == nil) != ok || !ok && cloud.KindOf(err) != want {
			t.Fatalf("%s: %v, want ok %v, kind %s", intent, err, ok, want)
		}
	}
	f("a", cloud.Quota, false)
	f("a", cloud.Transient, false)
	_, err := h.List(t.Context(), "me")
	var e *cloud.Error
	if !errors.As(err, &e) || e.RetryAfter != 7*time.Second || e.Op != "list" {
		t.Errorf("list: %v", err)
	}
	f("a", 0, true)
	f("x", 0, true)
	f("x", cloud.Capacity, false)
	f("x", 0, true)
	if c := w.Calls(); c["create"] != 6 || c["list"] != 1 {
		t.Errorf("calls %v", c)
	}
}

func TestLostAnswerMakesAndHalfAnswerIsHalf(t *testing.T) {
	w := NewWorld(Options{})
	h := w.Connect()
	w.Order(LostAnswer("create"))
	if made, err := h.Create(t.Context(), spec("a")); err == nil || made.ID != "" {
		t.Fatalf("%v, %v", made, err)
	}
	again := mustCreate(t, w.Connect(), spec("a"))
	mustCreate(t, h, spec("b"))
	if w.Made("me", "a") != 1 || w.Machines()[0].ID != again.ID {
		t.Errorf("made %d, there are %v", w.Made("me", "a"), w.Machines())
	}
	w.Order(HalfAnswer())
	if list, err := h.List(t.Context(), "me"); err == nil || len(list) != 1 {
		t.Errorf("half of two: %v, %v", list, err)
	}
	if list, err := h.List(t.Context(), "me"); err != nil || len(list) != 2 {
		t.Errorf("and then: %v, %v", list, err)
	}
}

func TestDoomedMachineGoesToFailed(t *testing.T) {
	now := time.Unix(0, 0)
	w := NewWorld(Options{Now: func() time.Time { return now }, BootTime: time.Second})
	w.Doom(nil, Refused("create", cloud.Capacity, "no valid host"))
	a, b := mustCreate(t, w.Connect(), spec("a")), mustCreate(t, w.Connect(), spec("b"))
	now = now.Add(time.Second)
	if m, _ := w.Machine(a.ID); m.State != cloud.Running {
		t.Errorf("the first is %s", m.State)
	}
	if m, _ := w.Machine(b.ID); m.State != cloud.Failed || cloud.KindOf(m.Fault) != cloud.Capacity {
		t.Errorf("the second is %s, %v", m.State, m.Fault)
	}
}

func TestSlowAnswerWaitsForItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := NewWorld(Options{})
		answer := make(chan struct{})
		w.Order(Fault{Op: "create", Wait: answer, Times: 2})
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		if _, err := w.Connect().Create(ctx, spec("a")); !errors.Is(err, context.DeadlineExceeded) || len(w.Machines()) != 0 {
			t.Errorf("%v, machines %v", err, w.Machines())
		}
		done := make(chan error)
		go func() {
			_, err := w.Connect().Create(t.Context(), spec("a"))
			done <- err
		}()
		synctest.Wait()
		if len(w.Machines()) != 0 {
			t.Error("it is there before the answer")
		}
		close(answer)
		if err := <-done; err != nil || len(w.Machines()) != 1 {
			t.Errorf("%v, machines %v", err, w.Machines())
		}
	})
}

func TestRoomQuotaAndPlaces(t *testing.T) {
	w := NewWorld(Options{Quota: 4, Hosts: []Host{{ID: "a", Room: 2, Storage: []string{"sr-a"}}, {ID: "b", Names: []string{"b.example"}, Room: 2}}})
	h := w.Connect()
	f := func(intent string, change func(*cloud.Spec), want string) {
		t.Helper()
		s := spec(intent)
		if change != nil {
			change(&s)
		}
		made, err := h.Create(t.Context(), s)
		if err != nil {
			made.Host = cloud.KindOf(err).String()
		}
		if made.Host != want {
			t.Errorf("%s is on %q (%v), want %q", intent, made.Host, err, want)
		}
	}
	f("1", nil, "a")
	f("2", nil, "b")
	f("3", func(s *cloud.Spec) { s.Prefer = []string{"B.example"} }, "b")
	f("4", func(s *cloud.Spec) { s.AvoidStorage = []string{"sr-a"} }, "capacity")
	f("5", func(s *cloud.Spec) { s.Avoid = []string{"a"} }, "capacity")
	f("6", nil, "a")
	w.SetHosts(Host{ID: "c"})
	f("7", nil, "quota")
	w.SetQuota(5)
	f("8", nil, "c")
	if w.Peak() != 5 {
		t.Errorf("peak %d", w.Peak())
	}
}

func TestWakeMovesWhatMayNotStay(t *testing.T) {
	w := NewWorld(Options{Hosts: []Host{{ID: "a"}, {ID: "b"}}})
	h := w.Connect()
	id := mustCreate(t, h, spec("1")).ID
	f := func(s cloud.Spec, want string) {
		t.Helper()
		if err := h.Park(t.Context(), id); err != nil {
			t.Fatal(err)
		}
		err := h.Wake(t.Context(), id, s)
		if m, _ := w.Machine(id); m.Host != want {
			t.Errorf("it wakes on %q, want %q (%v)", m.Host, want, err)
		}
	}
	mustCreate(t, h, cloud.Spec{Intent: "2", Owner: "me", Name: "w", Avoid: []string{"b"}})
	f(cloud.Spec{}, "a") // though b is emptier
	f(cloud.Spec{Avoid: []string{"a"}}, "b")
	f(cloud.Spec{Prefer: []string{"a"}}, "a")
	f(cloud.Spec{Avoid: []string{"a", "b"}}, "a")
	if m, _ := w.Machine(id); m.State != cloud.Halted {
		t.Errorf("one that found no host is %s", m.State)
	}
}
