//go:build integration

package main

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"

	"perfmon/alarm"
	"perfmon/alarm/sink/sinktest"
	"perfmon/xapi/xapitest"
)

var (
	kills    = flag.Int("kills", 15, "how often TestKill kills the agent")
	killSeed = flag.Uint64("seed", 0, "seed of TestKill; 0: a random one, which it prints")
	killLogs = flag.String("logs", "", "directory for the log of the agents that TestKill kills; empty: none is kept")
)

const (
	killedObjects = 50
	rowsALife     = 24 // at most
	lifeLimit     = 5 * time.Second
	eventTTL      = 180 * time.Second // of what is announced
	// mostUnread is how many rows may be behind what an agent has asked for
	// last. The toolstack keeps 120; who asks for older ones gets longer rows.
	mostUnread = 110
	// tellingRows are recorded at least, and tell enough. They are fewer than mostUnread.
	tellingRows = 100
)

// killing is a run of TestKill: an agent that is killed again and again, what
// it watches, and all whom it tells.
type killing struct {
	*pool
	*script
	r        *rand.Rand
	coinMu   sync.Mutex
	coin     *rand.Rand // the webhook's; guarded by coinMu
	hook     *receiver
	open     atomic.Int64 // connections of the webhook's server
	healed   atomic.Bool  // the webhook does not fail any more
	clears   bool         // the toolstack is told of ends too
	alerts   *sinktest.Alertmanager
	rabbit   *sinktest.Rabbit
	nats     *sinktest.NATS
	log      *os.File     // of all agents
	recorded int          // rows
	wanted   atomic.Int64 // Unix time from which an agent wanted rows last
	victim   victim
	killed   map[string]int // by aim
	ended    map[string]int // the same, of those who were faster
	lastKill time.Time
}

// TestKill kills the agent at random moments while alarms of 50 objects go to
// every kind of sink there is, all of them real but the toolstack. Afterwards
// each has got what docs/sinks.md promises.
func TestKill(t *testing.T) {
	began := time.Now()
	k := newKilling(t)
	t.Logf("servers run after %v", time.Since(began).Round(time.Second))
	k.prime()
	for n := 0; n < *kills; {
		if k.life() {
			k.outage(n)
			if n++; n%20 == 0 || n == *kills {
				t.Logf("%4d kills after %v: %d rows, %d messages, %d requests to the webhook", n, time.Since(began).Round(time.Second),
					k.recorded, len(k.sim.Messages()), len(k.hook.all()))
			}
		}
	}
	t.Logf("killed by aim: %s; ended by themselves before: %s", aims(k.killed), aims(k.ended))
	k.finish()
	t.Logf("in all %v", time.Since(began).Round(time.Second))
}

func newKilling(t *testing.T) *killing {
	t.Helper()
	seed := *killSeed
	if seed == 0 {
		seed = rand.Uint64()
	}
	t.Logf("seed %d, %d kills: -kills %d -seed %d", seed, *kills, *kills, seed)
	k := &killing{r: rand.New(rand.NewPCG(seed, 1)), coin: rand.New(rand.NewPCG(seed, 2)), killed: map[string]int{}, ended: map[string]int{}}
	rows := *kills*rowsALife*2/3 + tellingRows
	begin, draw := time.Now().Unix()/60*60-int64(rows)*5-60, rand.New(rand.NewPCG(seed, 0))
	for k.script == nil || !k.tells() { // four of five scripts do
		k.script = newScript(draw, killedObjects, rows, begin, 5, 12, 1)
		for _, v := range k.variables {
			v.silenced = v.silenced || v.object == silencedVM
		}
	}
	k.pool = newQuietPool(t, func(o *xapitest.Options) {
		o.OnMessage = func(xapitest.Message) { k.victim.sees(aimMessage) }
		o.OnRequest = func(r xapitest.Request) {
			if r.Path == "/rrd_updates" {
				if start, err := strconv.ParseInt(r.Query.Get("start"), 10, 64); err == nil && start > 0 {
					k.wanted.Store(start)
				}
				k.victim.sees(aimRows)
			}
		}
	})
	k.script.install(k.pool)
	k.hook = newReceiver(t, func(s *http.Server) { s.ConnState = k.countConnections })
	k.hook.choose = k.chooseAnswer
	k.alerts = sinktest.StartAlertmanager(t, "http://127.0.0.1:1/")
	k.nats = sinktest.StartNATS(t, nil)
	k.nats.MakeStream(24 * time.Hour)
	k.rabbit = sinktest.StartRabbit(t)
	k.rabbit.With(func(ch *amqp.Channel) error {
		return ch.ExchangeDeclare("perfmon.alarms", "topic", true, false, false, false, nil)
	})
	k.rabbit.Bind("perfmon.alarms", "all", "perfmon.alarm.v1.#")
	k.clears = k.r.IntN(2) == 0
	k.configureSinks()
	k.openLog()
	return k
}

