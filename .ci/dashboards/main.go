package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
)

func main() {
	err := write("packaging/grafana", dashboards())
	if err == nil {
		err = write("packaging/rubber/grafana", rubberDashboards())
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "dashboards:", err)
		os.Exit(1)
	}
}

// dashboards are all there are, by file name.
func dashboards() map[string]dashboard {
	return map[string]dashboard{
		"perfmon-host.json":   hostDashboard(),
		"perfmon-vms.json":    vmsDashboard(),
		"perfmon-alarms.json": alarmsDashboard(),
	}
}

// rubberDashboards are those of rubber's own package, by file name.
func rubberDashboards() map[string]dashboard {
	return map[string]dashboard{"rubber.json": rubberDashboard()}
}

// write writes dashboards into a folder.
func write(folder string, list map[string]dashboard) error {
	for name, d := range list {
		text, err := d.text()
		if err != nil {
			return fmt.Errorf("make %s: %w", name, err)
		}
		if err := os.WriteFile(filepath.Join(folder, name), text, 0o644); err != nil {
			return fmt.Errorf("write a dashboard: %w", err)
		}
	}
	return nil
}

// text is the dashboard as Grafana imports it. Keys are sorted, so that the
// same dashboard is always the same text.
func (d dashboard) text() ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(d.model()); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}
