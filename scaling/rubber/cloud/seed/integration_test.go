//go:build integration

package seed

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// takeApart has cloud-init take user data apart, with its own code: which part
// is of which type, and what the cloud-config is that comes out of all of them.
const takeApart = `
import json, sys
from cloudinit import handlers, safeyaml, util
from cloudinit.handlers.cloud_config import CloudConfigPartHandler
from cloudinit.user_data import UserDataProcessor

class Paths:
    def get_ipath(self, name): return None
    def get_ipath_cur(self, name): return "/nonexistent"
    def get_cpath(self, name): return "/nonexistent"

message = UserDataProcessor(Paths()).process(sys.stdin.buffer.read())
config = CloudConfigPartHandler(Paths())
parts = []
for part in message.walk():
    if part.get_content_maintype() == "multipart":
        continue
    payload = util.fully_decoded_payload(part)
    parts.append([part.get_filename(), part.get_content_type(), payload])
    if part.get_content_type() == "text/cloud-config":
        headers = {k: v for k, v in part.items()}
        config.handle_part(None, part.get_content_type(), part.get_filename() or "", payload, None, headers)
json.dump({"parts": parts, "config": config.cloud_buf}, sys.stdout)
`

type apart struct {
	Parts  [][3]string    `json:"parts"`
	Config map[string]any `json:"config"`
}

func run(t *testing.T, stdin []byte, name string, args ...string) string {
	t.Helper()
	cmd := exec.Command(name, args...)
	cmd.Stdin = bytes.NewReader(stdin)
	cmd.Env = append(os.Environ(), "LC_ALL=C.UTF-8", "PYTHONDONTWRITEBYTECODE=1")
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s %q: %v\n%s%s", name, args, err, out, stderr.String())
	}
	return string(out)
}

func cloudInit(t *testing.T, data []byte) (a apart) {
	t.Helper()
	if err := json.Unmarshal([]byte(run(t, data, "/usr/bin/python3", "-c", takeApart)), &a); err != nil {
		t.Fatal(err)
	}
	return a
}

func TestCloudInitUnderstandsIt(t *testing.T) {
	script := "#!/bin/sh\necho 'grüße'\n"
	base := "#cloud-config\npackages: [celery]\nwrite_files:\n- path: /first\n  content: one\n"
	r := &Recipe{
		Parts: []Part{
			{Name: "base.yaml", Content: []byte(base)},
			{Name: "go.sh", Content: []byte(script)},
			{Name: "more.yaml", Content: []byte("#cloud-config\nruncmd:\n- [echo, {QUEUE_NAME}]\n"), Fill: true},
		},
		Files: []File{{Path: "/etc/q", Content: []byte("q: {QUEUE_NAME}\n"), Fill: true, Mode: 0o600}, {Path: "/bin/x", Content: []byte{0, 0xff}}},
	}
	for _, r.Gzip = range []bool{false, true} {
		a := cloudInit(t, mustMake(t, r))
		var names []string
		for _, p := range a.Parts {
			names = append(names, p[0]+" "+p[1])
		}
		want := []string{"base.yaml text/cloud-config", "go.sh text/x-shellscript", "more.yaml text/cloud-config", "files.yaml text/cloud-config"}
		if diff := cmp.Diff(want, names); diff != "" {
			t.Error(diff)
		}
		if a.Parts[0][2] != base || a.Parts[1][2] != script {
			t.Errorf("the contents are %q and %q", a.Parts[0][2], a.Parts[1][2])
		}
		config := map[string]any{
			"packages": []any{"celery"},
			"runcmd":   []any{[]any{"echo", "jobs"}},
			"write_files": []any{
				map[string]any{"path": "/first", "content": "one"},
				map[string]any{"path": "/etc/q", "permissions": "0600", "content": "q: jobs\n"},
				map[string]any{"path": "/bin/x", "permissions": "0644", "encoding": "b64", "content": "AP8="},
			},
		}
		if diff := cmp.Diff(config, a.Config); diff != "" {
			t.Errorf("gzip %v: %s", r.Gzip, diff)
		}
	}
}

