package sinktest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

// Alertmanager is one of Prometheus's.
type Alertmanager struct {
	URL string // http://host:port
	Dir string // with its log

	t   testing.TB
	cmd *exec.Cmd // nil while it is stopped
}

// Alert is an alert as the Alertmanager's API lists it.
type Alert struct {
	Labels   map[string]string `json:"labels"`
	StartsAt time.Time         `json:"startsAt"`
	EndsAt   time.Time         `json:"endsAt"`
}

// StartAlertmanager starts an Alertmanager that tells the webhook at receiver
// of all alerts, one group for each name, resolved ones too.
func StartAlertmanager(t testing.TB, receiver string) *Alertmanager {
	t.Helper()
	a := &Alertmanager{t: t, Dir: t.TempDir(), URL: "http://" + FreeAddress(t)}
	config := fmt.Sprintf(`
route: {receiver: test, group_by: [alertname], group_wait: 10ms, group_interval: 100ms, repeat_interval: 1h}
receivers: [{name: test, webhook_configs: [{url: %q, send_resolved: true}]}]
`, receiver)
	if err := os.WriteFile(filepath.Join(a.Dir, "config.yml"), []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	a.Start()
	t.Cleanup(a.Stop)
	return a
}

// Start starts it again after Stop. It has forgotten all alerts.
func (a *Alertmanager) Start() {
	a.t.Helper()
	a.cmd = start(a.t, a.Dir, os.Environ(), "prometheus-alertmanager", "--config.file="+filepath.Join(a.Dir, "config.yml"),
		"--storage.path="+a.Dir, "--web.listen-address="+a.URL[len("http://"):], "--cluster.listen-address=")
	untilAnswers(a.t, a.Dir, "the Alertmanager", func() bool {
		resp, err := http.Get(a.URL + "/-/ready")
		if err != nil {
			return false
		}
		resp.Body.Close()
		return resp.StatusCode == http.StatusOK
	})
}

// Stop ends it, if it runs.
func (a *Alertmanager) Stop() {
	if a.cmd != nil {
		end(a.cmd, syscall.SIGTERM)
		a.cmd = nil
	}
}

// Active lists the alerts that fire.
func (a *Alertmanager) Active() ([]Alert, error) {
	resp, err := http.Get(a.URL + "/api/v2/alerts?active=true")
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	var alerts []Alert
	if err := json.NewDecoder(resp.Body).Decode(&alerts); err != nil {
		return nil, fmt.Errorf("list alerts: status %d: %w", resp.StatusCode, err)
	}
	return alerts, nil
}
