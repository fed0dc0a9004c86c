package main

import (
	"errors"
	"fmt"
	"log/slog"
	"math"
	"net"
	"net/http"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/spf13/pflag"

	"perfmon/monitor/api"
)

// slotSpan is over how many seconds at most the hosts of a pool spread what
// they do as a row comes, unless they are told.
const slotSpan = 0.5

// defaultConfigPeriod is how often trigger files are read, in seconds.
const defaultConfigPeriod = 1800

// validate refuses values that cannot be meant.
func (o *options) validate(f *pflag.FlagSet) error {
	const day = 24 * 60 * 60
	switch {
	case f.Changed("interval") && (o.interval < 1 || o.interval > 365*day):
		return fmt.Errorf("--interval %d: want at least 1 second and at most a year", o.interval)
	case o.loops < 0 || o.loops > math.MaxInt32:
		return fmt.Errorf("--numloops %d: want at least 0", o.loops)
	case o.step != 5 && o.step != 60:
		return fmt.Errorf("--rrdstep %d: want 5 or 60, the steps of the toolstack's archives", o.step)
	case o.configPeriod < 0 || o.configPeriod > 365*day:
		return fmt.Errorf("--config_update_period %d: want at least 0 seconds and at most a year", o.configPeriod)
	case math.IsNaN(o.dither) || o.dither < 0 || o.dither > 1000:
		return fmt.Errorf("--interval_percent_dither %v: want 0 to 1000", o.dither)
	case o.source != "auto" && o.source != "xapi" && o.source != "local":
		return fmt.Errorf("--source %q: want auto, xapi or local", o.source)
	case o.shadow && o.source == "local":
		return errors.New("--shadow with --source local: there is no stock daemon without a toolstack; leave one of them out")
	case o.maxUpdateBytes < 1<<10:
		return fmt.Errorf("--max-update-bytes %d: want at least 1024", o.maxUpdateBytes)
	case len(o.controlSocket) < 2 || o.controlSocket[0] != '@':
		return fmt.Errorf("--control-socket %q: want an abstract name, such as @perfmon", o.controlSocket)
	}
	if _, _, err := net.SplitHostPort(o.xapiHTTP); err != nil {
		return fmt.Errorf("--xapi-http %q: want an address and a port, such as 127.0.0.1:80", o.xapiHTTP)
	}
	// As the stock daemon has it, no loops is one, and a period of nothing is
	// the shortest.
	if f.Changed("numloops") {
		o.loops = max(o.loops, 1)
	}
	if f.Changed("config_update_period") {
		o.configPeriod = max(o.configPeriod, 1)
		o.poolPeriod = o.configPeriod
	} else {
		o.configPeriod = defaultConfigPeriod
	}
	if !f.Changed("interval") && !f.Changed("interval_percent_dither") {
		o.dither = min(o.dither, 100*slotSpan/float64(o.step))
	}
	return o.validateWeb()
}

func (o *options) validateWeb() error {
	for _, address := range *o.web.WebListenAddresses {
		if strings.HasPrefix(address, "vsock://") { // the toolkit's, for a VM's own host
			continue
		}
		if _, _, err := net.SplitHostPort(address); err != nil {
			return fmt.Errorf("--web.listen-address %q: want an address and a port, such as %s", address, api.DefaultAddress)
		}
	}
	// Whoever answers knows which names are good; this one answers nobody.
	_, err := api.Handler(api.Options{
		Metrics: http.NotFoundHandler(), Logger: slog.New(slog.DiscardHandler), AllowedHosts: o.allowedHosts,
	})
	if err != nil {
		return fmt.Errorf("--web.allowed-hosts: %w", err)
	}
	return nil
}

// absolutePaths makes the files' names good in any directory, since a
// background process has another one.
func (o *options) absolutePaths() error {
	for _, path := range []*string{&o.settings, &o.triggers, &o.stateDir, &o.xapiSocket, &o.rrddSocket, &o.inventoryFile, &o.pidFile, &o.apiSocket, o.web.WebConfigFile} {
		if *path == "" {
			continue
		}
		whole, err := filepath.Abs(*path)
		if err != nil {
			return fmt.Errorf("find %q: %w", *path, err)
		}
		*path = whole
	}
	return nil
}

// plainly says what is wrong with a flag in the words of the other errors.
func plainly(err error) error {
	var value *pflag.InvalidValueError
	if !errors.As(err, &value) {
		return err
	}
	want := map[string]string{"int": "a whole number", "int64": "a whole number", "float64": "a number", "bool": "true or false"}[value.GetFlag().Value.Type()]
	if want == "" {
		return err
	}
	if errors.Is(err, strconv.ErrRange) {
		want += " that is not so large"
	}
	return fmt.Errorf("--%s %q: want %s", value.GetFlag().Name, value.GetValue(), want)
}
