package rubberconfig

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"perfmon/cmd/internal/strictyaml"
	"perfmon/scaling/engine"
	"perfmon/scaling/rubber"
	"perfmon/scaling/rubber/plan"
)

// Defaults of what is said here alone.
const (
	DefaultOwner   = "rubber"
	DefaultCap     = 50
	DefaultSocket  = "/run/rubber/rubber.sock"
	DefaultWeb     = "127.0.0.1:9791"
	DefaultWebhook = "127.0.0.1:9792"
)

// Bounds of lists.
const (
	maxBrokers  = 50
	maxClouds   = 50
	maxProfiles = 1000
	maxMachines = 1_000_000
	maxAdopt    = 100_000
	maxEffects  = 1000
	maxWindows  = 100
	maxFiles    = 100
	maxUserData = 64 << 10 // bytes, of one text; Nova takes no more in all
)

// Default is the configuration of an empty file, which has no profiles.
func Default() *Config {
	return &Config{
		Owner: DefaultOwner, Cap: DefaultCap, Planner: plan.DefaultSettings(), Limits: rubber.DefaultLimits(),
		Alarms: Alarms{From: []string{"engine"}, Exchange: "perfmon.alarms", Webhook: Webhook{Listen: DefaultWebhook}},
		Engine: Engine{Dir: engine.DefaultDir, Listen: engine.DefaultListen, AlarmBytes: engine.DefaultAlarmBytes},
		API:    API{Socket: DefaultSocket},
		Web:    Web{Listen: DefaultWeb},
	}
}

// Load reads a file. env is os.Getenv. Secrets are read too; other files that
// are named are read by whoever uses them. The error is a *strictyaml.Error with
// all that is wrong, or about reading the file, and then there is no
// configuration: to act upon half of one would be worse than not to.
func Load(path string, env func(string) string) (*Config, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("read configuration: %w", err)
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, strictyaml.MaxBytes+1))
	if err != nil {
		return nil, fmt.Errorf("read configuration: %w", err)
	}
	dir, err := filepath.Abs(filepath.Dir(path))
	if err != nil {
		return nil, fmt.Errorf("read configuration: %w", err)
	}
	r := &strictyaml.Reader{Dir: dir, Env: env}
	c := read(r, text)
	if r.Errors > 0 {
		return nil, &strictyaml.Error{Path: path, Problems: r.Found()}
	}
	c.Warnings = r.Found()
	return c, nil
}

// Check finds what is wrong with the text of a configuration. dir is where
// relative names of files begin, an absolute path. Who checks may be somebody else than rubber: a
// secret that may not be read, or a variable of the environment that is not set,
// is a warning.
func Check(dir string, text []byte, env func(string) string) []strictyaml.Problem {
	r := &strictyaml.Reader{Dir: dir, Env: env, Checking: true}
	read(r, text)
	return r.Found()
}

// elsewhere are keys by which others know what is here.
var elsewhere = map[string]strictyaml.ElsewhereKey{
	"<<":         {Fix: "write the keys out"},
	"max_vms":    {Here: "max_machines", Fix: "did you mean max_machines?"},
	"cap":        {Here: "max_machines", Fix: "did you mean max_machines?"},
	"vm_image":   {Here: "image", Fix: "did you mean image?"},
	"vm_type":    {Here: "flavor", Fix: "did you mean flavor?"},
	"flavour":    {Here: "flavor", Fix: "did you mean flavor?"},
	"key_name":   {Here: "key", Fix: "did you mean key?"},
	"url":        {Here: "urls", Fix: "did you mean urls?"},
	"tls":        {Here: "tls_config", Fix: "did you mean tls_config?"},
	"password":   {Here: "password_file", Fix: "write the secret into a file of its own, chmod 600, and name that with password_file"},
	"token":      {Here: "token_file", Fix: "write the secret into a file of its own, chmod 600, and name that with token_file"},
	"timezone":   {Here: "zone", Fix: "did you mean zone?"},
	"type":       {Here: "driver", Fix: "did you mean driver?"},
	"queues":     {Here: "profiles", Fix: "write a profile for each queue below profiles"},
	"queue_name": {Here: "queue", Fix: "did you mean queue?"},
}

// loader is a configuration while it is read.
type loader struct {
	c        *Config
	brokers  []*Broker
	clouds   []*Cloud
	profiles []*Profile
	effects  []*effect
	refs     []reference
	at       []place // of the profiles
	top      strictyaml.Place
	before   []func() // what has to wait for all keys
	finish   []func() // and for the names that refer to others
}

