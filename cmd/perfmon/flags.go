package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"time"

	"github.com/prometheus/exporter-toolkit/web"
	"github.com/spf13/pflag"

	"perfmon/cmd/internal/settings"
	"perfmon/monitor"
	"perfmon/monitor/api"
	"perfmon/monitor/control"
	"perfmon/rrd"
	"perfmon/xapi"
)

// options are what the command line says.
type options struct {
	// The stock daemon's.
	interval     int64   // seconds between polls; 0: a poll as each row comes
	loops        int64   // polls before the end; 0: none
	debug        bool    // log more
	step         int64   // wanted step of the rows, seconds
	configPeriod int64   // seconds between full reads of the trigger files
	poolPeriod   int64   // seconds between full reads of the pool; 0: the default
	dither       float64 // per cent
	daemon       bool

	// Ours.
	source         string
	shadow         bool
	legacy         bool
	shareState     bool
	dial           func(ctx context.Context, network, address string) (net.Conn, error) // to the toolstack; nil: package net
	triggers       string
	settings       string
	stateDir       string
	maxUpdateBytes int64
	xapiSocket     string
	rrddSocket     string
	xapiHTTP       string
	hostUUID       string
	stallTimeout   time.Duration // of an answer with rows; 0: the default
	inventoryFile  string
	controlSocket  string
	apiSocket      string
	pidFile        string
	allowedHosts   []string
	web            web.FlagConfig
	webRetry       time.Duration
}

var errHelp = errors.New("help was asked for")

const helpHead = `perfmon watches the performance data of this host, its VMs and its storage, and
raises an alarm when a value has been on the wrong side of its level for long
enough. With a toolstack (XenServer, XCP-ng) the triggers are those in each
object's other-config:perfmon, and those that it inherits from the triggers
directory and from the pool; without one, rows come from /proc and triggers from
host.xml in that directory.

Usage: perfmon [flags]

`

const helpTail = `
Exit codes: 0 ended as asked (SIGTERM, SIGINT, --numloops), 1 wrong flags,
2 fatal error, 3 another instance is running.
Signals: SIGHUP reads the configuration again and polls at once, as the
datagram "refresh" to the command socket does.
`

