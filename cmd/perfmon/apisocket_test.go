package main

import (
	"context"
	"errors"
	"io/fs"
	"net"
	"net/http"
	"os"
	"strings"
	"syscall"
	"testing"
)

// apiClient asks on the agent's local API, as http://perfmon/….
func (s *site) apiClient() *http.Client {
	transport := &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "unix", s.path("api"))
	}}
	s.t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport}
}

func TestLocalAPI(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.write("triggers/host.xml", `<config><variable><name value="cpu_usage"/><alarm_trigger_level value="2"/></variable></config>`)
	for range 2 { // the second takes the place of one that was killed
		a := s.start("--source", "local")
		a.waitPage(`perfmon_polls_total\{result="ok"\} [1-9]`)
		client := s.apiClient()
		for path, want := range map[string]string{
			"objects":                                 `"class": "host"`,
			"explain?object=host&variable=cpu_usage":  `"state": "inactive"`,
			"explain?object=host&variable=cpu_usages": "has no variable",
			"effective?object=host":                   "triggers/host.xml:1:9",
			"silences":                                `"silences": []`,
		} {
			if got := get(t, client, "http://perfmon/v1/"+path); !strings.Contains(got, want) {
				t.Errorf("%s: no %q in\n%s", path, want, got)
			}
		}
		a.cmd.Process.Kill()
		<-a.ended
		a.cmd.Wait()
		if _, err := os.Lstat(s.path("api")); err != nil {
			t.Errorf("its socket should be left: %v", err)
		}
	}
	a := s.start("--source", "local", "-i", long)
	a.waitLog(1, "PERFMON: perfmon begins")
	a.stop(syscall.SIGTERM)
	if _, err := os.Lstat(s.path("api")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the socket is left: %v", err)
	}
}

func TestLocalAPIThatCannotBe(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.write("file", "")
	a := s.start("--source", "local", "--api-socket", s.path("file/api"))
	a.waitPage(`perfmon_polls_total\{result="ok"\} [1-9]`)
	if n := a.logged("level=WARN .*no local API.*--api-socket.*not a directory"); n != 1 {
		t.Errorf("%d warnings", n)
	}
	a.stop(syscall.SIGTERM)

	a = s.start("--source", "local", "--api-socket=", "--numloops", "1")
	<-a.ended
	if n := a.logged("API|level=ERROR"); n != 0 {
		t.Errorf("something is said of what is not wanted:\n%s", strings.Join(a.log(), "\n"))
	}
}
