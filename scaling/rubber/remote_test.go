//go:build integration

package rubber

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"slices"
	"sync"
	"time"

	"perfmon/scaling/rubber/cloud"
	"perfmon/scaling/rubber/work"
)

// call is what a controller in another process asks of the world of its test.
type call struct {
	Op            string
	Spec          cloud.Spec
	ID            string
	Worker, Queue string
}

// reply is what it gets.
type reply struct {
	Instance  cloud.Instance
	Instances []cloud.Instance
	Depth     work.Depth
	Workers   []work.Worker
	Complete  bool
	Load      work.Load
	Kind      int // of an error of a cloud
	Err       string
}

// served is the world and the shop of a test, for controllers in other
// processes. What they ask for is done even if they do not live to see it.
type served struct {
	cloud cloud.Cloud
	shop  *shop

	mu      sync.Mutex
	intents map[string]bool // that were asked for
	rand    *rand.Rand
}

// asked are the intents that a machine was asked for.
func (s *served) asked() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Collect(maps.Keys(s.intents))
}

// pause is a short time by chance, so that kills fall before and after things.
func (s *served) pause() {
	s.mu.Lock()
	d := time.Duration(s.rand.IntN(15)) * time.Millisecond
	s.mu.Unlock()
	time.Sleep(d)
}

func (s *served) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var c call
	if err := json.NewDecoder(r.Body).Decode(&c); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	slow := c.Op != "workers" && c.Op != "depth"
	if slow {
		s.pause()
	}
	a := s.answer(c)
	if slow {
		s.pause()
	}
	// Whoever asked may be gone.
	_ = json.NewEncoder(w).Encode(a)
}

func (s *served) answer(c call) (a reply) {
	ctx := context.Background()
	var err error
	switch c.Op {
	case "create":
		s.mu.Lock()
		s.intents[c.Spec.Intent] = true
		s.mu.Unlock()
		a.Instance, err = s.cloud.Create(ctx, c.Spec)
	case "list":
		a.Instances, err = s.cloud.List(ctx, c.ID)
	case "find":
		a.Instances, err = s.cloud.(cloud.Adopter).Find(ctx, c.ID)
	case "mark":
		err = s.cloud.(cloud.Adopter).Mark(ctx, c.ID, c.Spec)
	case "stop":
		err = s.cloud.Stop(ctx, c.ID)
	case "delete":
		err = s.cloud.Delete(ctx, c.ID)
	case "depth":
		a.Depth, err = s.shop.Depth(ctx, c.Queue)
	case "workers":
		a.Workers, a.Complete = s.shop.Workers()
	case "cancel":
		err = s.shop.CancelConsumer(ctx, c.Worker, c.Queue)
	case "add":
		err = s.shop.AddConsumer(ctx, c.Worker, c.Queue)
	case "load":
		a.Load, err = s.shop.Load(ctx, c.Worker)
	case "shutdown":
		err = s.shop.Shutdown(ctx, c.Worker)
	}
	if err != nil {
		a.Kind, a.Err = int(cloud.KindOf(err)), err.Error()
	}
	return a
}

// remote is a cloud, a source and workers by way of a served.
type remote struct{ url string }

func (r remote) ask(ctx context.Context, c call) (a reply, err error) {
	body, err := json.Marshal(c)
	if err != nil {
		return a, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, r.url, bytes.NewReader(body))
	if err != nil {
		return a, err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return a, &cloud.Error{Kind: cloud.Transient, Op: c.Op, Err: err}
	}
	defer resp.Body.Close()
	if err := json.NewDecoder(resp.Body).Decode(&a); err != nil {
		return a, fmt.Errorf("%s: %w", c.Op, err)
	}
	if a.Err != "" {
		return a, &cloud.Error{Kind: cloud.Kind(a.Kind), Op: c.Op, Err: errors.New(a.Err)}
	}
	return a, nil
}

func (r remote) Create(ctx context.Context, s cloud.Spec) (cloud.Instance, error) {
	a, err := r.ask(ctx, call{Op: "create", Spec: s})
	return a.Instance, err
}

func (r remote) List(ctx context.Context, owner string) ([]cloud.Instance, error) {
	a, err := r.ask(ctx, call{Op: "list", ID: owner})
	return a.Instances, err
}

func (r remote) Find(ctx context.Context, name string) ([]cloud.Instance, error) {
	a, err := r.ask(ctx, call{Op: "find", ID: name})
	return a.Instances, err
}

func (r remote) Mark(ctx context.Context, id string, s cloud.Spec) error {
	_, err := r.ask(ctx, call{Op: "mark", ID: id, Spec: s})
	return err
}

func (r remote) Stop(ctx context.Context, id string) error {
	_, err := r.ask(ctx, call{Op: "stop", ID: id})
	return err
}

func (r remote) Delete(ctx context.Context, id string) error {
	_, err := r.ask(ctx, call{Op: "delete", ID: id})
	return err
}

func (r remote) Close() error { return nil }

func (r remote) Depth(ctx context.Context, queue string) (work.Depth, error) {
	a, err := r.ask(ctx, call{Op: "depth", Queue: queue})
	return a.Depth, err
}

func (r remote) Run(ctx context.Context) error { <-ctx.Done(); return nil }

func (r remote) Workers() ([]work.Worker, bool) {
	a, err := r.ask(context.Background(), call{Op: "workers"})
	return a.Workers, err == nil && a.Complete
}

func (r remote) TaskTime(string) (work.TaskTime, bool) { return work.TaskTime{}, false }

func (r remote) word(ctx context.Context, op, worker, queue string) (work.Load, error) {
	a, err := r.ask(ctx, call{Op: op, Worker: worker, Queue: queue})
	return a.Load, err
}

func (r remote) CancelConsumer(ctx context.Context, worker, queue string) error {
	_, err := r.word(ctx, "cancel", worker, queue)
	return err
}

func (r remote) AddConsumer(ctx context.Context, worker, queue string) error {
	_, err := r.word(ctx, "add", worker, queue)
	return err
}

func (r remote) Load(ctx context.Context, worker string) (work.Load, error) {
	return r.word(ctx, "load", worker, "")
}

func (r remote) Shutdown(ctx context.Context, worker string) error {
	_, err := r.word(ctx, "shutdown", worker, "")
	return err
}
