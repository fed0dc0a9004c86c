package process

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"

	"perfmon/scaling/rubber/cloud"
	"perfmon/scaling/rubber/cloud/cloudtest"
)

// sleeper is a worker without work.
func sleeper(intent, owner, name string) cloud.Spec {
	return cloud.Spec{Intent: intent, Owner: owner, Name: name, Profile: "p", Generation: "g1", Command: []string{"sleep", "600"}}
}

// connect is a driver whose machines end with the test.
func connect(t *testing.T, o Options) *Cloud {
	t.Helper()
	c, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		clear(t, o)
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
	return c
}

// clear ends all machines of a folder.
func clear(t *testing.T, o Options) {
	t.Helper()
	c, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	ids, err := c.ids()
	if err != nil {
		t.Error(err)
	}
	for _, id := range ids {
		if err := c.Delete(context.Background(), id); err != nil {
			t.Errorf("delete %s: %v", id, err)
		}
	}
}

// forgetful is a driver that crashes, once, after it has started a program and
// before it could write that down.
type forgetful struct {
	*Cloud
	crash *bool
}

func (f *forgetful) Create(ctx context.Context, s cloud.Spec) (cloud.Instance, error) {
	made, err := f.Cloud.Create(ctx, s)
	if err != nil || !*f.crash {
		return made, err
	}
	*f.crash = false
	r, err := f.load(made.ID)
	if err != nil {
		return cloud.Instance{}, err
	}
	r.PID, r.Start = 0, 0
	return cloud.Instance{}, &cloud.Error{Op: "create", Err: errors.Join(errors.New("crashed"), f.save(r))}
}

func TestPromises(t *testing.T) {
	cloudtest.Run(t, cloudtest.Suite{Start: func(t *testing.T) cloudtest.Setup {
		o := Options{Dir: filepath.Join(t.TempDir(), "state"), Max: 8, Hosts: []Host{{ID: "host-a", Room: 8}, {ID: "host-b"}}}
		t.Cleanup(func() { clear(t, o) })
		others := filepath.Join(o.Dir, "machines", "lost+found")
		if err := os.MkdirAll(others, 0o700); err != nil {
			t.Fatal(err)
		}
		foreign := exec.Command("sleep", "600")
		foreign.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
		if err := foreign.Start(); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			_ = foreign.Process.Kill()
			_ = foreign.Wait()
		})
		crash := false
		return cloudtest.Setup{
			Connect: func() (cloud.Cloud, error) {
				c, err := New(o)
				return &forgetful{c, &crash}, err
			},
			Spec:       sleeper,
			Hosts:      []string{"host-a", "host-b"},
			LoseAnswer: func() { crash = true },
			Untouched: func() error {
				if _, err := os.Stat(others); err != nil {
					return err
				}
				if s, there, err := readStat(foreign.Process.Pid); err != nil || !there || s.ended() {
					return fmt.Errorf("a foreign process has ended: %v", err)
				}
				return nil
			},
			Break: func() func() {
				if err := errors.Join(os.Rename(o.Dir, o.Dir+".away"), os.WriteFile(o.Dir, nil, 0o600)); err != nil {
					t.Fatal(err)
				}
				return func() {
					if err := errors.Join(os.Remove(o.Dir), os.Rename(o.Dir+".away", o.Dir)); err != nil {
						t.Fatal(err)
					}
				}
			},
			Refusals: []cloudtest.Refusal{
				{Name: "no command", Kind: cloud.Invalid, Checked: true, Change: func(s *cloud.Spec) { s.Command = nil }},
				{Name: "no program", Kind: cloud.Invalid, Checked: true, Change: func(s *cloud.Spec) { s.Command = []string{"no-such-program"} }},
				{Name: "a relative program", Kind: cloud.Invalid, Checked: true, Change: func(s *cloud.Spec) { s.Command = []string{"./worker"} }},
				{Name: "our own variable", Kind: cloud.Invalid, Checked: true, Change: func(s *cloud.Spec) { s.Env = map[string]string{markName: "x"} }},
				{Name: "a program that is none", Kind: cloud.Invalid, Change: func(s *cloud.Spec) {
					path := filepath.Join(t.TempDir(), "none")
					if err := os.WriteFile(path, []byte("\x7fELF"), 0o700); err != nil {
						t.Fatal(err)
					}
					s.Command = []string{path}
				}},
				{Name: "as many as there may be", Kind: cloud.Quota, Arrange: func() func() {
					c, err := New(o)
					if err != nil {
						t.Fatal(err)
					}
					var ids []string
					for n := range o.Max {
						made, err := c.Create(t.Context(), sleeper(fmt.Sprint("full-", n), "somebody", "w"))
						if err != nil {
							t.Fatal(err)
						}
						ids = append(ids, made.ID)
					}
					return func() {
						for _, id := range ids {
							if err := c.Delete(t.Context(), id); err != nil {
								t.Error(err)
							}
						}
						c.Close()
					}
				}},
			},
		}
	}})
}
