package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"perfmon/bench/measure"
	"perfmon/bench/toolstack"
)

// memory measures the agent with all that it can have to do at once, and its
// program.
func (b *bench) memory(ctx context.Context) ([]Figure, error) {
	if err := b.buildAgent(ctx); err != nil {
		return nil, err
	}
	address, err := freeAddress()
	if err != nil {
		return nil, err
	}
	d := b.agent(5, address)
	d.about = "1000 VMs, 30 sources, 3 variables, 120 rows every 5 s, scraped as text and gzip"
	d.each = func(ctx context.Context) error {
		for _, coding := range []string{"identity", "gzip"} {
			if _, err := get(ctx, address, coding); err != nil {
				return err
			}
		}
		return nil
	}
	full, err := b.refreshes(ctx, "memory", d, toolstack.Options{VMs: 1000, Sources: 30, Rows: 120})
	if err != nil {
		return nil, err
	}
	info, err := os.Stat(filepath.Join(b.out, "perfmon"))
	if err != nil {
		return nil, fmt.Errorf("look at the program: %w", err)
	}
	program := Figure{Section: "memory", Name: "program", About: "the stripped program", Unit: full.Unit, Bytes: int(info.Size())}
	return []Figure{full, program}, nil
}

// exporter measures scrapes of /proc beside node_exporter.
func (b *bench) exporter(ctx context.Context) ([]Figure, error) {
	if err := b.buildAgent(ctx); err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "bench-")
	if err != nil {
		return nil, fmt.Errorf("make a folder for sockets: %w", err)
	}
	defer os.RemoveAll(dir)
	ours, err := freeAddress()
	if err != nil {
		return nil, err
	}
	agent, err := launch(ctx, []string{filepath.Join(b.out, "perfmon"), "--source", "local", "--state-dir", dir, "--triggers", "../packaging/triggers",
		"--settings-file", filepath.Join(dir, "none.yaml"), "--control-socket", "@perfmon-bench-" + strconv.Itoa(os.Getpid()),
		"--api-socket", filepath.Join(dir, "api"), "--pid-file", "", "--web.listen-address", ours})
	if err != nil {
		return nil, err
	}
	defer agent.stop()
	theirs, err := freeAddress()
	if err != nil {
		return nil, err
	}
	node, err := launch(ctx, []string{"prometheus-node-exporter", "--web.listen-address", theirs})
	if err != nil {
		return nil, err
	}
	defer node.stop()

	idle := Figure{Section: "exporter", Name: "idle", About: "perfmon, its own samples and triggers for 5 s", Unit: "ms"}
	if err := b.idle(ctx, agent, &idle); err != nil {
		return nil, err
	}
	figures := []Figure{
		{Section: "exporter", Name: "perfmon", About: "perfmon, a scrape", Unit: "ms"},
		{Section: "exporter", Name: "node_exporter", About: "prometheus-node-exporter, a scrape", Unit: "ms"},
	}
	for round := range b.rounds {
		for i, p := range []*process{agent, node} {
			if err := scrapes(ctx, p, []string{ours, theirs}[i], &figures[i]); err != nil {
				return nil, err
			}
			say("  round %d of %d  %-20s %8.3g ms", round+1, b.rounds, figures[i].Name, figures[i].Samples[round])
		}
	}
	for i := range figures {
		figures[i].settle()
	}
	return append(figures, idle), nil
}

// idle measures the agent while nobody asks it anything, in spans of 5 s,
// after it has begun.
func (b *bench) idle(ctx context.Context, p *process, f *Figure) error {
	var before time.Duration
	for n := range b.rounds + 2 {
		select {
		case <-p.ended:
			return fmt.Errorf("the agent has ended: %s", p.said())
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(5 * time.Second):
		}
		now, err := p.cpu()
		if err != nil {
			return err
		}
		if n > 1 {
			f.add(measure.Report{CPU: float64(now - before)}, 1e6)
		}
		before = now
	}
	f.settle()
	var err error
	f.Peak, err = p.memory("VmHWM")
	say("  %-20s %8.3g ms, %.1f MB", "idle", f.Median, float64(f.Peak)/1e6)
	return err
}

// inARow is how many scrapes make a round.
const inARow = 30

func scrapes(ctx context.Context, p *process, address string, f *Figure) error {
	if _, err := get(ctx, address, "identity"); err != nil {
		return err
	}
	before, err := p.cpu()
	if err != nil {
		return err
	}
	size := 0
	for range inARow {
		if size, err = get(ctx, address, "identity"); err != nil {
			return err
		}
	}
	after, err := p.cpu()
	if err != nil {
		return err
	}
	f.add(measure.Report{CPU: float64(after - before), Bytes: size}, 1e6*inARow)
	f.Peak, err = p.memory("VmHWM")
	return err
}

// freeAddress is one that nobody listens on.
func freeAddress() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", fmt.Errorf("find a free port: %w", err)
	}
	defer l.Close()
	return l.Addr().String(), nil
}

// get scrapes and returns how many bytes came. A server that has just been
// started may need a moment.
func get(ctx context.Context, address, coding string) (int, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+address+"/metrics", nil)
	if err != nil {
		return 0, fmt.Errorf("scrape %s: %w", address, err)
	}
	request.Header.Set("Accept-Encoding", coding)
	for try := 0; ; try++ {
		reply, err := http.DefaultClient.Do(request)
		if err != nil && try < 50 && ctx.Err() == nil {
			time.Sleep(100 * time.Millisecond)
			continue
		}
		if err != nil {
			return 0, fmt.Errorf("scrape %s: %w", address, err)
		}
		n, err := io.Copy(io.Discard, reply.Body)
		reply.Body.Close()
		if err != nil || reply.StatusCode != http.StatusOK {
			return 0, fmt.Errorf("scrape %s: status %s, %v", address, reply.Status, err)
		}
		return int(n), nil
	}
}