// read makes a configuration of a text, and has the reader collect what is
// wrong with it.
func read(r *strictyaml.Reader, text []byte) *Config {
	r.Elsewhere = elsewhere
	l := &loader{c: Default()}
	root, problem := strictyaml.Parse(text)
	switch {
	case problem != nil:
		r.Add(*problem)
		return l.c
	case root == nil: // as an empty mapping is
		root = &yaml.Node{Kind: yaml.MappingNode, Line: 1, Column: 1}
	}
	keys := l.keys()
	l.top = strictyaml.Place{R: r, Node: root}
	l.top.Section(keys)
	for _, f := range l.before {
		f()
	}
	l.resolve()
	for _, f := range l.finish {
		f()
	}
	l.together()
	if len(l.profiles) == 0 && l.top.R.Errors == 0 {
		l.top.Warning("no profiles: there is nothing to do", "write one for each queue below profiles")
	}
	l.gather()
	if r.Errors == 0 {
		l.c.effective = effective(keys)
	}
	return l.c
}

// resolve checks the names by which sections speak of others.
func (l *loader) resolve() {
	known := map[string][]string{}
	for _, b := range l.brokers {
		known["broker"] = append(known["broker"], b.Name)
	}
	for _, c := range l.clouds {
		known["cloud"] = append(known["cloud"], c.Name)
	}
	for _, p := range l.profiles {
		known["profile"] = append(known["profile"], p.Name)
	}
	for _, ref := range l.refs {
		names := known[ref.what]
		switch {
		case *ref.to == "" && ref.at.R == nil:
		case *ref.to == "" && len(names) == 1:
			*ref.to = names[0]
		case *ref.to == "" && len(names) == 0:
			ref.at.Problem("no "+ref.what, "write one below "+ref.what+"s")
		case *ref.to == "":
			ref.at.Problem("no "+ref.what, "write "+ref.what+": "+strictyaml.Alternatives(names))
		case !slices.Contains(names, *ref.to):
			fix := strictyaml.DidYouMean(*ref.to, names)
			if fix == "" {
				fix = "write one below " + ref.what + "s"
				if len(names) > 0 {
					fix = "write " + strictyaml.Alternatives(names)
				}
			}
			ref.at.Problem(fmt.Sprintf("there is no %s %s", ref.what, strictyaml.Quote(*ref.to)), fix)
		}
	}
}

// gather puts what was read into the configuration.
func (l *loader) gather() {
	for _, b := range l.brokers {
		l.c.Brokers = append(l.c.Brokers, *b)
	}
	for _, c := range l.clouds {
		l.c.Clouds = append(l.c.Clouds, *c)
	}
	for _, p := range l.profiles {
		l.c.Profiles = append(l.c.Profiles, *p)
	}
	for _, e := range l.effects {
		l.c.Alarms.Effects = append(l.c.Alarms.Effects, e.Rule)
	}
}

// reference is a name of something that is elsewhere in the file.
type reference struct {
	to   *string
	what string           // "broker", "cloud" or "profile"
	at   strictyaml.Place // of the name, or of the section where it is missing
}

// refer makes a value of a reference. If it is not there, it is the only one
// that there is.
func (l *loader) refer(to *string, what string, section strictyaml.Place) *referenceValue {
	l.refs = append(l.refs, reference{to, what, section})
	return &referenceValue{l, len(l.refs) - 1}
}

type referenceValue struct {
	l *loader
	i int
}

func (v *referenceValue) Read(p strictyaml.Place) {
	ref := &v.l.refs[v.i]
	strictyaml.Text{To: ref.to, What: v.Form()}.Read(p)
	ref.at = p
}

func (v *referenceValue) Form() string    { return "the name of a " + v.l.refs[v.i].what }
func (v *referenceValue) Initial() string { return *v.l.refs[v.i].to }

// secret adds a secret to those to be read; its keys are for a table.
func (l *loader) secret(to *Secret, name, text string) (*strictyaml.Secret, []strictyaml.Key) {
	s := &strictyaml.Secret{
		Name: name, To: (*string)(to), Text: text, StandIn: "not-read", Program: "rubber", Started: "/etc/default/rubber", Credential: true,
	}
	return s, s.Keys()
}

// section reads the keys of a section and says which of those that it needs are
// missing.
func section(p, at strictyaml.Place, keys []strictyaml.Key) {
	there := p.Section(keys)
	for _, k := range keys {
		if k.Required != "" && !there[k.Name] {
			at.Problem("no "+k.Name, "write "+k.Name+": "+strings.TrimSpace(k.Required))
		}
	}
}
