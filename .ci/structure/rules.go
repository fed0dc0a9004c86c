package structure

// module is what our import paths start with.
const module = "perfmon"

// room is a package, or a pattern of packages, and what it may import of
// ours. In a pattern the last element may be "*", exactly one element, or
// "...", the path before it and all below.
type room struct {
	path    string
	imports []string
}

// anything lets a room import every other.
var anything = []string{"..."}

// rooms is the table of the house, also drawn in docs/architecture.md. The
// first that matches a package counts.
var rooms = []room{
	{"rrd", nil},
	{"rrd/rrdtest", []string{"rrd"}},

	{"xapi", nil},
	{"xapi/xapitest", []string{"rrd"}},
	{"xapi/xapitest/xapisim", []string{"xapi/xapitest", "rrd"}},

	{"monitor", []string{"rrd", "alarm", "monitor/config"}},
	{"monitor/config", nil},
	{"monitor/local", []string{"rrd"}},
	{"monitor/control", nil},
	{"monitor/metrics", []string{"rrd", "monitor", "alarm"}},
	{"monitor/metrics/metricstest", []string{"rrd", "monitor"}},
	{"monitor/api", []string{"rrd", "monitor", "alarm", "monitor/config", "monitor/metrics", "monitor/api/door", "monitor/api/page", "monitor/api/page/kit"}}, // of metrics its table: one place has the names and units of data sources
	{"monitor/api/door", nil},
	{"monitor/api/door/doortest", nil},
	{"monitor/api/page", []string{"monitor/api/page/kit"}},
	{"monitor/api/page/kit", nil},
	{"monitor/api/page/pagetest", nil},
	{"monitor/replay", []string{"rrd", "monitor", "alarm", "monitor/config"}},

	{"alarm", nil},
	{"alarm/journal", []string{"alarm"}},
	{"alarm/shadow", []string{"alarm"}},
	{"alarm/outbox", []string{"alarm", "alarm/journal"}}, // it takes from the queues that the journal keeps
	{"alarm/sink/xapi", []string{"alarm", "xapi", "alarm/sink/internal/..."}},
	{"alarm/sink/internal/address", nil},
	{"alarm/sink/internal/sinkcheck", []string{"alarm"}},
	{"alarm/sink/internal/turn", nil},
	{"alarm/sink/internal/webclient", []string{"alarm/sink/internal/address"}},
	{"alarm/sink/sinktest", nil},
	{"alarm/sink/*", []string{"alarm", "alarm/sink/internal/..."}},

	{"scaling/engine", nil},
	{"scaling/rubber", []string{"scaling/engine", "scaling/rubber/plan", "scaling/rubber/cloud", "scaling/rubber/work", "scaling/rubber/hear"}},
	{"scaling/rubber/plan", nil},
	{"scaling/rubber/sim", []string{"scaling/rubber/plan"}},
	{"scaling/rubber/cloud", nil},
	{"scaling/rubber/cloud/seed", nil},
	{"scaling/rubber/cloud/internal/named", nil},
	{"scaling/rubber/cloud/cloudtest", []string{"scaling/rubber/cloud"}},
	{"scaling/rubber/cloud/xapi", []string{"scaling/rubber/cloud", "scaling/rubber/cloud/seed", "scaling/rubber/cloud/internal/...", "xapi"}},
	{"scaling/rubber/cloud/*", []string{"scaling/rubber/cloud", "scaling/rubber/cloud/seed", "scaling/rubber/cloud/internal/..."}},
	{"scaling/rubber/work", nil},
	{"scaling/rubber/work/internal/broker", []string{"scaling/rubber/work"}},
	{"scaling/rubber/work/internal/pause", nil},
	{"scaling/rubber/work/internal/roster", []string{"scaling/rubber/work"}},
	{"scaling/rubber/work/worktest", []string{"alarm/sink/sinktest"}},
	{"scaling/rubber/work/*", []string{"scaling/rubber/work", "scaling/rubber/work/internal/..."}},
	{"scaling/rubber/hear", []string{"alarm", "scaling/engine"}},
	{"scaling/rubber/hear/live", []string{"alarm", "scaling/engine", "scaling/rubber/hear"}},
	{"scaling/rubber/api", []string{"scaling/rubber", "scaling/rubber/plan", "scaling/rubber/cloud", "scaling/rubber/work", "scaling/rubber/hear"}},
	{"scaling/rubber/api/page", []string{"monitor/api/page/kit"}}, // one look and one plot for all pages of the house
	{"scaling/pool", []string{"alarm", "scaling/pool/runtime"}},
	{"scaling/pool/runtime", nil},
	{"scaling/pool/client", nil},
	{"scaling/dispatch", []string{"alarm", "scaling/engine", "scaling/pool/client", "scaling/pool/runtime"}},

	{"docs/docstest", nil},

	{"cmd/...", anything},
	{"bench/...", anything},
	{".ci/...", anything},
}

// testSupport may be imported by the tests of every package.
var testSupport = []string{"monitor/api/door/doortest", "monitor/api/page/pagetest", "rrd/rrdtest", "xapi/xapitest", "docs/docstest", "alarm/sink/sinktest",
	"scaling/rubber/cloud/cloudtest", "scaling/rubber/work/worktest"}

// testedTogether are packages whose tests alone may import more.
var testedTogether = map[string][]string{
	"alarm/sink/xapi":  {"alarm/outbox", "alarm/journal"}, // exactly one message is the promise of the three
	"monitor/api/page": {"monitor/api", "alarm"},          // a browser is shown the API's own types
	"monitor/metrics":  {"monitor/metrics/metricstest"},   // benchmarks here and in bench/ are of the same host

	"scaling/rubber/api/page":  {"scaling/rubber/api", "scaling/rubber", "scaling/rubber/plan", "scaling/rubber/hear"}, // as above
	"scaling/rubber/hear/live": {"alarm/sink/nats", "alarm/sink/amqp", "alarm/sink/alertmanager"},                      // what agents publish is heard
}

// mayStartPrograms lists the packages and files, outside tests, that may
// start other programs.
var mayStartPrograms = []string{
	"cmd/perfmon/daemonize.go",       // --daemon: the program starts itself again, detached
	"cmd/internal/systemctl",         // takeover and the host plugin start and stop units
	"cmd/internal/systemlog",         // support-bundle reads the journal
	"cmd/internal/manual/manualtest", // tests have mandoc and groff look at pages
	"alarm/sink/sinktest",            // servers for tests
	"monitor/api/page/pagetest",      // a browser for tests
	"scaling/pool/runtime/...",
	"scaling/rubber/cloud/...",
	"scaling/rubber/work/worktest", // brokers and workers for tests
	"bench/...",                    // the peers, and the agent itself
	".ci/...",
}

// mayPrint lists the packages that may write to standard output: programs.
// All others have a slog.Logger.
var mayPrint = []string{
	"cmd/...",
	"xapi/xapitest/xapisim",
	"bench/...",
	".ci/...",
}

// maxLines is how long a file may be before it probably is two ideas. Tests
// may be longer.
const maxLines = 400

// mayBeLong lists the files that may be longer, each with the reason.
var mayBeLong = map[string]string{}

// topLevel lists the folders at the root. A new one needs a reason as good
// as these: the first seven are the parts that a user names, the others keep
// the house.
var topLevel = []string{"cmd", "monitor", "rrd", "alarm", "xapi", "packaging", "scaling", "docs", "bench"}

// untracked are folders at the root that make targets write into; git ignores
// them.
var untracked = []string{"bin", "dist", "run"}
