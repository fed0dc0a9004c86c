package settings

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"perfmon/alarm/outbox"
	"perfmon/cmd/internal/strictyaml"
)

// maxSinks bounds the sinks: each is a goroutine and a queue on disk.
const maxSinks = 50

// sinks is the mapping of names to sinks:
//
//	sinks:
//	  xapi: {clear: message}
//	  pager: {kind: webhook, url_file: /etc/perfmon/pager.url}
type sinks struct {
	to        *Settings
	toolstack bool // its sink was named
}

func (v *sinks) Read(p strictyaml.Place) {
	list, ok := p.Pairs()
	if !ok {
		return
	}
	if len(list) > maxSinks {
		p.Problem(fmt.Sprintf("more than %d sinks", maxSinks), "leave some out")
		return
	}
	for _, pair := range list {
		v.readSink(p, pair[0], pair[1])
	}
}

// has says whether a name is that of a kind, and so of a sink.
func (v *sinks) Has(name string) bool { return slices.Contains(kindNames(), name) }

func (v *sinks) Form() string    { return "" }
func (v *sinks) Initial() string { return "" }

// sinkName is what an outbox takes.
var sinkName = regexp.MustCompile(`^[a-z0-9_-]{1,64}$`)

func (v *sinks) readSink(p strictyaml.Place, nameNode, node *yaml.Node) {
	name := nameNode.Value
	p = p.Below(name, node)
	at := strictyaml.Place{R: p.R, Node: nameNode, Path: p.Path}
	if !sinkName.MatchString(name) {
		at.Problem("no name for a sink", "write up to 64 lower case letters, digits, - and _")
		return
	}
	k, ok := kindOf(at, node, name)
	if !ok {
		return
	}
	if k.name == kindXAPI {
		if name != kindXAPI {
			at.Problem("the toolstack's sink has another name", "write its keys below sinks.xapi")
			return
		}
		v.toolstack = true
	}
	d := newDraft(name, k)
	switch sink, ok := d.read(p, at); {
	case ok:
		v.to.Sinks = append(v.to.Sinks, sink)
	case k.name == kindXAPI && d.enabled:
		v.toolstack = false // a mistake: it is there as if it were not named
	}
}

// kindOf finds out what a sink is: what its key kind says, or its name.
func kindOf(at strictyaml.Place, node *yaml.Node, name string) (kind, bool) {
	if node.Kind == yaml.MappingNode {
		for i := 0; i+1 < len(node.Content); i += 2 {
			if node.Content[i].Value != "kind" {
				continue
			}
			said := ""
			strictyaml.Word[string]{To: &said, From: kindNames()}.Read(at.Below("kind", node.Content[i+1]))
			return findKind(said)
		}
	}
	k, ok := findKind(name)
	if !ok {
		fix := "write kind: " + strictyaml.Alternatives(kindNames())
		if meant := strictyaml.DidYouMean(name, kindNames()); meant != "" {
			fix = meant + " If not, " + fix
		}
		at.Problem("no kind, and the name is none", fix)
	}
	return k, ok
}

// read reads a sink at p, whose name is at at. ok is false if something is
// wrong with it, or it is switched off.
func (d *draft) read(p, at strictyaml.Place) (s Sink, ok bool) {
	before := p.R.Errors
	list := d.keys()
	there := p.Section(list)
	if !d.enabled {
		return Sink{}, false
	}
	for _, k := range list {
		if k.Required != "" && !there[k.Name] {
			at.Problem("no "+k.Name, "write "+k.Name+": "+k.Required)
		}
	}
	for _, s := range d.secrets {
		s.Resolve(at)
	}
	d.finish(at)
	if p.R.Errors == before {
		// Nothing is connected before the first event.
		if _, err := d.Open(slog.New(slog.DiscardHandler)); err != nil && d.Kind != kindXAPI {
			at.Problem(strings.TrimPrefix(err.Error(), d.Kind+": "), "")
		}
	}
	return d.Sink, p.R.Errors == before
}

// finish makes options of what was read.
func (d *draft) finish(at strictyaml.Place) {
	if d.filter.R != nil {
		filter, err := outbox.NewFilter(d.rules)
		if err != nil {
			d.filter.Problem(strings.TrimPrefix(err.Error(), "filter: "), "")
		}
		d.Filter = filter
	}
	for _, user := range [][2]string{
		{d.alertmanager.Username, d.alertmanager.Password}, {d.nats.Username, d.nats.Password}, {d.amqp.Username, d.amqp.Password},
	} {
		if user[0] == "" && user[1] != "" {
			at.Problem("a password without a username", "write username, too")
		}
	}
	if d.request != nil {
		d.Timeout = 2 * *d.request // to connect, and to get an answer
	}
	proxy := d.proxy
	if d.environment {
		proxy = "environment"
		if d.proxy != "" {
			at.Problem("both proxy_url and proxy_from_environment", "keep one")
		}
	}
	d.alertmanager.Proxy, d.webhook.Proxy = proxy, proxy
	if d.tlsAt.R != nil {
		c := d.tlsConfig(d.tlsAt)
		d.alertmanager.TLS, d.webhook.TLS, d.nats.TLS, d.amqp.TLS = c, c, c, c
	}
}

// tlsConfig reads the files that p names.
func (d *draft) tlsConfig(p strictyaml.Place) *tls.Config {
	c, err := d.tls.Config()
	switch {
	case errors.Is(err, fs.ErrPermission) && p.R.Checking:
		p.Warning(fmt.Sprintf("not checked: %v", err), "check again as root")
		c = &tls.Config{MinVersion: tls.VersionTLS12}
	case err != nil:
		p.Problem(err.Error(), "")
	}
	if d.tls.KeyFile != "" {
		p.WarnIfOpen(d.tls.KeyFile)
	}
	return c
}

// addToolstack adds the toolstack's sink, which is there unless it is switched
// off.
func (s *Settings) addToolstack(named bool) {
	if named {
		return
	}
	k, _ := findKind(kindXAPI)
	d := newDraft(kindXAPI, k)
	d.keys() // sets the defaults
	s.Sinks = slices.Insert(s.Sinks, 0, d.Sink)
}