// parseFlags reads the command line. errHelp means that what was asked for
// has been printed.
func parseFlags(args []string, stdout io.Writer) (*options, error) {
	o := &options{webRetry: webRetry, step: monitor.DefaultStep}
	var listen []string
	var socketActivation, showVersion, showManual, help bool
	var webConfig string
	f := pflag.NewFlagSet("perfmon", pflag.ContinueOnError)
	f.SortFlags = false
	f.SetOutput(io.Discard)
	f.Usage = func() {}
	f.VarP((*decimal)(&o.interval), "interval", "i", "poll every `SEC` seconds (default: as each row comes)")
	f.VarP((*decimal)(&o.loops), "numloops", "n", "end after `N` polls, failed ones included (default: never)")
	f.BoolVarP(&o.debug, "debug", "d", false, "log more")
	f.VarP((*decimal)(&o.step), "rrdstep", "s", "ask the toolstack for rows of `SEC` seconds: 5 or 60")
	f.VarP((*decimal)(&o.configPeriod), "config_update_period", "c", "read the whole configuration every `SEC` seconds; changes are followed as they come (default: files 1800, the pool 21600)")
	f.Float64VarP(&o.dither, "interval_percent_dither", "D", monitor.DefaultDither, "add up to `PCT` per cent to the interval, at random; without --interval up to half a second, unless it is given")
	f.BoolVar(&o.daemon, "daemon", false, "go to the background")
	f.StringVar(&o.source, "source", "auto", "`WHERE` rows come from: xapi, local (/proc), or auto (xapi where there is a toolstack)")
	f.BoolVar(&o.shadow, "shadow", false, "run beside the stock daemon: send nothing, bind no command socket, keep nothing on disk, and say where the alarms differ (docs/shadow.md)")
	f.StringVar(&o.triggers, "triggers", "/etc/perfmon/triggers", "`DIR` with vm.xml, host.xml and sr.xml, triggers that all objects of a class share")
	f.StringVar(&o.settings, "settings-file", settings.DefaultPath, "`FILE` with the settings: where alarms go (docs/settings.md); it need not be there")
	f.StringVar(&o.stateDir, "state-dir", "/var/lib/perfmon", "`DIR` for the journal (alarms, silences, what sinks still have to be told), the archives and the lock; empty for none")
	f.BoolVar(&o.shareState, "share-state", false, "keep the state of each VM's alarms with the VM (other-config:perfmon-state), so that a VM that migrates takes its alarms along; wants to be set on all hosts of the pool")
	f.BoolVar(&o.legacy, "legacy", false, "use the values of the daemon of 2012 where they differ: priority 5, class HOST, unanchored patterns, a week of inhibit for fs_usage, dither to both sides, no SR variables")
	f.Int64Var(&o.maxUpdateBytes, "max-update-bytes", rrd.DefaultMaxBytes, "read no answer of the toolstack that is larger than `N` bytes")
	f.StringVar(&o.xapiSocket, "xapi-socket", xapi.DefaultXAPISocket, "`PATH` of xapi's unix socket")
	f.StringVar(&o.rrddSocket, "rrdd-socket", xapi.DefaultRRDDSocket, "`PATH` of xcp-rrdd's unix socket")
	f.StringVar(&o.xapiHTTP, "xapi-http", xapi.DefaultHTTPAddr, "`ADDR` of xapi's HTTP port, for rows when xcp-rrdd's socket does not answer")
	f.StringVar(&o.inventoryFile, "inventory-file", xapi.IdentityPath, "`FILE` that says which host of the pool this is")
	f.StringVar(&o.hostUUID, "host-uuid", "", "`UUID` of this host, instead of the one in the inventory file or the machine-id")
	f.StringVar(&o.controlSocket, "control-socket", control.DefaultName, "`NAME` of the abstract unix datagram socket for commands")
	f.StringVar(&o.apiSocket, "api-socket", api.DefaultSocket, "`PATH` of the socket on which perfmonctl asks; empty for none")
	f.StringVar(&o.pidFile, "pid-file", "/var/run/perfmon.pid", "`FILE` for the process id; empty for none")
	f.StringArrayVar(&listen, "web.listen-address", []string{api.DefaultAddress}, "`ADDR` of the metrics and the page; empty for none; may be repeated")
	f.StringVar(&webConfig, "web.config.file", "", "`FILE` with TLS and authentication settings (exporter-toolkit's format)")
	f.BoolVar(&socketActivation, "web.systemd-socket", false, "take the web port from the service manager instead")
	f.StringSliceVar(&o.allowedHosts, "web.allowed-hosts", nil, "further `NAMES` by which the web port may be asked (Host header)")
	f.BoolVar(&showVersion, "version", false, "print the version and end")
	f.BoolVar(&showManual, "manual", false, "print perfmon(8), for those who make packages")
	_ = f.MarkHidden("manual")
	f.BoolVarP(&help, "help", "h", false, "print this and end")
	if err := f.Parse(unabbreviate(args, f)); err != nil {
		return nil, plainly(err)
	}
	switch {
	case help:
		fmt.Fprint(stdout, helpHead+f.FlagUsagesWrapped(80)+helpTail)
		return nil, errHelp
	case showManual:
		return nil, cmp.Or(printManual(f, stdout), errHelp)
	case showVersion:
		fmt.Fprintln(stdout, "perfmon", version)
		return nil, errHelp
	case f.NArg() > 0:
		return nil, fmt.Errorf("unexpected argument %q: perfmon takes flags only", f.Arg(0))
	}
	if o.shadow {
		listen = o.makeRoom(f, listen)
	}
	listen = slices.DeleteFunc(listen, func(address string) bool { return address == "" })
	o.web = web.FlagConfig{WebListenAddresses: &listen, WebConfigFile: &webConfig, WebSystemdSocket: &socketActivation}
	if err := o.validate(f); err != nil {
		return nil, err
	}
	return o, o.absolutePaths()
}

// makeRoom gives a shadow other places than the agent that it may run beside,
// unless they are named. It returns the addresses of the web port.
func (o *options) makeRoom(f *pflag.FlagSet, listen []string) []string {
	for name, place := range map[string]struct {
		value *string
		other string
	}{
		"state-dir":  {&o.stateDir, ""},
		"pid-file":   {&o.pidFile, ""},
		"api-socket": {&o.apiSocket, shadowSocket},
	} {
		if !f.Changed(name) {
			*place.value = place.other
		}
	}
	o.shareState = false
	if !f.Changed("web.listen-address") {
		return []string{shadowAddress}
	}
	return listen
}

// pollInterval is the time between polls, 0 for a poll as each row comes.
func (o *options) pollInterval() time.Duration { return time.Duration(o.interval) * time.Second }
