package settings

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"
)

var discard = slog.New(slog.DiscardHandler)

// TestNoSecretIsPrinted: with no verb, logger or encoder.
func TestNoSecretIsPrinted(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "hidden", "hush-hush-hush")
	write(t, dir, "url", "http://host/hush-hush-hush")
	path := write(t, dir, "perfmon.yaml", `
sinks:
  am: {kind: alertmanager, urls: [http://host], username: u, password_file: hidden, proxy_url_file: url}
  token: {kind: alertmanager, urls: [http://host], bearer_token_file: hidden}
  webhook: {url_file: url, secret_file: hidden, bearer_token_file: hidden}
  nats: {urls: [nats://host], credentials_file: hidden}
  n2: {kind: nats, urls: [nats://host], token_file: hidden}
  amqp: {urls: [amqp://host], username: u, password_file: hidden}
`)
	s, err := Load(path, noEnv)
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	text, tree := slog.New(slog.NewTextHandler(&out, nil)), slog.New(slog.NewJSONHandler(&out, nil))
	show := func(v any) {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%d", "%x", "%t"} {
			fmt.Fprintf(&out, verb+"\n", v)
		}
		fmt.Fprintln(&out, v)
		text.Info("text", "v", v)
		tree.Info("json", "v", v)
		encoded, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		out.Write(encoded)
	}
	show(s)
	show(*s)
	show(s.Sinks)
	for i := range s.Sinks {
		show(s.Sinks[i])
		show(&s.Sinks[i])
		if d, err := s.Sinks[i].Open(text); err == nil {
			fmt.Fprintf(&out, "%v %+v %s\n", d, d, d)
		}
	}
	if strings.Contains(out.String(), "hush") || strings.Contains(out.String(), "68757368") {
		t.Error("a secret is printed")
	}
	for _, want := range []string{"am: alertmanager http://host", "webhook: webhook http://host", "n2: nats nats://host", "xapi: xapi"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is not printed", want)
		}
	}
}
