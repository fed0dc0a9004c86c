package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"

	"github.com/coreos/go-systemd/v22/daemon"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"perfmon/alarm/outbox"
	"perfmon/cmd/internal/settings"
	"perfmon/monitor"
	"perfmon/monitor/api"
	"perfmon/monitor/control"
	"perfmon/monitor/metrics"
	"perfmon/rrd"
	"perfmon/xapi"
)

// host is what rows and configuration come from, and where alarms go by
// themselves: a toolstack, or this machine alone.
type host struct {
	source monitor.Source
	// messages makes the driver of the toolstack's own sink; nil without a
	// toolstack.
	messages func(settings.Sink) (outbox.Driver, error)
	// messagesSince reads the pool's messages; nil without a toolstack.
	messagesSince func(ctx context.Context, since time.Time) ([]xapi.MessageRecord, error)
	// share keeps what the pool has to know of a VM's alarms; it does not
	// block. Nil: nothing is shared.
	share func(vm monitor.Object, state string)
	// run does the work in the background until ctx ends, and hands on
	// inventories. It returns when all that it started has ended.
	run func(ctx context.Context, give func(*monitor.Inventory))
	// close ends connections, after run and the sinks have ended.
	close func()
	// reread asks for a full inventory; it does not block.
	reread func()
	step   int64
	// archive is what the web port serves at /rrd_updates; nil for none.
	archive *rrd.RRD
	// archives has rows of longer ago.
	archives api.Archives
	name     string // for the log and the metrics: xapi or local
}

// runAgent runs until a signal, or the wanted number of polls.
func runAgent(o *options, stdout, stderr io.Writer) error {
	log := newLogger(o, stderr)
	slog.SetDefault(log) // for libraries
	pages := findProgramPages()
	pages.giveBack() // what the packages' own beginnings needed

	cfg, badSettings := loadSettings(o.settings, log)
	if o.shadow {
		muteForShadow(cfg, log)
	}
	held, err := lockState(o.stateDir)
	var running *alreadyRunningError
	switch {
	case errors.As(err, &running):
		return err
	case o.shadow && o.stateDir == "":
		// All is in memory, as it should be.
	case isDiskTrouble(err):
		log.Warn("state directory not locked: its disk cannot be written to", "err", err)
	case err != nil:
		log.Warn("no state directory, so nothing survives a restart: mend it, or name another with --state-dir", "err", err)
		o.stateDir = ""
	}
	defer held.release()

	reg := prometheus.NewRegistry()
	reg.MustRegister(collectors.NewGoCollector(), metrics.NewProcess())
	passed := takeSockets(o.controlSocket, *o.web.WebSystemdSocket, log)
	socket, err := openControl(o, passed, log, reg)
	if err != nil {
		return err
	}
	if socket != nil {
		defer socket.Close()
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	hangups := make(chan os.Signal, 1)
	signal.Notify(hangups, syscall.SIGHUP)
	defer signal.Stop(hangups)
	signal.Ignore(syscall.SIGPIPE) // whoever reads our log may go; we stay
	defer writePIDFile(o.pidFile, log)()

	j, err := openJournal(o.stateDir, log, reg)
	if err != nil {
		return err
	}
	defer j.Close() // whoever gets further closes it before, and says how that went
	h, err := openHost(o, j, log, reg)
	if err != nil {
		return err
	}
	reg.MustRegister(sourceInfo(h.name), settingsErrors(badSettings))
	sinks, err := openSinks(cfg, badSettings > 0, h, j, log, reg)
	if err != nil {
		return err
	}
	kept := newStore(j, h.name, sinks, log)
	beside, err := newShadower(o, h, log, stdout, reg)
	if err != nil {
		return err
	}
	step := h.step
	lookBack := int64(monitor.DefaultLookBack)
	if o.interval > 0 {
		lookBack = o.interval
	}
	page := metrics.NewPage(metrics.PageOptions{Own: reg, Now: time.Now, Logger: log})
	m := monitor.New(monitor.Options{
		Source: h.source, Clock: hostClock{}, Store: beside.over(kept), Saved: kept.saved(), Readings: readings(), Logger: log,
		Step: step, Interval: o.pollInterval(), LookBack: lookBack, Dither: o.dither, Loops: int(o.loops), Legacy: o.legacy,
		Reread: h.reread, Alive: alive, AliveEvery: watchdogInterval(), Registerer: reg, MuteVMs: cfg.MuteVMs, Share: h.share,
		Published: func(s *monitor.Snapshot) { page.Published(s); kept.feed.Published(s) },
	})
	beats := newHeartbeats(m.Snapshot, kept.Epoch, log, reg)

	pages.giveBack() // what the start needed
	apiSocket := openAPI(o, log)
	service := newAPI(o, m, h, kept, log)

	log.Info("perfmon begins", "version", version, "source", h.name, "step", step, "pid", os.Getpid())
	var work sync.WaitGroup
	background, endBackground := context.WithCancel(context.Background())
	defer func() {
		endBackground()
		if !endsWithin(&work, endLimit) {
			log.Error("some work did not end in time and is left behind", "limit", endLimit)
		}
		kept.close()
	}()
	work.Go(func() {
		var work sync.WaitGroup
		work.Go(func() { h.run(background, beside.before(m.SetInventory)) })
		work.Go(func() { kept.deliver(background, beats) })
		work.Go(func() { beside.run(background, m) })
		work.Wait()
		h.close()
	})
	work.Go(func() { service.Run(background) })
	work.Go(func() { serveAPI(background, apiSocket, service.Local(), log) })
	work.Go(func() { serveWeb(background, o, passed, log, page, h, service.Public()) })
	work.Go(func() { <-background.Done(); kept.feed.Close() })
	work.Go(func() { hearCommands(background, socket, m, log) })
	work.Go(func() { hearHangups(background, hangups, m) })
	work.Go(func() { pages.keepSmall(background) })
	notify(daemon.SdNotifyReady)
	reportToParent(nil)

	m.Run(ctx)
	notify(daemon.SdNotifyStopping)
	why := "all polls are done"
	if ctx.Err() != nil {
		why = "told to by a signal"
	}
	log.Info("perfmon ends", "why", why)
	return nil
}

// openControl binds the command socket, or takes the one that was passed. One
// that is bound already belongs to another instance, or to the daemon whose
// place this one takes. With --shadow there is none.
func openControl(o *options, passed *sockets, log *slog.Logger, reg prometheus.Registerer) (*control.Socket, error) {
	if o.shadow {
		return nil, nil
	}
	commands := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "perfmon_commands_total", Help: "Datagrams on the command socket, by word and result.",
	}, []string{"command", "result"})
	reg.MustRegister(commands)
	for _, word := range []control.Command{control.Refresh, control.DebugMem} {
		commands.WithLabelValues(string(word), control.Accepted) // at 0, so that the first one counts
	}
	options := control.Options{Logger: log, OnCommand: func(word, result string) { commands.WithLabelValues(word, result).Inc() }}
	if passed.command != nil {
		return control.FromConn(passed.command, options)
	}
	s, err := control.Listen(o.controlSocket, options)
	if errors.Is(err, syscall.EADDRINUSE) {
		pid, _ := control.Owner(o.controlSocket)
		return nil, &alreadyRunningError{pid: pid, what: "the command socket " + o.controlSocket}
	}
	if err != nil {
		return nil, fmt.Errorf("command socket: %w", err)
	}
	return s, nil
}

