package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"perfmon/docs/docstest"
)

// golden compares with a file in testdata, or writes it.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if docstest.Updating() {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(got, "\n")); diff != "" {
		t.Errorf("%s (-want +got):\n%s", path, diff)
	}
}

func TestHelp(t *testing.T) {
	for _, flag := range []string{"--help", "-h"} {
		var out, complaints bytes.Buffer
		if code := run([]string{flag}, &out, &complaints); code != exitOK || complaints.Len() > 0 {
			t.Errorf("%s: exit code %d: %s", flag, code, &complaints)
		}
		golden(t, "help.txt", out.String())
		for line := range strings.Lines(out.String()) {
			if len(line) > 81 {
				t.Errorf("wider than a terminal: %s", line)
			}
		}
	}
}

func TestVersion(t *testing.T) {
	var out, complaints bytes.Buffer
	if code := run([]string{"--version"}, &out, &complaints); code != exitOK || out.String() != "perfmon unknown\n" {
		t.Errorf("exit code %d: %s%s", code, &out, &complaints)
	}
}

// TestUsageErrors: each is one line on stderr that names the thing and what
// is wanted, and nothing has been started.
func TestUsageErrors(t *testing.T) {
	f := func(args, want string) {
		t.Helper()
		var out, complaints bytes.Buffer
		code := run(strings.Split(args, " "), &out, &complaints)
		want = "perfmon: " + want + " ('perfmon --help' lists the flags)\n"
		if code != exitUsage || complaints.String() != want || out.Len() > 0 {
			t.Errorf("perfmon %s\nexit code %d, says %q %q\nwant %q", args, code, complaints.String(), out.String(), want)
		}
	}
	f("-i 0", "--interval 0: want at least 1 second and at most a year")
	f("-i -5", "--interval -5: want at least 1 second and at most a year")
	f("--interval=-5", "--interval -5: want at least 1 second and at most a year")
	f("-i 31536001", "--interval 31536001: want at least 1 second and at most a year")
	f("-i soon", `--interval "soon": want a whole number`)
	f("-i 1.5", `--interval "1.5": want a whole number`)
	f("-i 99999999999999999999", `--interval "99999999999999999999": want a whole number that is not so large`)
	f("-i", "flag needs an argument: 'i' in -i")
	f("-n -1", "--numloops -1: want at least 0")
	f("-s 7", "--rrdstep 7: want 5 or 60, the steps of the toolstack's archives")
	f("-c -1", "--config_update_period -1: want at least 0 seconds and at most a year")
	f("-D 1001", "--interval_percent_dither 1001: want 0 to 1000")
	f("-D -1", "--interval_percent_dither -1: want 0 to 1000")
	f("-D nan", "--interval_percent_dither NaN: want 0 to 1000")
	f("--web=x", "unknown flag: --web")
	f("-D some", `--interval_percent_dither "some": want a number`)
	f("--daemon=maybe", `--daemon "maybe": want true or false`)
	f("--source xen", `--source "xen": want auto, xapi or local`)
	f("--max-update-bytes 1023", "--max-update-bytes 1023: want at least 1024")
	f("--control-socket perfmon", `--control-socket "perfmon": want an abstract name, such as @perfmon`)
	f("--control-socket @", `--control-socket "@": want an abstract name, such as @perfmon`)
	f("--xapi-http localhost", `--xapi-http "localhost": want an address and a port, such as 127.0.0.1:80`)
	f("--web.listen-address 127.0.0.1", `--web.listen-address "127.0.0.1": want an address and a port, such as 127.0.0.1:9789`)
	f("--web.allowed-hosts a,http://b", `--web.allowed-hosts: allowed host "http://b": want a name or an address, without scheme and port`)
	f("--bogus", "unknown flag: --bogus")
	f("-x", "unknown shorthand flag: 'x' in -x")
	f("start", `unexpected argument "start": perfmon takes flags only`)
	f("-d -- -i", `unexpected argument "-i": perfmon takes flags only`)
}

// Command lines that the stock daemon takes.
func TestStockSpellings(t *testing.T) {
	o, err := parseFlags(strings.Fields("-i 0300 --numl 0 --rrdst=060 -c 0 --interval_p 150 --deb"), nil)
	if err != nil {
		t.Fatal(err)
	}
	if o.interval != 300 || o.loops != 1 || o.step != 60 || o.configPeriod != 1 || o.dither != 150 || !o.debug {
		t.Errorf("options %+v", o)
	}
}

func TestFlags(t *testing.T) {
	o, err := parseFlags([]string{"-i", "300", "-n", "2", "-d", "-s", "5", "-c", "60", "-D", "0",
		"--state-dir", "state", "--web.config.file", "web.yml", "--pid-file", "", "--web.listen-address", ""}, nil)
	if err != nil {
		t.Fatal(err)
	}
	here, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	if o.interval != 300 || o.loops != 2 || !o.debug || o.step != 5 || o.configPeriod != 60 || o.dither != 0 {
		t.Errorf("the stock flags: %+v", o)
	}
	if o.stateDir != filepath.Join(here, "state") || *o.web.WebConfigFile != filepath.Join(here, "web.yml") {
		t.Errorf("relative paths are not made whole: %q, %q", o.stateDir, *o.web.WebConfigFile)
	}
	if o.pidFile != "" || len(*o.web.WebListenAddresses) != 0 {
		t.Errorf("empty is none: %q, %q", o.pidFile, *o.web.WebListenAddresses)
	}
}
