package main

import (
	"errors"
	"fmt"
	"io"
	"math"
	"time"

	"github.com/prometheus/exporter-toolkit/web"
	"github.com/spf13/pflag"

	"perfmon/monitor"
	"perfmon/monitor/control"
	"perfmon/rrd"
	"perfmon/xapi"
)

// options are what the command line says.
type options struct {
	// The stock daemon's.
	interval     int64   // seconds between polls; 0: as long as the rows' step
	loops        int     // polls before the end; 0: none
	debug        bool    // log more
	step         int64   // wanted step of the rows, seconds
	configPeriod int64   // seconds between full reads of the configuration
	dither       float64 // per cent
	daemon       bool

	// Ours.
	source         string
	legacy         bool
	triggers       string
	stateDir       string
	maxUpdateBytes int64
	xapiSocket     string
	rrddSocket     string
	xapiHTTP       string
	hostUUID       string
	stallTimeout   time.Duration // of an answer with rows; 0: the default
	inventoryFile  string
	controlSocket  string
	pidFile        string
	allowedHosts   []string
	web            web.FlagConfig
}

var errHelp = errors.New("help was asked for")

const helpHead = `perfmon watches the performance data of this host, its VMs and its storage, and
raises an alarm when a value has been on the wrong side of its level for long
enough. With a toolstack (XenServer, XCP-ng) the triggers are those in each
object's other-config:perfmon; without one, rows come from /proc and triggers
from host.xml in the triggers directory.

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
	o := &options{}
	var listen []string
	var socketActivation, showVersion, help bool
	var webConfig string
	f := pflag.NewFlagSet("perfmon", pflag.ContinueOnError)
	f.SortFlags = false
	f.SetOutput(io.Discard)
	f.Usage = func() {}
	f.Int64VarP(&o.interval, "interval", "i", 0, "seconds between polls (default: the step of the rows)")
	f.IntVarP(&o.loops, "numloops", "n", 0, "end after so many polls, failed ones included (default: never)")
	f.BoolVarP(&o.debug, "debug", "d", false, "log more")
	f.Int64VarP(&o.step, "rrdstep", "s", monitor.DefaultStep, "seconds a row of the toolstack stands for: 5 or 60")
	f.Int64VarP(&o.configPeriod, "config_update_period", "c", 1800, "seconds between full reads of the configuration; changes are followed as they come")
	f.Float64VarP(&o.dither, "interval_percent_dither", "D", monitor.DefaultDither, "random part added to the interval, per cent")
	f.BoolVar(&o.daemon, "daemon", false, "go to the background")
	f.StringVar(&o.source, "source", "auto", "where rows come from: xapi, local (/proc), or auto (xapi where there is a toolstack)")
	f.StringVar(&o.triggers, "triggers", "/etc/perfmon/triggers", "directory with host.xml, the triggers of a host without a toolstack")
	f.StringVar(&o.stateDir, "state-dir", "/var/lib/perfmon", "directory for the lock and the archives")
	f.BoolVar(&o.legacy, "legacy", false, "use the values of the daemon of 2012 where they differ: priority 5, class HOST, unanchored patterns, a week of inhibit for fs_usage, dither to both sides, no SR variables")
	f.Int64Var(&o.maxUpdateBytes, "max-update-bytes", rrd.DefaultMaxBytes, "largest answer of the toolstack that is read")
	f.StringVar(&o.xapiSocket, "xapi-socket", xapi.DefaultXAPISocket, "unix socket of xapi")
	f.StringVar(&o.rrddSocket, "rrdd-socket", xapi.DefaultRRDDSocket, "unix socket of xcp-rrdd")
	f.StringVar(&o.xapiHTTP, "xapi-http", xapi.DefaultHTTPAddr, "address of xapi's HTTP port, for rows when xcp-rrdd's socket does not answer")
	f.StringVar(&o.inventoryFile, "inventory-file", xapi.IdentityPath, "file that says which host of the pool this is")
	f.StringVar(&o.hostUUID, "host-uuid", "", "uuid of this host, instead of the one in the inventory file")
	f.StringVar(&o.controlSocket, "control-socket", control.DefaultName, "abstract unix datagram socket for commands")
	f.StringVar(&o.pidFile, "pid-file", "/var/run/perfmon.pid", "file for the process id; empty for none")
	f.StringArrayVar(&listen, "web.listen-address", []string{"127.0.0.1:9789"}, "address of the metrics and the page; empty for none; may be repeated")
	f.StringVar(&webConfig, "web.config.file", "", "file with TLS and authentication settings (exporter-toolkit's format)")
	f.BoolVar(&socketActivation, "web.systemd-socket", false, "take the web port from the service manager instead")
	f.StringSliceVar(&o.allowedHosts, "web.allowed-hosts", nil, "further names by which the web port may be asked (Host header)")
	f.BoolVar(&showVersion, "version", false, "print the version and end")
	f.BoolVarP(&help, "help", "h", false, "print this and end")
	if err := f.Parse(args); err != nil {
		return nil, err
	}
	switch {
	case help:
		fmt.Fprint(stdout, helpHead+f.FlagUsagesWrapped(100)+helpTail)
		return nil, errHelp
	case showVersion:
		fmt.Fprintln(stdout, "perfmon", version)
		return nil, errHelp
	case f.NArg() > 0:
		return nil, fmt.Errorf("unexpected argument %q: perfmon takes flags only", f.Arg(0))
	}
	if len(listen) == 1 && listen[0] == "" {
		listen = nil
	}
	o.web = web.FlagConfig{WebListenAddresses: &listen, WebConfigFile: &webConfig, WebSystemdSocket: &socketActivation}
	return o, o.validate(f)
}

// validate refuses values that cannot be meant.
func (o *options) validate(f *pflag.FlagSet) error {
	const day = 24 * 60 * 60
	switch {
	case f.Changed("interval") && (o.interval < 1 || o.interval > 365*day):
		return fmt.Errorf("--interval %d: want at least 1 second and at most a year", o.interval)
	case f.Changed("numloops") && o.loops < 1:
		return fmt.Errorf("--numloops %d: want at least 1", o.loops)
	case o.step != 5 && o.step != 60:
		return fmt.Errorf("--rrdstep %d: want 5 or 60, the steps of the toolstack's archives", o.step)
	case o.configPeriod < 1 || o.configPeriod > 365*day:
		return fmt.Errorf("--config_update_period %d: want at least 1 second and at most a year", o.configPeriod)
	case math.IsNaN(o.dither) || o.dither < 0 || o.dither > 100:
		return fmt.Errorf("--interval_percent_dither %v: want 0 to 100", o.dither)
	case o.source != "auto" && o.source != "xapi" && o.source != "local":
		return fmt.Errorf("--source %q: want auto, xapi or local", o.source)
	case o.maxUpdateBytes < 1<<10:
		return fmt.Errorf("--max-update-bytes %d: want at least 1024", o.maxUpdateBytes)
	}
	return nil
}

// pollInterval is the time between polls, 0 for the step of the rows.
func (o *options) pollInterval() time.Duration { return time.Duration(o.interval) * time.Second }