func hearCommands(ctx context.Context, s *control.Socket, m *monitor.Monitor, log *slog.Logger) {
	if s == nil {
		return
	}
	err := s.Run(ctx, func(c control.Command) {
		switch c {
		case control.Refresh:
			m.Do(monitor.Refresh)
		case control.DebugMem:
			m.Do(monitor.DebugMem)
		}
	})
	if err != nil && ctx.Err() == nil {
		log.Error("the command socket has failed: refresh and debug_mem are not heard any more", "err", err)
	}
}

// hearHangups makes a refresh of each SIGHUP.
func hearHangups(ctx context.Context, hangups <-chan os.Signal, m *monitor.Monitor) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-hangups:
			m.Do(monitor.Refresh)
		}
	}
}

// endLimit is how long the background work may take to end: what asks us to
// end allows five seconds, and a hung disk or toolstack must not cost them.
const endLimit = 4500 * time.Millisecond

func endsWithin(work *sync.WaitGroup, limit time.Duration) bool {
	ended := make(chan struct{})
	go func() { work.Wait(); close(ended) }()
	timer := time.NewTimer(limit)
	defer timer.Stop()
	select {
	case <-ended:
		return true
	case <-timer.C:
		return false
	}
}

func sourceInfo(name string) prometheus.Collector {
	g := prometheus.NewGaugeVec(prometheus.GaugeOpts{
		Name: "perfmon_source_info", Help: "Where rows come from: xapi or local; always 1.",
	}, []string{"source", "version"})
	g.WithLabelValues(name, version).Set(1)
	return g
}

// notify tells the service manager; without one it does nothing.
func notify(state string) { _, _ = daemon.SdNotify(false, state) }

// alive tells the service manager what the loop is doing, and that it turns.
func alive(status string) {
	notify("STATUS=" + status + "\n" + daemon.SdNotifyWatchdog)
}

// watchdogInterval is half of what the service manager allows.
func watchdogInterval() time.Duration {
	if d, err := daemon.SdWatchdogEnabled(false); err == nil && d > 0 {
		return d / 2
	}
	return 10 * time.Second
}
