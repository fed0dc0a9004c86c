package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"perfmon/cmd/internal/console"
	"perfmon/cmd/internal/rubberconfig"
	"perfmon/cmd/internal/verbs"
	"perfmon/cmd/rubber/demo"
	"perfmon/scaling/engine"
	"perfmon/scaling/rubber/api"
	"perfmon/scaling/rubber/cloud/process"
)

const (
	// demoToken is the variable with the secret between the demonstration's shop
	// and its workers: nobody else on this machine gives them orders.
	demoToken = "RUBBER_DEMO_TOKEN"
	demoOwner = "demo"
	demoQueue = "jobs"
	demoSlots = 2

	// How the demonstration goes: a crest of work every so often, which needs most
	// of the machines, and an alarm that falls on every other one.
	demoPeriod = 3 * time.Minute
	demoMean   = 6 * time.Second
	demoBoot   = 6 * time.Second
	demoBusy   = time.Minute
)

// demonstration is a rubber and the world around it.
type demonstration struct {
	web      string
	machines int
	seed     uint64

	dir  string
	url  string // of the shop
	shop *demo.Shop
	out  io.Writer
	mu   sync.Mutex // a line at a time
}

func newDemo() *cobra.Command {
	d := &demonstration{}
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "see it work here: jobs come in waves, machines come and go",
		Long: `demo runs a rubber on this machine that needs nothing else: its queue is a small
server whose jobs come in waves, its machines are processes that do nothing but
wait, and they are said to be on two hosts, one of which raises an alarm now and
then. What rubber does with them is what it does with real ones: see its page,
and ask it with the other verbs and the socket that is printed.

It is all in a temporary folder and on loopback. Ctrl-C, or closing the
terminal, ends the machines and removes the folder.`,
		Example: `  rubber demo
  rubber demo --listen 127.0.0.1:8080`,
		Args: verbs.NoArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if d.machines < 1 || d.machines > 50 {
				return fmt.Errorf("--machines %d: want 1 to 50", d.machines)
			}
			d.out = cmd.OutOrStdout()
			return d.run()
		},
	}
	cmd.Flags().StringVar(&d.web, "listen", rubberconfig.DefaultWeb, "`ADDRESS` of the page; none for no page")
	cmd.Flags().IntVar(&d.machines, "machines", 6, "`N` machines at most")
	cmd.Flags().Uint64Var(&d.seed, "seed", 1, "`NUMBER` that the jobs are drawn with")
	return cmd
}

// newDemoWorker is what a machine of the demonstration runs.
func newDemoWorker() *cobra.Command {
	w := demo.Worker{Slots: demoSlots, Boot: demoBoot, Client: &http.Client{}}
	cmd := &cobra.Command{
		Use: "demo-worker", Hidden: true, Short: "the program of a machine of the demonstration", Args: verbs.NoArguments,
		RunE: func(*cobra.Command, []string) error {
			ctx, stop := verbs.Interruptible()
			defer stop()
			w.Token = os.Getenv(demoToken)
			if err := w.Work(ctx); err != nil {
				return verbs.Failed(err)
			}
			return nil
		},
	}
	cmd.Flags().StringVar(&w.URL, "shop", "", "`URL` of the shop")
	cmd.Flags().StringVar(&w.Name, "name", "", "`NAME` of the worker")
	return cmd
}

func (d *demonstration) run() (err error) {
	ctx, stop := verbs.Interruptible()
	defer stop()
	ctx, closed := signal.NotifyContext(ctx, syscall.SIGHUP) // of the terminal
	defer closed()
	if err := d.free(); err != nil {
		return verbs.Refused(err)
	}
	// The folder has a socket, whose path may have about 100 letters.
	if d.dir, err = os.MkdirTemp("", "rubber-demo"); err != nil {
		return verbs.Failed(err)
	}
	defer os.RemoveAll(d.dir)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return verbs.Failed(err)
	}
	d.url = "http://" + listener.Addr().String()
	d.shop = demo.NewShop(demoQueue)
	token := fmt.Sprintf("%016x%016x", rand.Uint64(), rand.Uint64())
	server := &http.Server{Handler: d.shop.Handler(token), ReadHeaderTimeout: 10 * time.Second}
	config, err := d.configure(token)
	if err != nil {
		listener.Close()
		return verbs.Failed(err)
	}
	log, err := os.Create(d.path("rubber.log"))
	if err != nil {
		listener.Close()
		return verbs.Failed(err)
	}
	defer log.Close()

	world, end := context.WithCancel(context.Background())
	var all sync.WaitGroup
	all.Go(func() { _ = server.Serve(listener) }) // until it is closed
	all.Go(func() {
		d.shop.Run(world, &demo.Wave{
			Period: demoPeriod, Highest: float64(d.machines*demoSlots) * 0.8 / demoMean.Seconds(), Mean: demoMean, Chance: rand.New(rand.NewPCG(d.seed, 0)),
		})
	})
	all.Go(func() { d.agents(world) })
	all.Go(func() { d.tell(world) })
	err = serve(ctx, serveFlags{config: config}, log)
	d.say("the machines are ended")
	err = errors.Join(err, d.clear())
	end()
	server.Close()
	all.Wait()
	if err != nil {
		text, _ := os.ReadFile(d.path("rubber.log"))
		d.say("the log of rubber:\n" + strings.TrimSpace(string(text)))
	}
	return err
}

