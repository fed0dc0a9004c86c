package main

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"time"
)

// peers are the modules whose versions are told.
var peers = []string{
	"github.com/tdewolff/parse/v2", "github.com/go-json-experiment/json", "github.com/minio/simdjson-go", "github.com/bytedance/sonic",
	"github.com/prometheus/client_golang", "github.com/VictoriaMetrics/metrics", "github.com/prometheus/procfs", "github.com/shirou/gopsutil/v3",
}

// packages are Debian's, for the same.
var packages = []string{"libexpat1-dev", "libxml2-dev", "libsimdjson-dev", "prometheus-node-exporter", "python3"}

// aboutMachine says what the figures are taken on.
func aboutMachine(ctx context.Context, rounds int) About {
	a := About{
		Taken: time.Now().UTC().Format(time.DateOnly), Cores: runtime.NumCPU(), Rounds: rounds,
		Commit: output(ctx, "git", "describe", "--always", "--dirty"), Processor: processor(),
		Versions: []string{runtime.Version()},
	}
	if load, err := os.ReadFile("/proc/loadavg"); err == nil {
		_, _ = fmt.Sscan(string(load), &a.Load)
	}
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, m := range info.Deps {
			if slices.Contains(peers, m.Path) {
				a.Versions = append(a.Versions, strings.TrimPrefix(m.Path, "github.com/")+" "+m.Version)
			}
		}
	}
	for _, p := range packages {
		if version := output(ctx, "dpkg-query", "-W", "-f", "${Version}", p); version != "" {
			a.Versions = append(a.Versions, p+" "+version)
		}
	}
	return a
}

// output is the first line that a command prints, "" if it fails.
func output(ctx context.Context, argv ...string) string {
	out, err := exec.CommandContext(ctx, argv[0], argv[1:]...).Output()
	if err != nil {
		return ""
	}
	line, _, _ := strings.Cut(string(out), "\n")
	return strings.TrimSpace(line)
}

// processor reads
//
//	model name	: AMD EPYC 7543 32-Core Processor
func processor() string {
	f, err := os.Open("/proc/cpuinfo")
	if err != nil {
		return "unknown"
	}
	defer f.Close()
	for s := bufio.NewScanner(f); s.Scan(); {
		if name, value, ok := strings.Cut(s.Text(), ":"); ok && strings.TrimSpace(name) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return "unknown"
}
