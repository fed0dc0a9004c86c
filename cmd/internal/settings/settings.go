package settings

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"perfmon/alarm/outbox"
	"perfmon/alarm/sink/alertmanager"
	"perfmon/alarm/sink/amqp"
	"perfmon/alarm/sink/nats"
	"perfmon/alarm/sink/webhook"
	"perfmon/alarm/sink/xapi"
	"perfmon/cmd/internal/strictyaml"
)

// DefaultPath is where the settings are unless a flag says otherwise.
const DefaultPath = "/etc/perfmon/perfmon.yaml"

// MaxBytes bounds a settings file.
const MaxBytes = strictyaml.MaxBytes

// Problem is one thing that is wrong with the settings.
type Problem = strictyaml.Problem

// Error is all that is wrong with a settings file.
type Error = strictyaml.Error

// Settings are what a file says, with the defaults of what it does not say.
type Settings struct {
	// MuteVMs mutes the CPU alarms of a host's VMs while the host's own
	// contention alarm fires.
	MuteVMs bool
	// Sinks are those that are switched on, in the order of the file. The
	// toolstack's is among them, the first if the file does not name it.
	Sinks []Sink
	// Warnings are what may not have been meant, and what others may see.
	Warnings []strictyaml.Problem
}

// Sink is where alarms go, and how. It prints as its name, kind and
// addresses, with any verb; no secret is ever part of that.
type Sink struct {
	Name string // of the outbox: lower case letters, digits, "-" and "_"
	Kind string // xapi, alertmanager, webhook, nats, amqp or journald

	// What the outbox needs; see outbox.Options.
	Filter       *outbox.Filter // nil: all events
	HoldSilenced bool
	Deadline     time.Duration
	Limit        int           // of the queue, events
	Timeout      time.Duration // of a call of the driver, which may be more than one request

	// Of the kind xapi, whose driver needs a toolstack.
	Clear      xapi.Clear
	MaxPerHour int // messages; 0: no limit

	alertmanager alertmanager.Options
	webhook      webhook.Options
	nats         nats.Options
	amqp         amqp.Options
}

// Load reads a file; one that is not there, or has nothing in it, is the
// defaults. env is os.Getenv. Secrets and certificates are read too.
//
// The error is an *Error with all that is wrong, or about reading the file.
// What is good is in the Settings nevertheless, which are never nil: an agent
// with one sink less is better than none. A sink with a mistake is left out,
// but for the toolstack's, which is there with its defaults.
func Load(path string, env func(string) string) (*Settings, error) {
	r := &strictyaml.Reader{Dir: filepath.Dir(path), Env: env}
	text, err := readFile(path)
	if err != nil {
		return readSettings(r, nil), fmt.Errorf("read settings: %w", err)
	}
	s := readSettings(r, text)
	if r.Errors > 0 {
		return s, &strictyaml.Error{Path: path, Problems: r.Found()}
	}
	s.Warnings = r.Found()
	return s, nil
}

// Check finds what is wrong with the text of a settings file. dir is where
// relative names of files begin. Who checks may be somebody else than the
// agent: a secret that may not be read, or a variable of the environment that
// is not set, is a warning.
func Check(dir string, text []byte, env func(string) string) []strictyaml.Problem {
	r := &strictyaml.Reader{Dir: dir, Env: env, Checking: true}
	readSettings(r, text)
	return r.Found()
}

func readFile(path string) ([]byte, error) {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, strictyaml.MaxBytes+1))
}

// readSettings makes settings of a text, and has the reader collect what is
// wrong with it.
func readSettings(r *strictyaml.Reader, text []byte) *Settings {
	r.Elsewhere = elsewhere
	s := &Settings{}
	all := &sinks{to: s}
	root, problem := strictyaml.Parse(text)
	switch {
	case problem != nil:
		r.Add(*problem)
		fallthrough
	case root == nil: // as an empty mapping is
		root = &yaml.Node{Kind: yaml.MappingNode}
	}
	strictyaml.Place{R: r, Node: root, Path: ""}.Section(s.keys(all))
	s.addToolstack(all.toolstack)
	return s
}

// String names the sink and where it leads.
func (s Sink) String() string {
	var where fmt.Stringer
	switch s.Kind {
	case kindAlertmanager:
		where = s.alertmanager
	case kindWebhook:
		where = s.webhook
	case kindNATS:
		where = s.nats
	case kindAMQP:
		where = s.amqp
	default:
		return strings.TrimSuffix(s.Name+": "+s.Kind, ": ")
	}
	return s.Name + ": " + where.String()
}

// Format leaves the secrets out, whatever the verb.
func (s Sink) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, s.String()) }

// LogValue leaves the secrets out of logs.
func (s Sink) LogValue() slog.Value { return slog.StringValue(s.String()) }
