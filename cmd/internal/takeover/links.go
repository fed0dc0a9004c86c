package takeover

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"perfmon/cmd/internal/systemctl"
)

// links are the links in /etc/systemd/system that belong to a unit of ours or
// to the stock one, and the directories that such links can be in.
type links struct {
	// Targets has where each leads, by its path below that directory, such as
	// multi-user.target.wants/perfmon.service.
	Targets map[string]string `json:"targets"`
	// Dirs are the directories of wanted and required units that are there.
	Dirs []string `json:"dirs"`
}

var ourUnits = []string{stockService, systemctl.AgentService, systemctl.AgentSocket}

func (w *worker) links() (links, error) {
	l := links{Targets: map[string]string{}}
	root := w.path(unitDir)
	entries, err := os.ReadDir(root)
	if errors.Is(err, os.ErrNotExist) {
		return l, nil
	}
	if err != nil {
		return l, fmt.Errorf("look which units are started: %w", err)
	}
	for _, e := range entries {
		if e.IsDir() && (strings.HasSuffix(e.Name(), ".wants") || strings.HasSuffix(e.Name(), ".requires")) {
			l.Dirs = append(l.Dirs, e.Name())
		}
	}
	for _, dir := range append([]string{"."}, l.Dirs...) {
		for _, unit := range ourUnits {
			name := filepath.Join(dir, unit)
			info, err := os.Lstat(filepath.Join(root, name))
			if err != nil || info.Mode().Type() != fs.ModeSymlink {
				continue
			}
			if l.Targets[name], err = os.Readlink(filepath.Join(root, name)); err != nil {
				return l, fmt.Errorf("look which units are started: %w", err)
			}
		}
	}
	return l, nil
}

// has says whether something wants a unit.
func (l links) has(unit string) bool {
	for name := range l.Targets {
		if filepath.Base(name) == unit && filepath.Dir(name) != "." {
			return true
		}
	}
	return false
}

// become makes the links on the host, which are l, those of before.
func (l links) become(before links, path func(...string) string) error {
	for name, target := range l.Targets {
		if before.Targets[name] != target {
			if err := removeIfThere(path(unitDir, name)); err != nil {
				return err
			}
		}
	}
	for name, target := range before.Targets {
		if l.Targets[name] == target {
			continue
		}
		if err := os.MkdirAll(filepath.Dir(path(unitDir, name)), 0o755); err != nil {
			return err
		}
		if err := replaceWithLink(path(unitDir, name), target); err != nil {
			return err
		}
	}
	for _, dir := range l.Dirs {
		if !slices.Contains(before.Dirs, dir) {
			_ = os.Remove(path(unitDir, dir)) // only if it is empty
		}
	}
	for _, dir := range before.Dirs {
		if err := os.MkdirAll(path(unitDir, dir), 0o755); err != nil {
			return err
		}
	}
	return nil
}
