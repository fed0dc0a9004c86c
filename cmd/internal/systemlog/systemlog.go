// Package systemlog reads what the agent has logged from the system's journal,
// by the program that the system has for that: the journal's files have no
// format that others may rely on.
package systemlog

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strconv"
	"strings"
)

// program is who reads the journal.
const program = "journalctl"

// maxBytes bounds what is read.
const maxBytes = 64 << 20

// ErrNone says that the system has no journal.
var ErrNone = errors.New("the system has no " + program)

// Newest are the newest lines, oldest first, of the agent's unit and the stock
// daemon's. They are the user's who may read them: root, as a rule.
func Newest(ctx context.Context, lines int) ([]byte, error) {
	path, err := exec.LookPath(program)
	if err != nil {
		return nil, ErrNone
	}
	var out limited
	var complaints bytes.Buffer
	// All of these are in systemd 219.
	cmd := exec.CommandContext(ctx, path, "--no-pager", "--quiet", "--output=short-iso", "--lines="+strconv.Itoa(lines),
		"--unit=perfmon-agent.service", "--unit=perfmon.service")
	cmd.Stdout, cmd.Stderr = &out, &complaints
	if err := cmd.Run(); err != nil {
		return nil, fmt.Errorf("%s: %w: %s", program, err, strings.TrimSpace(complaints.String()))
	}
	return out.Bytes(), nil
}

// limited takes no more than maxBytes, and swallows the rest.
type limited struct{ bytes.Buffer }

func (l *limited) Write(p []byte) (int, error) {
	l.Buffer.Write(p[:min(len(p), max(0, maxBytes-l.Len()))])
	return len(p), nil
}
