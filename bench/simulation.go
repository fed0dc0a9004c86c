package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"time"

	"perfmon/bench/toolstack"
)

// simulation is a toolstack that runs in a process of its own, so that its
// work is not counted as anybody's.
type simulation struct {
	at    toolstack.Line
	cmd   *exec.Cmd
	stdin io.Closer
	lines chan toolstack.Line // closed when it has ended
}

func startToolstack(ctx context.Context, o toolstack.Options) (*simulation, error) {
	text, err := json.Marshal(o)
	if err != nil {
		return nil, fmt.Errorf("start the toolstack: %w", err)
	}
	argv := self("toolstack", string(text))
	s := &simulation{cmd: exec.CommandContext(ctx, argv[0], argv[1:]...), lines: make(chan toolstack.Line, 1000)}
	s.cmd.Stderr = os.Stderr
	stdin, err1 := s.cmd.StdinPipe()
	stdout, err2 := s.cmd.StdoutPipe()
	if err := errors.Join(err1, err2, s.cmd.Start()); err != nil {
		return nil, fmt.Errorf("start the toolstack: %w", err)
	}
	s.stdin = stdin
	go func() {
		defer close(s.lines)
		for scanner := bufio.NewScanner(stdout); scanner.Scan(); {
			var line toolstack.Line
			if json.Unmarshal(scanner.Bytes(), &line) == nil {
				s.lines <- line
			}
		}
	}()
	line, ok := <-s.lines
	if !ok {
		s.stop()
		return nil, errors.New("the toolstack does not start")
	}
	s.at = line
	return s, nil
}

// patience is how long a daemon may take to ask again.
const patience = 3 * time.Minute

// next waits for the next answer that the toolstack has sent.
func (s *simulation) next(p *process) (toolstack.Line, error) {
	select {
	case line, ok := <-s.lines:
		if !ok {
			return line, errors.New("the toolstack has ended")
		}
		return line, nil
	case <-p.ended:
		return toolstack.Line{}, fmt.Errorf("it has ended: %s", p.said())
	case <-time.After(patience):
		p.stop()
		return toolstack.Line{}, fmt.Errorf("it did not ask within %v: %s", patience, p.said())
	}
}

// stop ends it, and waits until it has.
func (s *simulation) stop() {
	s.stdin.Close()
	for range s.lines { // until it has ended
	}
	_ = s.cmd.Wait()
}
