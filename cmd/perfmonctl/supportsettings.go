package main

import (
	"bytes"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"go.yaml.in/yaml/v3"
)

// plainSettings are the keys of the settings whose values are no secrets. What
// stands under another may be one: a key that nobody knows is perhaps only
// misspelt.
var plainSettings = func() map[string]bool {
	keys := map[string]bool{}
	for _, key := range strings.Fields(`
		mute_vms sinks kind enabled clear max_per_hour hold_silenced deadline queue_limit timeout
		filter classes variables variable_regex severities min_priority max_priority labels
		urls url username tls_config server_name insecure_skip_verify proxy_url proxy_from_environment ttl generator_url
		batch max_batch stream duplicate_window inbox_prefix exchange keep_alive external_auth`) {
		keys[key] = true
	}
	return keys
}()

// redactSettings takes out of a settings file what may be secret, and all
// comments. It returns the secrets that the file's keys name too, as far as
// they can be read.
func redactSettings(path string, text []byte, env func(string) string) (clean []byte, secrets []string, err error) {
	var doc yaml.Node
	if err := yaml.Unmarshal(text, &doc); err != nil {
		return nil, nil, err
	}
	r := &settingsRedacter{dir: filepath.Dir(path), env: env}
	r.walk(&doc, true)
	if len(doc.Content) == 0 {
		return []byte("# there is nothing in it\n"), nil, nil
	}
	var out bytes.Buffer
	e := yaml.NewEncoder(&out)
	e.SetIndent(2)
	if err := e.Encode(&doc); err != nil {
		return nil, nil, fmt.Errorf("write it again: %w", err)
	}
	return out.Bytes(), r.secrets, nil
}

type settingsRedacter struct {
	dir     string
	env     func(string) string
	secrets []string
}

// walk takes out what is below a node. In a place that is not plain every
// value goes.
func (r *settingsRedacter) walk(n *yaml.Node, plain bool) {
	n.HeadComment, n.LineComment, n.FootComment = "", "", ""
	switch n.Kind {
	case yaml.MappingNode:
		for i := 0; i+1 < len(n.Content); i += 2 {
			key, value := n.Content[i], n.Content[i+1]
			key.HeadComment, key.LineComment, key.FootComment = "", "", ""
			r.pair(key, value, plain)
		}
	case yaml.ScalarNode:
		switch {
		case !plain:
			r.take(n)
		case strings.Contains(n.Value, "://"):
			n.SetString(plainURL(n.Value))
		}
	case yaml.AliasNode: // what it stands for has been walked, in its own place
		if !plain {
			r.secret(n.Alias.Value)
		}
	default:
		for _, below := range n.Content {
			r.walk(below, plain)
		}
	}
}

// pair is a key and its value. Names of sinks are keys too: what is below them
// decides by itself.
func (r *settingsRedacter) pair(key, value *yaml.Node, plain bool) {
	name := key.Value
	switch file, isFile := strings.CutSuffix(name, "_file"); {
	case name == "labels" && value.Kind == yaml.MappingNode:
		for i := 1; i < len(value.Content); i += 2 {
			r.walk(value.Content[i], plain) // their names are whatever somebody chose
		}
	case value.Kind == yaml.MappingNode:
		r.walk(value, plain)
	case isFile && value.Kind == yaml.ScalarNode:
		if file != "ca" && file != "cert" {
			r.readSecrets(value.Value)
		}
		r.walk(value, plain)
	case strings.HasSuffix(name, "_env") && value.Kind == yaml.ScalarNode:
		if secret := r.env(value.Value); secret != "" {
			r.secret(secret)
		}
		r.walk(value, plain)
	default:
		r.walk(value, plain && plainSettings[name])
	}
}

// take puts the word in the place of a value, which must not be seen elsewhere
// either.
func (r *settingsRedacter) take(n *yaml.Node) {
	r.secret(n.Value)
	n.SetString(redacted)
}

// secret notes a value that is long enough to be one.
func (r *settingsRedacter) secret(value string) {
	if len(value) >= 6 {
		r.secrets = append(r.secrets, value)
	}
}

// maxSecretBytes bounds a file with a secret.
const maxSecretBytes = 64 << 10

// readSecrets reads a file of secrets: each line of it is one.
func (r *settingsRedacter) readSecrets(name string) {
	if !filepath.IsAbs(name) {
		name = filepath.Join(r.dir, name)
	}
	f, err := os.Open(name)
	if err != nil {
		return // who cannot read it has not got it in any other file
	}
	defer f.Close()
	if info, err := f.Stat(); err != nil || !info.Mode().IsRegular() {
		return
	}
	text, err := io.ReadAll(io.LimitReader(f, maxSecretBytes))
	if err != nil {
		return
	}
	for line := range strings.Lines(string(text)) {
		r.secret(strings.TrimSpace(line))
	}
}

// plainURL is an address without what may be secret in it: who asks, and the
// path, which with some services is the password.
func plainURL(text string) string {
	u, err := url.Parse(text)
	if err != nil || u.Host == "" {
		return redacted
	}
	short := u.Scheme + "://" + u.Host
	if u.Path != "" && u.Path != "/" || u.RawQuery != "" {
		short += "/" + redacted
	}
	return short
}
