package main

import (
	"context"
	"encoding/pem"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"

	"perfmon/cmd/internal/rubberconfig"
	"perfmon/cmd/internal/tlsfiles"
	"perfmon/scaling/rubber/work"
)

// TestHTTPBroker: what is configured of an HTTP broker is for depths and for
// workers.
func TestHTTPBroker(t *testing.T) {
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("X-Token") != "open sesame" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		if r.URL.Path == "/workers" {
			fmt.Fprint(w, `{"complete": true, "workers": []}`)
			return
		}
		fmt.Fprint(w, `{"ready": 2}`)
	}))
	server.Config.ErrorLog = log.New(io.Discard, "", 0) // of those who do not trust it
	server.StartTLS()
	defer server.Close()
	authority := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(authority, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	f := func(b rubberconfig.Broker, want work.Kind) {
		t.Helper()
		b.Kind, b.URL, b.Workers, b.Header, b.Timeout = "http", server.URL+"/depth", server.URL+"/workers", "X-Token", time.Minute
		both, err := newBroker(b, quiet)
		if err != nil {
			t.Fatal(err)
		}
		defer both.source.Close()
		d, err := both.source.Depth(t.Context(), "q")
		if want < 0 && (err != nil || *d.Ready != 2) || want >= 0 && (err == nil || work.KindOf(err) != want) {
			t.Errorf("%v, %v", d, err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- both.workers.Run(ctx) }()
		defer func() {
			cancel()
			if err := <-done; err != nil {
				t.Error(err)
			}
		}()
		for end := time.Now().Add(time.Minute); ; time.Sleep(time.Millisecond) {
			_, complete := both.workers.Workers()
			_, err := both.workers.Load(t.Context(), "a")
			if kind := work.KindOf(err); want < 0 && complete && kind == work.NoWorker || want >= 0 && kind == want && !complete {
				return
			}
			if time.Now().After(end) {
				t.Fatalf("complete %v, %v", complete, err)
			}
		}
	}
	good := tlsfiles.Options{CAFile: authority}
	f(rubberconfig.Broker{Secret: "open sesame", TLS: good}, -1)
	f(rubberconfig.Broker{Secret: "closed", TLS: good}, work.Auth)
	f(rubberconfig.Broker{Secret: "open sesame"}, work.Auth) // of an authority that nobody knows

	only, err := newBroker(rubberconfig.Broker{Kind: "http", URL: server.URL}, quiet)
	if err != nil || only.workers != nil {
		t.Errorf("without an address of workers there are %v, %v", only.workers, err)
	}
}
