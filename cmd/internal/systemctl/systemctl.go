// Package systemctl asks the service manager of this host, by its own program,
// to start and stop units.
package systemctl

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strings"
	"time"
)

// The agent's units.
const (
	AgentService = "perfmon-agent.service"
	AgentSocket  = "perfmon-agent.socket"
)

const (
	// timeout bounds one call. A unit that is started may take its own time,
	// which is a minute and a half unless it says otherwise.
	timeout = 2 * time.Minute
	// maxOutput is how much of what the program says is kept.
	maxOutput = 8 << 10
)

// ErrMissing says that this host has no systemctl.
var ErrMissing = errors.New("there is no systemctl on this host")

// Control runs systemctl. The zero value finds the program by itself.
type Control struct {
	// Program is the path of systemctl; empty: that in PATH, or in the usual
	// places, since what the toolstack starts has no PATH of ours.
	Program string
}

// Do runs systemctl with these words, such as ("start", AgentService), and
// returns what it says to standard output, without the newline at the end. An
// error has its other output in it.
func (c Control) Do(ctx context.Context, words ...string) (string, error) {
	program, err := c.find()
	if err != nil {
		return "", err
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	cmd := exec.CommandContext(ctx, program, append([]string{"--no-pager", "--no-ask-password"}, words...)...)
	cmd.WaitDelay = time.Second
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = limited(&stdout), limited(&stderr)
	err = cmd.Run()
	said := strings.TrimRight(stdout.String(), "\n")
	if err != nil {
		return said, fmt.Errorf("systemctl %s: %w: %s", strings.Join(words, " "), err, strings.TrimSpace(stderr.String()))
	}
	return said, nil
}

func (c Control) find() (string, error) {
	if c.Program != "" {
		return c.Program, nil
	}
	for _, name := range []string{"systemctl", "/usr/bin/systemctl", "/bin/systemctl"} {
		if path, err := exec.LookPath(name); err == nil {
			return path, nil
		}
	}
	return "", ErrMissing
}

// Property is one property of a unit, such as LoadState (loaded, not-found,
// masked) or ActiveState (active, inactive, failed). A unit that does not exist
// has properties too.
func (c Control) Property(ctx context.Context, unit, name string) (string, error) {
	said, err := c.Do(ctx, "show", "--property", name, unit)
	if err != nil {
		return "", err
	}
	value, ok := strings.CutPrefix(said, name+"=")
	if !ok {
		return "", fmt.Errorf("systemctl show %s: want a line that begins with %q, got %q", unit, name+"=", said)
	}
	return value, nil
}

// limited passes on the first maxOutput bytes and drops the rest.
func limited(w io.Writer) io.Writer { return &limitedWriter{w, maxOutput} }

type limitedWriter struct {
	w    io.Writer
	left int
}

func (l *limitedWriter) Write(p []byte) (int, error) {
	keep := p[:min(len(p), l.left)]
	l.left -= len(keep)
	if _, err := l.w.Write(keep); err != nil {
		return 0, err
	}
	return len(p), nil
}
