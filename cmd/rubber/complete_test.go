package main

import (
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"perfmon/scaling/rubber/api"
)

// TestCompleteMachines: of however many machines, rubber is asked for a few
// that have in their names what was typed.
func TestCompleteMachines(t *testing.T) {
	socket := filepath.Join(t.TempDir(), "s")
	l, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	var asked string
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked = r.URL.String()
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Rubber-Version", version)
		var answer any = api.Machines{API: api.Version1, Total: 20_000, Machines: []api.Machine{{Name: "tiles-1", State: "ready", Profile: "tiles"}}}
		if r.URL.Path == "/v1/status" {
			answer = api.Status{API: api.Version1, Profiles: []api.Profile{{Name: "tiles"}}}
		}
		if err := json.NewEncoder(w).Encode(answer); err != nil {
			t.Error(err)
		}
	})}
	done := make(chan error, 1)
	go func() { done <- server.Serve(l) }()
	defer func() {
		server.Close()
		<-done
	}()
	a, cmd := &asking{socket: socket}, &cobra.Command{}
	list, _ := a.machines(cmd, nil, "til")
	if got := fmt.Sprint(list); !strings.Contains(got, "tiles-1") || !strings.Contains(got, "ready of tiles") || asked != "/v1/machines?by=name&n=200&text=til" {
		t.Errorf("%s, asked for %s", got, asked)
	}
	if list, _ := a.profiles(cmd, nil, ""); fmt.Sprint(list) != "[tiles]" || asked != "/v1/status?machines=0" {
		t.Errorf("%v, asked for %s", list, asked)
	}
	if list, _ := a.machines(cmd, []string{"tiles-1"}, ""); list != nil {
		t.Errorf("a second machine is offered: %v", list)
	}
}
