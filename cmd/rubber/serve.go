package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"reflect"
	"strings"
	"syscall"

	"github.com/coreos/go-systemd/v22/daemon"
	"github.com/spf13/cobra"

	"perfmon/cmd/internal/rubberconfig"
	"perfmon/cmd/internal/strictyaml"
	"perfmon/cmd/internal/verbs"
)

// serveFlags are what the configuration does not say.
type serveFlags struct {
	config       string
	dryRun       bool
	debug        bool
	engineListen string
	engineDir    string
}

func newServe() *cobra.Command {
	var f serveFlags
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "watch queues and keep as many machines as they need",
		Long: `serve watches the queues of its configuration and starts, drains and deletes
machines, until it is told to stop. Machines go on when it ends, and it finds
them again when it begins.

SIGHUP has it read its configuration again: what is wrong is said, and the old
one stays in force. Brokers, clouds and the engine need a restart.`,
		Example: `  rubber serve --config /etc/rubber/rubber.yaml
  rubber serve --dry-run        # look and plan, and change nothing`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return serve(cmd.Context(), f, cmd.ErrOrStderr()) },
	}
	f.add(cmd)
	cmd.Flags().BoolVar(&f.dryRun, "dry-run", false, "plan and show, and neither write nor do anything")
	return cmd
}

func (f *serveFlags) add(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.config, "config", rubberconfig.DefaultPath, "`FILE` with the configuration")
	cmd.Flags().BoolVar(&f.debug, "debug", false, "log more")
	cmd.Flags().StringVar(&f.engineListen, "engine-listen", "", "`ADDRESS` of the embedded engine, instead of the configuration's")
	cmd.Flags().StringVar(&f.engineDir, "engine-dir", "", "`FOLDER` of the embedded engine, instead of the configuration's")
}

// load reads the configuration. What is wrong with it has been told when the
// error is a codeError.
func (f *serveFlags) load(stderr io.Writer) (*rubberconfig.Config, error) {
	c, err := f.read()
	if err != nil {
		return nil, badConfig(err, stderr)
	}
	for _, w := range c.Warnings {
		fmt.Fprintln(stderr, w.Format(f.config))
	}
	return c, nil
}

// read reads the configuration, in which flags have the last word.
func (f *serveFlags) read() (*rubberconfig.Config, error) {
	c, err := rubberconfig.Load(f.config, os.Getenv)
	if err != nil {
		return nil, err
	}
	if f.engineListen != "" {
		c.Engine.Listen = f.engineListen
	}
	if f.engineDir != "" {
		c.Engine.Dir = f.engineDir
	}
	return c, nil
}

// badConfig tells what is wrong with a configuration, a line each.
func badConfig(err error, stderr io.Writer) error {
	var bad *strictyaml.Error
	if errors.As(err, &bad) {
		fmt.Fprintln(stderr, bad)
		return verbs.Ended(verbs.ExitProblem)
	}
	return verbs.Failed(err)
}

func newLogger(w io.Writer, debug bool) *slog.Logger {
	level := slog.LevelInfo
	if debug {
		level = slog.LevelDebug
	}
	return slog.New(slog.NewTextHandler(w, &slog.HandlerOptions{Level: level}))
}

// serve runs until a signal.
func serve(ctx context.Context, f serveFlags, stderr io.Writer) error {
	c, err := f.load(stderr)
	if err != nil {
		return err
	}
	log := newLogger(stderr, f.debug)
	slog.SetDefault(log) // for libraries
	p, err := newParts(c, f.dryRun, log)
	if err != nil {
		return verbs.Refused(err)
	}
	if ctx == nil {
		ctx = context.Background()
	}
	ctx, stop := signal.NotifyContext(ctx, syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	hangups := make(chan os.Signal, 1)
	signal.Notify(hangups, syscall.SIGHUP)
	defer signal.Stop(hangups)

	log.Info("rubber begins", "version", version, "config", f.config, "owner", c.Owner, "dry_run", f.dryRun, "pid", os.Getpid())
	shown := newFaces(c, p, log)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		shown.run(ctx)
	}()
	watched := make(chan struct{})
	go func() {
		defer close(watched)
		p.watch(ctx)
	}()
	reread := make(chan struct{})
	go func() {
		defer close(reread)
		for {
			select {
			case <-ctx.Done():
				return
			case <-hangups:
				f.reload(ctx, p, c, log)
			}
		}
	}()
	err = p.run(ctx, func() {
		notify(daemon.SdNotifyReady)
	})
	notify(daemon.SdNotifyStopping)
	stop()
	<-ended
	<-reread
	<-watched
	if err != nil {
		return verbs.Failed(err)
	}
	log.Info("rubber ends: machines go on")
	return nil
}

// reload puts a changed configuration in force, as far as that can be done.
func (f *serveFlags) reload(ctx context.Context, p *parts, began *rubberconfig.Config, log *slog.Logger) {
	c, err := f.read()
	if err != nil {
		log.Error("the configuration is not read again: the one before stays in force", "err", err)
		return
	}
	cfg, err := controllerConfig(c)
	if err == nil {
		err = p.controller.Configure(ctx, cfg)
	}
	if err != nil {
		log.Error("the configuration is not changed: the one before stays in force", "err", err)
		return
	}
	if keys := atStart(began, c); len(keys) > 0 {
		log.Warn("some of what was changed needs a restart: until then it is as it was", "keys", strings.Join(keys, ", "))
	}
	log.Info("the configuration was read again", "profiles", len(c.Profiles))
}

// atStart is the keys in which two configurations differ and that are only
// read at the start.
func atStart(was, is *rubberconfig.Config) (keys []string) {
	for _, one := range []struct {
		key     string
		was, is any
	}{
		{"owner", was.Owner, is.Owner}, {"brokers", was.Brokers, is.Brokers}, {"clouds", was.Clouds, is.Clouds},
		{"alarms", was.Alarms, is.Alarms}, {"engine", was.Engine, is.Engine}, {"api", was.API, is.API}, {"web", was.Web, is.Web},
		{"limits.cloud_calls", was.Limits.CloudCalls, is.Limits.CloudCalls}, {"limits.commands", was.Limits.Commands, is.Limits.Commands},
		{"limits.depths", was.Limits.Depths, is.Limits.Depths},
	} {
		if !reflect.DeepEqual(one.was, one.is) {
			keys = append(keys, one.key)
		}
	}
	return keys
}

// notify tells the service manager, if there is one.
func notify(state string) { _, _ = daemon.SdNotify(false, state) }
