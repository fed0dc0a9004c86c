package takeover

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"perfmon/cmd/internal/systemctl"
)

// manager stands in for systemctl: it makes and removes the links that
// systemctl would, below root, and knows what runs.
type manager struct {
	root   string
	active map[string]bool
	fail   string // the words that fail
	did    []string
}

// wantedBy is what the [Install] sections of the units say.
var wantedBy = map[string][]string{
	stockService:           {"multi-user.target"},
	systemctl.AgentService: {"multi-user.target", "toolstack.target"},
	systemctl.AgentSocket:  {"sockets.target"},
}

func (m *manager) Do(_ context.Context, words ...string) (string, error) {
	line := strings.Join(words, " ")
	m.did = append(m.did, line)
	if line == m.fail {
		return "", fmt.Errorf("systemctl %s: exit status 1", line)
	}
	for _, unit := range words[1:] {
		if m.state(unit) == "not-found" {
			return "", fmt.Errorf("systemctl %s: unit not found", line)
		}
		mask := filepath.Join(m.root, unitDir, unit)
		switch words[0] {
		case "start":
			if m.state(unit) == "masked" {
				return "", fmt.Errorf("systemctl %s: unit is masked", line)
			}
			m.active[unit] = true
			if unit == stockService {
				m.active[systemctl.AgentService], m.active[systemctl.AgentSocket] = false, false
			} else {
				m.active[stockService] = false
			}
		case "stop":
			m.active[unit] = false
		case "enable":
			for _, target := range wantedBy[unit] {
				dir := filepath.Join(m.root, unitDir, target+".wants")
				if err := os.MkdirAll(dir, 0o755); err != nil {
					return "", err
				}
				if err := os.Symlink("/usr/lib/systemd/system/"+unit, filepath.Join(dir, unit)); err != nil && !os.IsExist(err) {
					return "", err
				}
			}
		case "disable":
			found, err := filepath.Glob(filepath.Join(m.root, unitDir, "*.wants", unit))
			if err != nil {
				return "", err
			}
			for _, path := range found {
				if err := os.Remove(path); err != nil {
					return "", err
				}
				_ = os.Remove(filepath.Dir(path)) // as systemctl does when it is empty
			}
		case "mask":
			if err := os.Symlink("/dev/null", mask); err != nil {
				return "", err
			}
		default:
			return "", fmt.Errorf("systemctl %s: not known here", line)
		}
	}
	return "", nil
}

func (m *manager) Property(_ context.Context, unit, name string) (string, error) {
	if name == "LoadState" {
		return m.state(unit), nil
	}
	if m.active[unit] {
		return "active", nil
	}
	return "inactive", nil
}

func (m *manager) state(unit string) string {
	if target, _ := os.Readlink(filepath.Join(m.root, unitDir, unit)); target == "/dev/null" {
		return "masked"
	}
	for _, dir := range []string{unitDir, "/usr/lib/systemd/system"} {
		if _, err := os.Stat(filepath.Join(m.root, dir, unit)); err == nil {
			return "loaded"
		}
	}
	return "not-found"
}
