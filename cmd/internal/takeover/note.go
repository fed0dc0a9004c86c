package takeover

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/google/renameio/v2"

	"perfmon/cmd/internal/systemctl"
)

const (
	noteName    = "note.json"
	noteVersion = 1
)

// note is what was on the host before anything was changed, in
// /var/lib/perfmon/takeover/note.json. The copies that it names are beside it.
type note struct {
	Version int       `json:"version"`
	Time    time.Time `json:"time"`
	// StockActive and AgentActive say what ran.
	StockActive bool `json:"stock_active"`
	AgentActive bool `json:"agent_active"`
	// Links are those that start, mask or rename units.
	Links links `json:"links"`
	// Override is a file of the stock unit's name in /etc/systemd/system.
	Override *saved `json:"override,omitempty"`
	// Plugin is what was at the host plugin's path; nil for nothing.
	Plugin *saved `json:"plugin,omitempty"`
}

// readNote reads the note of a takeover; nil if there is none.
func readNote(dir string) (*note, error) {
	path := filepath.Join(dir, noteName)
	b, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read what was before: %w", err)
	}
	n := &note{}
	if err := json.Unmarshal(b, n); err != nil {
		return nil, fmt.Errorf("read what was before: %s: %w (the copies beside it are whole: put them back by hand)", path, err)
	}
	if n.Version != noteVersion {
		return nil, fmt.Errorf("read what was before: %s has version %d, and this program knows %d: use the perfmonctl that wrote it", path, n.Version, noteVersion)
	}
	return n, nil
}

func (n *note) write(dir string) error {
	b, err := json.MarshalIndent(n, "", "  ")
	if err != nil {
		return err
	}
	if err := renameio.WriteFile(filepath.Join(dir, noteName), append(b, '\n'), 0o600); err != nil {
		return fmt.Errorf("write what was before: %w", err)
	}
	return syncDir(dir)
}

// noteWhatIsHere makes the note, or brings the copy of the plugin up to date
// if an update of the toolstack has put a new one in our place.
func (w *worker) noteWhatIsHere() error {
	text := "save what is here in " + StateDir
	if w.note == nil {
		return w.step(text, true, func() error { return w.makeNote() })
	}
	plugin, err := w.findPlugin()
	if err != nil {
		return err
	}
	newer := plugin != nil && (w.note.Plugin == nil || !plugin.same(w.note.Plugin))
	return w.step(text, newer, func() error {
		if err := plugin.keep(w.path(pluginPath), w.path(StateDir)); err != nil {
			return err
		}
		w.note.Plugin = plugin
		return w.note.write(w.path(StateDir))
	})
}

func (w *worker) makeNote() error {
	dir := w.path(StateDir)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	n := &note{Version: noteVersion, Time: w.Now().UTC()}
	var err error
	if n.StockActive, err = w.active(stockService); err != nil {
		return err
	}
	if n.AgentActive, err = w.active(systemctl.AgentService); err != nil {
		return err
	}
	if n.Links, err = w.links(); err != nil {
		return err
	}
	override := w.path(unitDir, stockService)
	if n.Override, err = describe(override); err != nil {
		return err
	}
	if n.Override != nil && n.Override.Link != "" {
		n.Override = nil // it is among the links
	}
	if n.Override != nil {
		if err := n.Override.keep(override, dir); err != nil {
			return err
		}
	}
	if n.Plugin, err = w.findPlugin(); err != nil {
		return err
	}
	if n.Plugin != nil {
		if err := n.Plugin.keep(w.path(pluginPath), dir); err != nil {
			return err
		}
	}
	if err := n.write(dir); err != nil {
		return err
	}
	w.note = n
	return nil
}

// findPlugin describes what is at the plugin's path, unless it is ours.
func (w *worker) findPlugin() (*saved, error) {
	s, err := describe(w.path(pluginPath))
	if err != nil || s == nil || s.Link == w.Program {
		return nil, err
	}
	return s, nil
}