// The YAML of files is read by Python as by Go.
func TestPythonReadsFilesAlike(t *testing.T) {
	var r Recipe
	var want []any
	for n, content := range []string{"", "a\n", " a\n  b", "a ", "\ta\n", "- x\n", "|", "\n\n", "yes", "0644", "a: b", "#", "'\"\\", "a\n ", "1e3", "~", "\n a\nb", "{{x}}", "a\n\n\n", " \n", "---\n...\n", "2001-01-01", "!x", "%y",
		"a\n  b\n", "a\n\n  b\n\nc\n", "#!/bin/sh\nif x\n    y\n", "a \n", "a: |\n  b\n", "'a\n", "a\n \nb\n"} {
		path := fmt.Sprint("/ü 😀\u2028'\"\\: #", n)
		r.Files = append(r.Files, File{Path: path, Content: []byte(content)})
		want = append(want, map[string]any{"path": path, "permissions": "0644", "content": content})
	}
	if diff := cmp.Diff(map[string]any{"write_files": want}, cloudInit(t, mustMake(t, &r)).Config); diff != "" {
		t.Error(diff)
	}
}

func TestSchema(t *testing.T) {
	data := mustMake(t, &Recipe{Files: []File{{Path: "/etc/q", Content: []byte("q\n"), Owner: "a:b"}, {Path: "/b", Content: []byte{0}, Mode: 0o4755}}})
	path := filepath.Join(t.TempDir(), "user-data")
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	if out := run(t, nil, "cloud-init", "schema", "--config-file", path); !strings.Contains(out, "Valid") {
		t.Errorf("cloud-init says %q of %s", out, data)
	}
}

// The disk is what Linux, blkid and others take it for.
func TestDiskIsReadByOthers(t *testing.T) {
	files := map[string]string{
		"meta-data":      "instance-id: \"i-1\"\nlocal-hostname: \"w-1\"\n",
		"user-data":      "#cloud-config\n# " + strings.Repeat("x", 3*sector) + "\n",
		"network-config": "version: 2\nethernets: {eth0: {dhcp4: true}}\n",
	}
	d := Disk{InstanceID: "i-1", Hostname: "w-1", UserData: []byte(files["user-data"]), NetworkConfig: []byte(files["network-config"])}
	image, err := d.Image()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "seed.iso")
	if err := os.WriteFile(path, image, 0o600); err != nil {
		t.Fatal(err)
	}
	t.Run("blkid", func(t *testing.T) {
		out := run(t, nil, "/sbin/blkid", "-p", "-o", "export", path)
		for _, line := range []string{"LABEL=CIDATA\n", "TYPE=iso9660\n"} {
			if !strings.Contains(out, line) {
				t.Errorf("blkid says %q", out)
			}
		}
	})
	t.Run("xorriso", func(t *testing.T) {
		out := run(t, nil, "xorriso", "-indev", path, "-abort_on", "WARNING", "-osirrox", "on", "-extract", "/", path+".d", "-find", "/", "-exec", "lsdl")
		if !strings.Contains(out, "meta-data") {
			t.Errorf("xorriso says %q", out)
		}
		compare(t, path+".d", files)
	})
	t.Run("mount", func(t *testing.T) {
		mounted := path + ".mnt"
		if err := os.Mkdir(mounted, 0o700); err != nil {
			t.Fatal(err)
		}
		out, err := exec.Command("mount", "-o", "loop,ro", "-t", "iso9660", path, mounted).CombinedOutput()
		if err != nil {
			t.Skipf("no file systems may be mounted here: %v, %s", err, out)
		}
		defer func() {
			if err := syscall.Unmount(mounted, 0); err != nil {
				t.Error(err)
			}
		}()
		compare(t, mounted, files)
	})
}

// compare says what is other in a folder.
func compare(t *testing.T, folder string, want map[string]string) {
	t.Helper()
	got := map[string]string{}
	entries, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		content, err := os.ReadFile(filepath.Join(folder, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		got[e.Name()] = string(content)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
