// Package takeover puts the agent in the place of the stock daemon, and back.
//
// What is on the host is noted first, with a copy of what will be replaced, so
// that every later step can be repeated or taken back, wherever the work broke
// off. A second run does what is still to be done, and no more.
package takeover

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"

	"perfmon/cmd/internal/systemctl"
)

// Where things are on a host.
const (
	stockService = "perfmon.service"
	pluginPath   = "/etc/xapi.d/plugins/perfmon"
	unitDir      = "/etc/systemd/system"
	// StateDir has the note and the copies, until they are put back.
	StateDir = "/var/lib/perfmon/takeover"
	// DefaultProgram is what the host plugin becomes a link to.
	DefaultProgram = "/usr/bin/perfmonctl"
)

// Manager is the service manager of the host.
type Manager interface {
	Do(ctx context.Context, words ...string) (string, error)
	Property(ctx context.Context, unit, name string) (string, error)
}

// Options of Take and Undo.
type Options struct {
	// Root is where the host's files are; "/" on a host.
	Root    string
	Manager Manager
	// Program is the path, on the host, of what answers as the host plugin.
	Program string
	// Out gets a line for each step.
	Out io.Writer
	// DryRun says what would be done, and does nothing.
	DryRun bool
	// Step, if set, is called before and after each step with its text; an
	// error breaks the work off there. It is for tests.
	Step func(text string) error
	Now  func() time.Time
}

// worker is one run of Take or Undo.
type worker struct {
	Options
	ctx  context.Context
	note *note // nil until there is one
}

// Take stops the stock daemon and keeps it from being started, puts our host
// plugin in the place of the stock one, and starts the agent.
func Take(ctx context.Context, o Options) error {
	w := &worker{Options: o, ctx: ctx}
	return w.locked(w.take)
}

// Undo puts back what Take found.
func Undo(ctx context.Context, o Options) error {
	w := &worker{Options: o, ctx: ctx}
	if _, err := os.Stat(w.path(StateDir)); errors.Is(err, os.ErrNotExist) {
		return w.undo()
	}
	return w.locked(w.undo)
}

func (w *worker) take() error {
	known, err := w.known(systemctl.AgentService)
	if err != nil {
		return err
	}
	if !known {
		return fmt.Errorf("this host has no %s: install the package perfmon-agent first", systemctl.AgentService)
	}
	if err := w.noteWhatIsHere(); err != nil {
		return err
	}
	if err := w.stopStock(); err != nil {
		return err
	}
	if err := w.takePlugin(); err != nil {
		return err
	}
	return w.startAgent()
}

func (w *worker) stopStock() error {
	state, err := w.Manager.Property(w.ctx, stockService, "LoadState")
	if err != nil {
		return err
	}
	if state == "not-found" {
		w.say("there is no " + stockService + " on this host")
		return nil
	}
	active, err := w.active(stockService)
	if err != nil {
		return err
	}
	if err := w.step("stop "+stockService, active, func() error { return w.do("stop", stockService) }); err != nil {
		return err
	}
	err = w.step("disable "+stockService, state != "masked", func() error {
		if err := w.do("disable", stockService); err != nil {
			return err
		}
		// A file of that name, which has been saved, is in the way of the mask.
		return removeIfThere(w.path(unitDir, stockService))
	})
	if err != nil {
		return err
	}
	// A target may want the stock unit by itself, and start it again.
	return w.step("mask "+stockService+", so that nothing starts it", state != "masked", func() error { return w.do("mask", stockService) })
}

func (w *worker) takePlugin() error {
	path := w.path(pluginPath)
	if _, err := os.Stat(filepath.Dir(path)); errors.Is(err, os.ErrNotExist) {
		w.say("there is no directory of host plugins on this host")
		return nil
	}
	target, _ := os.Readlink(path)
	return w.step("put our host plugin at "+pluginPath, target != w.Program, func() error { return replaceWithLink(path, w.Program) })
}

func (w *worker) startAgent() error {
	links, err := w.links()
	if err != nil {
		return err
	}
	enabled := links.has(systemctl.AgentService) && links.has(systemctl.AgentSocket)
	err = w.step("enable the agent", !enabled, func() error { return w.do("enable", systemctl.AgentSocket, systemctl.AgentService) })
	if err != nil {
		return err
	}
	active, err := w.active(systemctl.AgentService)
	if err != nil {
		return err
	}
	err = w.step("start the agent", !active, func() error { return w.do("start", systemctl.AgentSocket, systemctl.AgentService) })
	if err != nil {
		return fmt.Errorf("%w\n'journalctl -u perfmon-agent' says why. Then run takeover again, or takeover --undo", err)
	}
	return nil
}