// free says whether the page has its address. Rubber itself would go on without
// a page, which here is the point.
func (d *demonstration) free() error {
	if d.web == "none" {
		return nil
	}
	if _, port, err := net.SplitHostPort(d.web); err == nil && port == "0" {
		return fmt.Errorf("the page cannot be at %s: nobody would know its port; name one with --listen", d.web)
	}
	l, err := net.Listen("tcp", d.web)
	if err != nil {
		return fmt.Errorf("the page cannot be at %s: %w; name another address with --listen", d.web, err)
	}
	return l.Close()
}

func (d *demonstration) path(name string) string { return filepath.Join(d.dir, name) }

// configure writes the configuration, as an operator would.
func (d *demonstration) configure(token string) (path string, err error) {
	self, err := os.Executable()
	if err != nil {
		return "", err
	}
	path = d.path("rubber.yaml")
	text := fmt.Sprintf(`# The configuration of the demonstration.
owner: %s
max_machines: %d
brokers:
  shop: {kind: http, url: "%s/depth", workers_url: "%[3]s/workers", header: Authorization, secret_file: token}
clouds:
  here:
    driver: process
    process: {dir: machines, grace: 2s, hosts: [%s]}
profiles:
  jobs:
    queue: %s
    slots: %d
    command: [%q, demo-worker, --shop, %[3]q, --name, "worker@{name}"]
    env: {%[8]s: %[9]q}
alarms: {from: [engine]}
engine: {dir: engine, listen: "127.0.0.1:0"}
# Machines cost next to nothing here, and are let go after seconds.
planner: {interval: 1s, start_cost: 15s, load_window: 20s, recent: 4s, target_wait: 8s, down_every: 3s, spare_window: 20s, horizon: 5s}
limits: {settle: 1s, ask: 1s}
api: {socket: s}
web: {listen: %q}
`, demoOwner, d.machines, d.url, strings.Join(demo.Hosts[:], ", "), demoQueue, demoSlots, self, demoToken, token, d.web)
	return path, errors.Join(os.WriteFile(d.path("token"), []byte(token), 0o600), os.WriteFile(path, []byte(text), 0o600))
}

func (d *demonstration) greet() {
	page := "none"
	if d.web != "none" {
		page = "http://" + d.web + "/"
	}
	socket, program := d.path("s"), os.Args[0] // as it was called: it may not be on the path
	fmt.Fprintf(d.out, `a demonstration: jobs come in waves, %s from crest to crest, for %d machines at most

page        %s
live view   %s top --api-socket %s
why         %[4]s plan --api-socket %[5]s
            %[4]s explain jobs --api-socket %[5]s
settings    %[6]s
log         %[7]s

Ctrl-C ends it, and every machine.

`, console.Span(int64(demoPeriod/time.Second)), d.machines, page, program, socket, d.path("rubber.yaml"), d.path("rubber.log"))
}

func (d *demonstration) say(text string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	fmt.Fprintf(d.out, "%s  %s\n", time.Now().Format(time.TimeOnly), text)
}

// agents tell what agents would, by the engine, as processes of one machine do.
func (d *demonstration) agents(ctx context.Context) {
	e, err := engine.New(engine.Options{Name: "demo", Dir: d.path("engine"), Listen: "127.0.0.1:0"})
	if err != nil {
		d.say("no alarms will come: " + err.Error())
		return
	}
	var runs sync.WaitGroup
	defer runs.Wait()
	runs.Go(func() {
		if err := e.Run(ctx); err != nil {
			d.say("no more alarms will come: " + err.Error())
		}
	})
	a := &demo.Agents{Period: 2 * demoPeriod, Busy: demoBusy, Say: d.say}
	if err := a.Run(ctx, e); err != nil && ctx.Err() == nil {
		d.say("no more alarms will come: " + err.Error())
	}
}

// tell says how it goes, whenever that has changed.
func (d *demonstration) tell(ctx context.Context) {
	a := &asking{socket: d.path("s")}
	t := time.NewTicker(time.Second)
	defer t.Stop()
	last, lastAt := "", time.Time{}
	greeted := false
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.C:
		}
		s, _, err := get[api.Status](ctx, a, "/v1/status", nil)
		if err != nil {
			continue // it begins, or ends
		}
		if !greeted {
			d.greet()
			greeted = true
		}
		machines := machinesText(&s)
		if machines == last && time.Since(lastAt) < 15*time.Second {
			continue
		}
		last, lastAt = machines, time.Now()
		c := d.shop.Counts()
		d.say(fmt.Sprintf("jobs: %3d wait %3d run %4d done   machines: %s", c.Waiting, c.Running, c.Done, machines))
	}
}

// machinesText counts the machines of each state, in the order of their life.
func machinesText(s *api.Status) string {
	var parts []string
	for _, state := range []string{"requested", "building", "booting", "ready", "draining", "deleting"} {
		if n := s.MachineStates[state]; n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, state))
		}
	}
	if len(parts) == 0 {
		return "none"
	}
	return strings.Join(parts, ", ")
}

// clear ends the machines: nobody is left to do so.
func (d *demonstration) clear() error {
	c, err := process.New(process.Options{Dir: d.path("machines"), Grace: 2 * time.Second})
	if err != nil {
		return err
	}
	defer c.Close()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	list, err := c.List(ctx, demoOwner)
	for _, m := range list {
		err = errors.Join(err, c.Delete(ctx, m.ID))
	}
	return err
}
