package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// programs are the drivers in C and C++: what is compiled to what, and how.
// simdjson's manual asks for -march=native where its on-demand front end is
// used; the others are compiled as Debian compiles.
var programs = []struct {
	out  string
	argv []string
}{
	{"expat", []string{"cc", "-O2", "c/expat.c", "-lexpat"}},
	{"expat-empty", []string{"cc", "-O2", "-DEMPTY", "c/expat.c", "-lexpat"}},
	{"libxml2", []string{"cc", "-O2", "-I/usr/include/libxml2", "c/libxml2.c", "-lxml2"}},
	{"simdjson", []string{"c++", "-O2", "-march=native", "c/simdjson.cc", "-lsimdjson"}},
}

// build compiles the drivers in C and C++.
func (b *bench) build(ctx context.Context) error {
	if b.built {
		return nil
	}
	for _, p := range programs {
		cmd := exec.CommandContext(ctx, p.argv[0], append(p.argv[1:], "-o", filepath.Join(b.out, p.out))...)
		if out, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("build the driver %s with %q: %w: %s (make bench installs what it needs)", p.out, strings.Join(p.argv, " "), err, out)
		}
	}
	b.built = true
	return nil
}

// buildAgent builds the agent as it is packaged.
func (b *bench) buildAgent(ctx context.Context) error {
	if b.agentBuilt {
		return nil
	}
	cmd := exec.CommandContext(ctx, "go", "build", "-buildvcs=false", "-trimpath", "-tags", "nethttpomithttp2", "-ldflags", "-s -w", "-o", filepath.Join(b.out, "perfmon"), "./cmd/perfmon")
	cmd.Dir = ".."
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("build the agent: %w: %s", err, out)
	}
	b.agentBuilt = true
	return nil
}