// tells says whether the first tellingRows of the script lead to events of every
// kind that check.words demands.
func (k *killing) tells() bool {
	var cleared, inhibited, silenced, alarms bool
	for _, v := range k.variables {
		said := k.ask(v, tellingRows).said
		alarms = alarms || len(v.alarmBodies(said)) > 0
		for _, w := range said {
			cleared = cleared || w.kind == alarm.KindCleared
			inhibited = inhibited || w.inhibited
			silenced = silenced || v.silenced && w.at > k.time(0) // the silence comes after the first row
		}
	}
	return cleared && inhibited && silenced && alarms
}

func (k *killing) configureSinks() {
	k.t.Helper()
	k.write("amqp.password", k.rabbit.Password+"\n")
	if err := os.Chmod(k.path("amqp.password"), 0o600); err != nil {
		k.t.Fatal(err)
	}
	clear := "none"
	if k.clears {
		clear = "message"
	}
	k.write("perfmon.yaml", strings.NewReplacer("CLEAR", clear,
		"ALERTMANAGER", k.alerts.URL, "HOOK", k.hook.URL, "NATS", k.nats.URL, "AMQP", k.rabbit.URL, "USER", k.rabbit.User, "LIMIT", "queue_limit: 100000",
	).Replace(`
sinks:
  xapi: {max_per_hour: 0, clear: CLEAR, LIMIT}
  alertmanager: {urls: ["ALERTMANAGER"], LIMIT}
  webhook: {url: "HOOK", timeout: 2s, LIMIT}
  nats: {urls: ["NATS"], LIMIT}
  amqp: {urls: ["AMQP"], username: USER, password_file: amqp.password, LIMIT}
  journald: {LIMIT}
`))
	k.base = append(k.base, "--settings-file", k.path("perfmon.yaml"), "--source", "xapi", "-s", "5", "-i", "1")
}

func (k *killing) openLog() {
	k.t.Helper()
	dir := *killLogs
	if dir == "" {
		dir = k.dir
	}
	err := os.MkdirAll(dir, 0o755)
	if err == nil {
		k.log, err = os.Create(filepath.Join(dir, "perfmon.log"))
	}
	if err != nil {
		k.t.Fatal(err)
	}
	k.t.Cleanup(func() { k.log.Close() })
}

// prime has an agent begin: it judges the first row, which lies further back
// than it would look by itself, and is told of a silence.
func (k *killing) prime() {
	k.t.Helper()
	k.more(1)
	k.judgeFrom(k.script)
	a := k.start()
	a.waitPage(`perfmon_polls_total\{result="ok"\} [1-9]`)
	k.silence(xapitest.UUID(silencedVM))
	a.stop(syscall.SIGTERM)
}

// silencedVM has a silence from the beginning, which has to survive.
const silencedVM = "vm 47"

