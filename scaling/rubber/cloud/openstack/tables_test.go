package openstack

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"perfmon/scaling/rubber/cloud"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("net/http.(*persistConn).readLoop"), goleak.IgnoreAnyFunction("net/http.(*persistConn).writeLoop"))
}

func TestStates(t *testing.T) {
	for _, x := range []struct {
		status, task string
		want         cloud.State
	}{
		{"BUILD", "scheduling", cloud.Building}, {"BUILD", "", cloud.Building}, {"ACTIVE", "", cloud.Running}, {"ACTIVE", "powering-off", cloud.Running},
		{"REBOOT", "rebooting", cloud.Running}, {"MIGRATING", "migrating", cloud.Running}, {"SHUTOFF", "", cloud.Halted}, {"SHUTOFF", "powering-on", cloud.Halted},
		{"SHELVED_OFFLOADED", "", cloud.Halted}, {"SHELVED", "shelving_offloading", cloud.Unknown}, {"SUSPENDED", "", cloud.Suspended}, {"PAUSED", "", cloud.Suspended},
		{"ACTIVE", "deleting", cloud.Deleting}, {"BUILD", "deleting", cloud.Deleting}, {"ERROR", "deleting", cloud.Deleting}, {"SOFT_DELETED", "", cloud.Deleting},
		{"ERROR", "", cloud.Failed}, {"RESCUE", "", cloud.Unknown}, {"", "", cloud.Unknown}, {"NEWLY_INVENTED", "", cloud.Unknown},
	} {
		if got := (server{Status: x.status, Task: x.task}).state(); got != x.want {
			t.Errorf("%s %s is %s, want %s", x.status, x.task, got, x.want)
		}
	}
}

func TestFaults(t *testing.T) {
	for text, want := range map[string]cloud.Kind{
		"No valid host was found. There are not enough hosts available.":                                                             cloud.Capacity,
		"Exceeded maximum number of retries. Exhausted all hosts available for retrying build failures for instance":                 cloud.Capacity,
		"Build of instance x aborted: VolumeSizeExceedsAvailableQuota: Requested volume or snapshot exceeds allowed gigabytes quota": cloud.Quota,
		"Image 5 could not be found.":                                                       cloud.Invalid,
		"Flavor's disk is too small for requested image.":                                   cloud.Invalid,
		"Build of instance x aborted: Failed to allocate the network(s), not rescheduling.": cloud.Transient,
		"No more IP addresses available on network x.":                                      cloud.Capacity,
		"Timed out waiting for a reply to message ID x":                                     cloud.Transient,
	} {
		v := server{Status: "ERROR"}
		if err := json.Unmarshal([]byte(`{"fault": {"message": "`+text+`"}}`), &v); err != nil {
			t.Fatal(err)
		}
		if got := cloud.KindOf(v.fault()); got != want {
			t.Errorf("%q is %s, want %s", text, got, want)
		}
	}
	if got := (server{Status: "ERROR"}).fault(); got == nil || cloud.KindOf(got) != cloud.Transient {
		t.Errorf("a server without a fault has %v", got)
	}
}

func TestChoose(t *testing.T) {
	hosts := []hypervisor{
		{ID: "1", Hostname: "a", State: "up", Status: "enabled", FreeRAM: 4096},
		{ID: "2", Hostname: "b", State: "up", Status: "enabled", FreeRAM: 4096},
		{ID: "3", Hostname: "c", State: "up", Status: "enabled", FreeRAM: 100},
		{ID: "4", Hostname: "d", State: "down", Status: "enabled", FreeRAM: 4096},
		{ID: "5", Hostname: "e", State: "up", Status: "disabled", FreeRAM: 4096},
	}
	others := []server{{Hypervisor: "a"}, {Hypervisor: "a"}, {Hypervisor: "b"}}
	f := func(avoid, prefer, want string, ok bool) {
		t.Helper()
		s := cloud.Spec{Avoid: strings.Fields(avoid), Prefer: strings.Fields(prefer)}
		if got, left := choose(hosts, s, 512, others); got != want || left != ok {
			t.Errorf("avoid %q, prefer %q: %q %t, want %q %t", avoid, prefer, got, left, want, ok)
		}
	}
	f("", "a", "a", true)
	f("", "2 a", "b", true)  // by id
	f("", "c a", "a", true)  // c is full
	f("", "d e x", "", true) // none of them: Nova's choice
	f("a", "", "b", true)    // the one with room
	f("x", "", "b", true)    // with the fewest servers
	f("a B", "", "c", true)  // as a last resort, though it looks full
	f("a", "a c", "b", true) // avoid counts more
	f("a b c", "a", "", false)
	f("1 2 3", "", "", false)
}