func (w *worker) undo() error {
	if w.note == nil {
		w.say("nothing has been taken over, so there is nothing to undo")
		return nil
	}
	active, err := w.active(systemctl.AgentService)
	if err != nil {
		return err
	}
	err = w.step("stop the agent", !w.note.AgentActive, func() error { return w.do("stop", systemctl.AgentSocket, systemctl.AgentService) })
	if err != nil {
		return err
	}
	if err := w.step("put back which units are started", true, w.restoreUnits); err != nil {
		return err
	}
	if err := w.restorePlugin(); err != nil {
		return err
	}
	if w.note.StockActive {
		if err := w.step("start "+stockService, true, func() error { return w.do("start", stockService) }); err != nil {
			return err
		}
	} else if w.note.AgentActive && !active {
		if err := w.step("start the agent", true, func() error { return w.do("start", systemctl.AgentService) }); err != nil {
			return err
		}
	}
	return w.step("remove "+StateDir, true, func() error { return os.RemoveAll(w.path(StateDir)) })
}

func (w *worker) restoreUnits() error {
	now, err := w.links()
	if err != nil {
		return err
	}
	if err := now.become(w.note.Links, w.path); err != nil {
		return err
	}
	if w.note.Override != nil {
		if err := w.note.Override.restore(w.path(unitDir, stockService), w.path(StateDir)); err != nil {
			return err
		}
	}
	return w.do("daemon-reload")
}

func (w *worker) restorePlugin() error {
	path := w.path(pluginPath)
	if !w.DryRun {
		if err := removeIfThere(unfinished(path)); err != nil {
			return err
		}
	}
	target, _ := os.Readlink(path)
	if target != w.Program {
		// Never replaced, put back already, or replaced by an update of the
		// toolstack: what is there now is newer than our copy.
		w.say("our host plugin is not at " + pluginPath)
		return nil
	}
	if w.note.Plugin == nil {
		return w.step("remove our host plugin", true, func() error { return removeIfThere(path) })
	}
	return w.step("put back the host plugin of before", true, func() error { return w.note.Plugin.restore(path, w.path(StateDir)) })
}

// locked runs f while no other takeover runs, with the note that is there. The
// directory is made by the first step that writes.
func (w *worker) locked(f func() error) error {
	if w.Now == nil {
		w.Now = time.Now
	}
	parent := w.path(filepath.Dir(StateDir))
	if !w.DryRun {
		if err := os.MkdirAll(parent, 0o700); err != nil {
			return fmt.Errorf("make state directory: %w", err)
		}
		dir, err := os.Open(parent)
		if err != nil {
			return fmt.Errorf("lock state directory: %w", err)
		}
		defer dir.Close()
		if err := unix.Flock(int(dir.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
			return fmt.Errorf("lock %s: another takeover is at work: %w", parent, err)
		}
	}
	n, err := readNote(w.path(StateDir))
	if err != nil {
		return err
	}
	w.note = n
	return f()
}

// step does one thing, unless it is done already.
func (w *worker) step(text string, needed bool, do func() error) error {
	switch {
	case !needed:
		w.say(text + ": done already")
		return nil
	case w.DryRun:
		w.say("would " + text)
		return nil
	}
	if err := w.pass(text); err != nil {
		return err
	}
	if err := do(); err != nil {
		return fmt.Errorf("%s: %w", text, err)
	}
	w.say(text + ": done")
	return w.pass(text)
}

func (w *worker) pass(text string) error {
	if err := w.ctx.Err(); err != nil {
		return err
	}
	if w.Step == nil {
		return nil
	}
	return w.Step(text)
}

func (w *worker) say(line string) { fmt.Fprintln(w.Out, line) }

// path is where a path of the host is.
func (w *worker) path(elements ...string) string {
	return filepath.Join(append([]string{w.Root}, elements...)...)
}

func (w *worker) do(words ...string) error {
	_, err := w.Manager.Do(w.ctx, words...)
	return err
}

func (w *worker) active(unit string) (bool, error) {
	state, err := w.Manager.Property(w.ctx, unit, "ActiveState")
	return state == "active" || state == "activating" || state == "reloading", err
}

func (w *worker) known(unit string) (bool, error) {
	state, err := w.Manager.Property(w.ctx, unit, "LoadState")
	return state != "not-found", err
}