func (k *killing) silence(uuid string) {
	k.t.Helper()
	body := strings.NewReader(fmt.Sprintf(`{"matchers": ["uuid=%s"], "reason": "a test", "author": "test", "duration_s": 86400}`, uuid))
	resp, err := k.apiClient().Post("http://perfmon/v1/silences", "application/json", body)
	if err != nil {
		k.t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusCreated {
		k.t.Fatalf("silence: %s", resp.Status)
	}
}

// more records rows, as many as the script still has, and no more than an
// agent can still be given: many lives may end before they have asked for any.
func (k *killing) more(rows int) {
	unread := k.recorded - int((k.wanted.Load()-k.begin)/k.step)
	if k.wanted.Load() == 0 {
		unread = k.recorded
	}
	to := min(k.recorded+max(0, min(rows, mostUnread-unread)), len(k.variables[0].values))
	k.record(k.pool, k.recorded, to)
	k.recorded = to
}

// life is one agent from its start to its end. It says whether the end was a
// kill.
func (k *killing) life() bool {
	k.t.Helper()
	k.more(1 + k.r.IntN(rowsALife))
	aim := k.drawAim()
	mend := k.makeTrouble()
	cmd := k.command()
	cmd.Stderr = k.log
	fmt.Fprintf(k.log, "--- a life that is to end by %s, at row %d\n", aim, k.recorded)
	if aim.what == aimReply {
		k.hold()
	}
	watch := k.victim.begin(k.t, cmd, aim, k.path("state"))
	aim.carryOut(k, watch)
	killed := watch.wait()
	k.victim.rest()
	mend()
	k.noteEnd()
	if killed {
		k.killed[aim.what]++
		k.lastKill = time.Now()
		return true
	}
	k.ended[aim.what]++
	return false
}

// finish lets an agent deliver what is left, and checks what everybody has.
// The webhook goes on failing for half a second a kill, a minute at most: a sink
// that fails so often is taken to be away, and tried now and then only.
func (k *killing) finish() {
	k.t.Helper()
	began := time.Now()
	patience := time.AfterFunc(time.Duration(min(*kills, 120))*time.Second/2, func() { k.healed.Store(true) })
	defer patience.Stop()
	k.more(max(0, tellingRows-k.recorded))
	a := k.start()
	a.waitPage(fmt.Sprintf("perfmon_last_row_timestamp_seconds %s$", gauge(k.time(k.recorded-1))))
	a.waitPoll()
	k.waitDelivered(a)
	k.t.Logf("all is delivered, after %v more", time.Since(began).Round(time.Second))
	said, now := k.expected(k.t, k.recorded)
	c := k.newCheck(said)
	c.words()
	c.alertmanager(now)
	a.stop(syscall.SIGTERM)
	k.noteEnd()
	for _, line := range a.log() {
		fmt.Fprintln(k.log, line)
	}
	c.nats()
	c.amqp()
	c.webhook()
	c.xapi()
	c.journald()
	c.logs()
}

// waitDelivered waits until no sink has anything to deliver, however often it
// fails.
func (k *killing) waitDelivered(a *agent) {
	k.t.Helper()
	deadline := time.Now().Add(20 * time.Minute)
	for told := time.Now(); ; time.Sleep(200 * time.Millisecond) {
		page := a.page()
		waiting := regexp.MustCompile(`(?m)^perfmon_sink_queued\{sink="(\w+)"\} ([^0].*)$`).FindAllStringSubmatch(page, -1)
		if len(waiting) == 0 && strings.Contains(page, "perfmon_sink_queued{") {
			return
		}
		var words []string
		for _, w := range waiting {
			words = append(words, w[1]+": "+w[2])
		}
		if time.Since(told) > 20*time.Second {
			told = time.Now()
			k.t.Logf("waiting to be delivered: %s", strings.Join(words, ", "))
		}
		if time.Now().After(deadline) {
			k.t.Fatalf("never delivered: %s", strings.Join(words, ", "))
		}
	}
}