func TestAvoiding(t *testing.T) {
	hints, err := avoiding([]string{"a", `b"`}).ToSchedulerHintsMap()
	if err != nil {
		t.Fatal(err)
	}
	got := hints["os:scheduler_hints"].(map[string]any)["query"]
	want := `["not",["or",["in","$hypervisor_hostname","a","b\""],["in","$host","a","b\""],["in","$uuid","a","b\""]]]`
	if got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestRetryAfter(t *testing.T) {
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	for text, want := range map[string]time.Duration{
		"": 0, "0": 0, "5": 5 * time.Second, "-5": 0, "x": 0, "1e9": 0, "4294967295": time.Hour,
		"Thu, 01 Jan 2026 00:00:30 GMT": 30 * time.Second, "Wed, 31 Dec 2025 00:00:30 GMT": 0,
	} {
		if got := retryAfter(http.Header{"Retry-After": {text}}, now); got != want {
			t.Errorf("%q is %s, want %s", text, got, want)
		}
	}
}

func TestOptions(t *testing.T) {
	for what, o := range map[string]Options{
		"no cloud": {}, "interface": {Cloud: "a", Interface: "secret"}, "placement": {Cloud: "a", Placement: 9}, "parking": {Cloud: "a", Parking: -1},
		"type without size": {Cloud: "a", BootVolume: BootVolume{Type: "fast"}}, "time": {Cloud: "a", Timeout: -1},
	} {
		_, err := New(o)
		if err == nil {
			t.Errorf("%s is not refused", what)
			continue
		}
		wantError(t, err, cloud.Invalid, "configure")
	}
}

// TestFiles: what cannot be used is said at the first call, and what has been
// mended is taken up by the next one.
func TestFiles(t *testing.T) {
	d := newDouble(t, "rubber")
	file := filepath.Join(t.TempDir(), "clouds.yaml")
	c, err := New(Options{Cloud: "test", File: file})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	list := func() error { _, err := c.List(t.Context(), owner); return err }
	write := func(name, text string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(filepath.Dir(file), name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	good, err := os.ReadFile(d.cloudsFile("user-secret"))
	if err != nil {
		t.Fatal(err)
	}
	wantError(t, list(), cloud.Invalid, "clouds.yaml")
	write("clouds.yaml", "clouds: {}")
	wantError(t, list(), cloud.Invalid, `"test"`)
	write("clouds.yaml", "clouds: {test: {auth: hunter2}}")
	if err := list(); strings.Contains(err.Error(), "hunter2") {
		t.Errorf("a secret in the wrong place is in %q", err)
	}
	write("clouds.yaml", strings.Replace(string(good), "RegionOne", "RegionTwo", 1))
	wantError(t, list(), cloud.Invalid, "RegionTwo", "compute")
	write("clouds.yaml", strings.Replace(string(good), "password: user-secret, ", "", 1))
	write("secure.yaml", "clouds: {test: {auth: {password: user-secret}}}")
	if err := list(); err != nil {
		t.Errorf("with the password in secure.yaml: %v", err)
	}
}

func TestEnvironment(t *testing.T) {
	d := newDouble(t, "rubber")
	for _, name := range []string{"OS_CLOUD", "OS_CLIENT_CONFIG_FILE", "OS_INTERFACE"} {
		t.Setenv(name, "")
	}
	for name, value := range map[string]string{"OS_AUTH_URL": d.URL + "/identity/v3", "OS_USERNAME": "rubber", "OS_PASSWORD": "user-secret",
		"OS_PROJECT_NAME": "workers", "OS_USER_DOMAIN_ID": "default", "OS_DOMAIN_ID": "default", "OS_REGION_NAME": "RegionOne"} {
		t.Setenv(name, value)
	}
	c, err := New(Options{Environment: true})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, err := c.List(t.Context(), owner); err != nil {
		t.Error(err)
	}
	// A file is not touched by it unless it is asked for.
	t.Setenv("OS_REGION_NAME", "RegionTwo")
	if _, err := d.connect(Options{}).List(t.Context(), owner); err != nil {
		t.Errorf("the environment counts though nobody asked for it: %v", err)
	}
	t.Setenv("OS_CLOUD", "test")
	t.Setenv("OS_CLIENT_CONFIG_FILE", d.cloudsFile("user-secret"))
	other, err := New(Options{Environment: true})
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	_, err = other.List(t.Context(), owner)
	wantError(t, err, cloud.Invalid, "RegionTwo")
}

func FuzzMessage(f *testing.F) {
	for _, seed := range []string{`{"forbidden": {"code": 403, "message": "Quota exceeded"}}`, `{"NeutronError": {"message": "x", "type": "y"}}`, "<html><b>502</b> &lt;", "", "{", "null", `{"a": 1}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		if text := message(500, body); text == "" || len(text) > maxMessage+len("…") || strings.ContainsAny(text, "\n\r") {
			t.Errorf("%q becomes %q", body, text)
		}
	})
}
