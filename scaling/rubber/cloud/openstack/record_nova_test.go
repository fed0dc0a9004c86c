//go:build nova

package openstack

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"perfmon/scaling/rubber/cloud"
)

var record = flag.Bool("record", false, "write the answers into "+recorded)

// tape is a wire that remembers.
type tape struct {
	normal *normal
	before []scene // that were recorded earlier
	mu     sync.Mutex
	scene  scene
}

func (r *tape) RoundTrip(req *http.Request) (*http.Response, error) {
	var body []byte
	if req.Body != nil {
		var err error
		if body, err = io.ReadAll(req.Body); err != nil {
			return nil, err
		}
		req.Body = io.NopCloser(bytes.NewReader(body))
	}
	resp, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	answer, err := io.ReadAll(resp.Body)
	resp.Body.Close()
	if err != nil {
		return nil, err
	}
	resp.Body = io.NopCloser(bytes.NewReader(answer))
	r.mu.Lock()
	defer r.mu.Unlock()
	r.normal.keep(r.before, r.scene.User, req.Method, req.URL.String(), resp.StatusCode, answer)
	x := r.normal.exchange(req, body, resp.StatusCode, resp.Header, answer)
	// Looking until something happens is worth one look that saw nothing.
	if last := len(r.scene.Exchanges) - 1; last >= 0 {
		a, _ := json.Marshal(r.scene.Exchanges[last])
		if b, _ := json.Marshal(x); bytes.Equal(a, b) {
			return resp, nil
		}
	}
	r.scene.Exchanges = append(r.scene.Exchanges, x)
	return resp, nil
}

// stage is where the scenes are played.
type stage struct {
	*realNova
	normal   *normal
	before   []scene
	projects map[string]string // ids by user
}

// cloudsFile says who the users are.
func (n *realNova) cloudsFile(t *testing.T) string {
	t.Helper()
	text := "clouds:\n"
	for _, u := range [][3]string{{"rubber", userPassword, "workers"}, {"admin", adminPassword, "admin"}, {"wrong", "wrong-secret", "workers"}} {
		user := u[0]
		if user == "wrong" {
			user = "rubber"
		}
		text += fmt.Sprintf("  %s:\n    auth: {auth_url: %q, username: %s, password: %s, project_name: %s, user_domain_id: default, project_domain_id: default}\n    region_name: RegionOne\n",
			u[0], keystoneURL, user, u[1], u[2])
	}
	file := filepath.Join(t.TempDir(), "clouds.yaml")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// play runs one scene. What it asks and is answered is the recording.
func (s *stage) play(t *testing.T, name, user string, o Options, instances *int, f func(t *testing.T, ctx context.Context, c *Cloud)) {
	t.Run(name, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Minute) // it is a guest of a busy machine
		defer cancel()
		as := user
		if user == "wrong" {
			as = "rubber"
		}
		s.normal.project = s.projects[as]
		wire := &tape{normal: s.normal, before: s.before, scene: scene{Name: name, User: as, Instances: instances}}
		o.Cloud, o.File = user, s.cloudsFile(t)
		c, err := New(o)
		if err != nil {
			t.Fatal(err)
		}
		c.wire = wire
		s.clear(ctx)
		if instances != nil {
			s.quota(as, *instances)
			defer s.quota(as, 10)
		}
		f(t, ctx, c)
		if err := c.Close(); err != nil {
			t.Error(err)
		}
		if !*record || t.Failed() {
			return
		}
		var text bytes.Buffer
		e := json.NewEncoder(&text)
		e.SetEscapeHTML(false)
		e.SetIndent("", " ")
		if err := e.Encode(wire.scene); err != nil {
			t.Fatal(err)
		}
		if err := os.MkdirAll(recorded, 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(recorded, strings.ReplaceAll(name, " ", "-")+".json"), text.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	})
}

// clear ends what an earlier scene has left.
func (s *stage) clear(ctx context.Context) {
	s.t.Helper()
	admin := s.token("admin", adminPassword, "admin")
	list := func() []any { return s.must(admin, "GET", computeURL+"/servers?all_tenants=1", nil)["servers"].([]any) }
	for there := list(); len(there) > 0 && ctx.Err() == nil; there = list() {
		for _, v := range there {
			_, _, _, _ = call(ctx, "DELETE", computeURL+"/servers/"+idOf(v.(map[string]any), ""), admin, nil)
		}
		time.Sleep(200 * time.Millisecond)
	}
}

// quota is how many servers a user's project may have.
func (s *stage) quota(user string, instances int) {
	s.t.Helper()
	admin := s.token("admin", adminPassword, "admin")
	s.must(admin, "PUT", computeURL+"/os-quota-sets/"+s.projects[user], map[string]any{"quota_set": map[string]any{"instances": instances, "force": true}})
}

func worker(intent string) cloud.Spec {
	return cloud.Spec{Intent: intent, Owner: "rubber-test", Profile: "thumbs", Generation: "g1", Name: "worker-" + intent,
		Image: "worker", Flavor: "small", Networks: []string{"workers", "storage"}, SecurityGroups: []string{"workers"}, Key: "operator", UserData: []byte("#cloud-config\n")}
}

// grow makes a machine and waits until it runs.
func grow(t *testing.T, ctx context.Context, c *Cloud, spec cloud.Spec) cloud.Instance {
	t.Helper()
	made, err := c.Create(ctx, spec)
	if err != nil {
		t.Fatal(err)
	}
	if made, err = c.Wait(ctx, made.ID, cloud.Running); err != nil {
		t.Fatal(err)
	}
	return made
}

// end deletes machines and waits until they are gone.
func end(t *testing.T, ctx context.Context, c *Cloud, ids ...string) {
	t.Helper()
	for _, id := range ids {
		if err := c.Delete(ctx, id); err != nil {
			t.Error(err)
		}
	}
	for _, id := range ids {
		for { // Wait would take one that failed for an end
			_, _, err := c.look(ctx, "wait", id)
			if cloud.KindOf(err) == cloud.NotFound {
				break
			}
			if ctx.Err() != nil {
				t.Fatalf("wait for the end of %s: %v", id, err)
			}
			time.Sleep(200 * time.Millisecond)
		}
	}
}

func wantKind(t *testing.T, err error, want cloud.Kind, parts ...string) {
	t.Helper()
	if err == nil || cloud.KindOf(err) != want {
		t.Errorf("got %v, want an error of kind %s", err, want)
		return
	}
	for _, part := range parts {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("got %q, want %q in it", err, part)
		}
	}
}

// TestNovaScenes plays what the driver does and what goes wrong.
func TestNovaScenes(t *testing.T) {
	s := &stage{realNova: startNova(t)}
	defer s.faults()
	s.normal = newNormal("http://127.0.0.1:5000", "http://identity", "http://127.0.0.1:8774", "http://compute", "http://127.0.0.1:9292", "http://image", "http://127.0.0.1:9696", "http://network")
	if files, _ := filepath.Glob(recorded + "/*.json"); len(files) > 0 {
		s.before = loadScenes(t)
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			for _, id := range uuids.FindAllString(string(text), -1) {
				if n, err := strconv.Atoi(id[24:]); err == nil && strings.HasPrefix(id, "00000000") {
					s.normal.first = max(s.normal.first, n)
				}
			}
		}
		s.normal.first += 100 // some ids are no uuids, and have higher numbers
	}
	s.projects = map[string]string{}
	for _, p := range s.must(s.token("admin", adminPassword, "admin"), "GET", keystoneURL+"/projects", nil)["projects"].([]any) {
		p := p.(map[string]any)
		s.projects[map[string]string{"workers": "rubber", "admin": "admin"}[p["name"].(string)]] = p["id"].(string)
	}
	hosts := []string{"compute-a", "compute-b"}

	s.play(t, "life", "rubber", Options{Hosts: hosts}, nil, func(t *testing.T, ctx context.Context, c *Cloud) {
		if err := c.Check(ctx, worker("one")); err != nil {
			t.Fatal(err)
		}
		made := grow(t, ctx, c, worker("one"))
		if made.Host != hosts[0] && made.Host != hosts[1] || len(made.Addresses) != 2 {
			t.Errorf("it is on %q with the addresses %v", made.Host, made.Addresses)
		}
		if again, err := c.Create(ctx, worker("one")); err != nil || again.ID != made.ID {
			t.Errorf("create again: %v %v", again.ID, err)
		}
		for range 2 {
			if err := c.Stop(ctx, made.ID); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := c.Wait(ctx, made.ID, cloud.Halted); err != nil {
			t.Fatal(err)
		}
		if err := c.Stop(ctx, made.ID); err != nil {
			t.Fatal(err)
		}
		for range 2 {
			if err := c.Wake(ctx, made.ID, worker("one")); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := c.Wait(ctx, made.ID, cloud.Running); err != nil {
			t.Fatal(err)
		}
		if list, err := c.List(ctx, "rubber-test"); err != nil || len(list) != 1 || list[0].ID != made.ID {
			t.Errorf("list: %v %v", list, err)
		}
		end(t, ctx, c, made.ID)
		if err := c.Delete(ctx, made.ID); err != nil {
			t.Errorf("delete again: %v", err)
		}
		wantKind(t, c.Stop(ctx, made.ID), cloud.NotFound)
		if list, err := c.List(ctx, "rubber-test"); err != nil || len(list) != 0 {
			t.Errorf("list: %v %v", list, err)
		}
	})

	s.play(t, "young", "rubber", Options{}, nil, func(t *testing.T, ctx context.Context, c *Cloud) {
		made, err := c.Create(ctx, worker("young"))
		if err != nil {
			t.Fatal(err)
		}
		if list, err := c.List(ctx, "rubber-test"); err != nil || len(list) != 1 {
			t.Errorf("list just after create: %v %v", list, err)
		}
		end(t, ctx, c, made.ID)
	})

	s.play(t, "names", "rubber", Options{}, nil, func(t *testing.T, ctx context.Context, c *Cloud) {
		unknown := uuid.NewString()
		for _, wrong := range []struct {
			change func(*cloud.Spec)
			parts  []string
		}{
			{func(s *cloud.Spec) { s.Image = "nonesuch" }, []string{"image", "nonesuch"}},
			{func(s *cloud.Spec) { s.Image = unknown }, []string{"image", unknown}},
			{func(s *cloud.Spec) { s.Image = "twice" }, []string{"2 images", "by its id"}},
			{func(s *cloud.Spec) { s.Flavor = "nonesuch" }, []string{"flavor", "nonesuch"}},
			{func(s *cloud.Spec) { s.Networks = []string{"nonesuch"} }, []string{"network", "nonesuch"}},
			{func(s *cloud.Spec) { s.Networks = []string{unknown} }, []string{"network", unknown}},
			{func(s *cloud.Spec) { s.Networks = []string{"same"} }, []string{"2 networks"}},
			{func(s *cloud.Spec) { s.SecurityGroups = []string{"nonesuch"} }, []string{"security group", "nonesuch"}},
			{func(s *cloud.Spec) { s.Key = "nonesuch" }, []string{"key", "nonesuch"}},
			{func(s *cloud.Spec) { s.Memory = 1 << 40 }, []string{"512 MiB"}},
		} {
			spec := worker("one")
			wrong.change(&spec)
			wantKind(t, c.Check(ctx, spec), cloud.Invalid, wrong.parts...)
		}
		user := s.token("rubber", userPassword, "workers")
		spec := worker("one")
		spec.Image, spec.Flavor = s.find(user, imageURL+"/v2/images", "images", "worker"), s.find(user, computeURL+"/flavors", "flavors", "small")
		if err := c.Check(ctx, spec); err != nil {
			t.Errorf("by ids: %v", err)
		}
	})

	s.play(t, "refused", "rubber", Options{}, nil, func(t *testing.T, ctx context.Context, c *Cloud) {
		// What was there when its name was looked up, and is not any more.
		for kind, wanted := range map[string]string{"image": "worker", "flavor": "small", "network": "workers", "security group": "workers", "key": "operator"} {
			if err := c.Check(ctx, worker("one")); err != nil {
				t.Fatal(err)
			}
			gone := thing{ID: uuid.NewString(), Name: "gone", RAM: 1 << 20, CPUs: 8}
			c.names.put(name{kind, wanted}, gone)
			_, err := c.Create(ctx, worker("one"))
			wantKind(t, err, cloud.Invalid, wanted)
		}
		if list, err := c.List(ctx, "rubber-test"); err != nil || len(list) != 0 {
			t.Errorf("list: %v %v", list, err)
		}
	})

	s.play(t, "password", "wrong", Options{}, nil, func(t *testing.T, ctx context.Context, c *Cloud) {
		_, err := c.List(ctx, "rubber-test")
		wantKind(t, err, cloud.Auth, "wrong")
		if strings.Contains(err.Error(), "wrong-secret") {
			t.Errorf("a secret is in %q", err)
		}
	})

	s.play(t, "room", "rubber", Options{}, nil, func(t *testing.T, ctx context.Context, c *Cloud) {
		spec := worker("huge")
		spec.Flavor = "huge"
		made, err := c.Create(ctx, spec)
		if err != nil {
			t.Fatal(err)
		}
		_, err = c.Wait(ctx, made.ID, cloud.Running)
		wantKind(t, err, cloud.Capacity, "No valid host")
		if list, err := c.List(ctx, "rubber-test"); err != nil || len(list) != 1 || list[0].State != cloud.Failed || cloud.KindOf(list[0].Fault) != cloud.Capacity {
			t.Errorf("list: %v %v", list, err)
		}
		end(t, ctx, c, made.ID)
	})

	none := 0
	s.play(t, "quota", "rubber", Options{}, &none, func(t *testing.T, ctx context.Context, c *Cloud) {
		_, err := c.Create(ctx, worker("one"))
		wantKind(t, err, cloud.Quota, "Quota exceeded for instances")
	})

	s.play(t, "policy", "rubber", Options{Placement: ByHost}, nil, func(t *testing.T, ctx context.Context, c *Cloud) {
		spec := worker("one")
		spec.Avoid = hosts[:1]
		_, err := c.Create(ctx, spec)
		wantKind(t, err, cloud.Auth, "os-hypervisors")
	})

	s.play(t, "token", "rubber", Options{}, nil, func(t *testing.T, ctx context.Context, c *Cloud) {
		if _, err := c.List(ctx, "rubber-test"); err != nil {
			t.Fatal(err)
		}
		old := c.current.Load().compute.Token()
		req, _ := http.NewRequestWithContext(ctx, "DELETE", keystoneURL+"/auth/tokens", nil)
		req.Header.Set("X-Auth-Token", old)
		req.Header.Set("X-Subject-Token", old)
		resp, err := http.DefaultClient.Do(req)
		if err != nil || resp.StatusCode != 204 {
			t.Fatal(resp, err)
		}
		resp.Body.Close()
		if _, err := c.List(ctx, "rubber-test"); err != nil {
			t.Errorf("list after the token was revoked: %v", err)
		}
		if c.current.Load().compute.Token() == old {
			t.Error("the token is still the old one")
		}
	})

	s.play(t, "pages", "rubber", Options{}, nil, func(t *testing.T, ctx context.Context, c *Cloud) {
		var ids []string
		for i := range 4 {
			ids = append(ids, grow(t, ctx, c, worker(fmt.Sprintf("page-%d", i))).ID)
		}
		if list, err := c.List(ctx, "rubber-test"); err != nil || len(list) != 4 {
			t.Errorf("list: %v %v", list, err)
		}
		end(t, ctx, c, ids...)
	})

	s.play(t, "marker", "rubber", Options{}, nil, func(t *testing.T, ctx context.Context, c *Cloud) {
		if _, err := c.List(ctx, "rubber-test"); err != nil {
			t.Fatal(err)
		}
		// The server at the end of a page is gone when the next one is asked for.
		_, err := all[server](ctx, c.current.Load().compute, "servers/detail", url.Values{"marker": {uuid.NewString()}}, "servers")
		if statusOf(err) != http.StatusBadRequest || !strings.Contains(err.Error(), "marker") {
			t.Errorf("got %v, want 400 about the marker", err)
		}
	})

	s.play(t, "shelf", "rubber", Options{Parking: ByShelf}, nil, func(t *testing.T, ctx context.Context, c *Cloud) {
		made := grow(t, ctx, c, worker("shelf"))
		for range 2 {
			if err := c.Park(ctx, made.ID); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := c.Wait(ctx, made.ID, cloud.Halted); err != nil {
			t.Fatal(err)
		}
		for range 2 {
			if err := c.Wake(ctx, made.ID, worker("shelf")); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := c.Wait(ctx, made.ID, cloud.Running); err != nil {
			t.Fatal(err)
		}
		end(t, ctx, c, made.ID)
	})

	s.play(t, "administrator", "admin", Options{}, nil, func(t *testing.T, ctx context.Context, c *Cloud) {
		var ids []string
		for i := range 3 {
			spec := worker(fmt.Sprintf("admins-%d", i))
			spec.Key = ""
			ids = append(ids, grow(t, ctx, c, spec).ID)
		}
		for _, step := range []struct {
			do   func() error
			want cloud.State
		}{
			{func() error { return c.Stop(ctx, ids[0]) }, cloud.Halted},
			{func() error { return c.Wake(ctx, ids[0], cloud.Spec{}) }, cloud.Running},
		} {
			if err := step.do(); err != nil {
				t.Fatal(err)
			}
			if _, err := c.Wait(ctx, ids[0], step.want); err != nil {
				t.Fatal(err)
			}
			if list, err := c.List(ctx, "rubber-test"); err != nil || len(list) != 3 {
				t.Errorf("list: %v %v", list, err)
			}
		}
		end(t, ctx, c, ids...)
		wantKind(t, c.Stop(ctx, ids[0]), cloud.NotFound)
	})

	s.play(t, "hosts", "admin", Options{Placement: ByHost}, nil, func(t *testing.T, ctx context.Context, c *Cloud) {
		for _, host := range hosts {
			spec := worker("prefer-" + host)
			spec.Key, spec.Prefer = "", []string{"nonesuch", host}
			made := grow(t, ctx, c, spec)
			if made.Host != host {
				t.Errorf("it prefers %s and is on %s", host, made.Host)
			}
			end(t, ctx, c, made.ID)
		}
		spec := worker("avoid")
		spec.Key, spec.Avoid = "", hosts[:1]
		made := grow(t, ctx, c, spec)
		if made.Host != hosts[1] {
			t.Errorf("it avoids %s and is on %s", hosts[0], made.Host)
		}
		end(t, ctx, c, made.ID)
		spec.Avoid = hosts
		_, err := c.Create(ctx, spec)
		wantKind(t, err, cloud.Capacity)
	})

	s.play(t, "hint", "rubber", Options{Placement: ByHint, Hosts: hosts}, nil, func(t *testing.T, ctx context.Context, c *Cloud) {
		for n, host := range hosts {
			spec := worker("avoid-" + host)
			spec.Avoid = []string{"nonesuch", host}
			made := grow(t, ctx, c, spec)
			if made.Host != hosts[1-n] || made.Fault != nil {
				t.Errorf("it avoids %s and is on %s (%v)", host, made.Host, made.Fault)
			}
			end(t, ctx, c, made.ID)
		}
		spec := worker("nowhere")
		spec.Avoid = hosts
		made, err := c.Create(ctx, spec)
		if err != nil {
			t.Fatal(err)
		}
		_, err = c.Wait(ctx, made.ID, cloud.Running)
		wantKind(t, err, cloud.Capacity)
		end(t, ctx, c, made.ID)
	})

	s.play(t, "unwelcome", "rubber", Options{Hosts: hosts}, nil, func(t *testing.T, ctx context.Context, c *Cloud) {
		spec := worker("one")
		spec.Avoid = hosts
		made := grow(t, ctx, c, spec)
		wantKind(t, made.Fault, cloud.Capacity, made.Host)
		end(t, ctx, c, made.ID)
	})

	s.play(t, "locked", "rubber", Options{}, nil, func(t *testing.T, ctx context.Context, c *Cloud) {
		made := grow(t, ctx, c, worker("locked"))
		admin := s.token("admin", adminPassword, "admin")
		s.must(admin, "POST", computeURL+"/servers/"+made.ID+"/action", map[string]any{"lock": nil})
		wantKind(t, c.Delete(ctx, made.ID), cloud.Invalid, "lock")
		s.must(admin, "POST", computeURL+"/servers/"+made.ID+"/action", map[string]any{"unlock": nil})
		end(t, ctx, c, made.ID)
	})

	s.play(t, "conflicts", "rubber", Options{}, nil, func(t *testing.T, ctx context.Context, c *Cloud) {
		made := grow(t, ctx, c, worker("one"))
		if err := c.Stop(ctx, made.ID); err != nil {
			t.Fatal(err)
		}
		if _, err := c.Wait(ctx, made.ID, cloud.Halted); err != nil {
			t.Fatal(err)
		}
		now := c.current.Load()
		// Asked for what is so already, past the look that would have told.
		for action, state := range map[string]string{"os-stop": "vm_state stopped", "resume": "vm_state stopped"} {
			wantKind(t, c.act(ctx, now, "stop", made.ID, action), cloud.Transient, "409", state)
		}
		if err := c.act(ctx, now, "stop", made.ID, "os-stop", "vm_state stopped"); err != nil {
			t.Errorf("stop of what is stopped: %v", err)
		}
		end(t, ctx, c, made.ID)
	})

	s.play(t, "adopted", "rubber", Options{}, nil, func(t *testing.T, ctx context.Context, c *Cloud) {
		user := s.token("rubber", userPassword, "workers")
		id := s.unowned(user, "old-worker")
		wantKind(t, c.Delete(ctx, id), cloud.Invalid, "not marked")
		if list, err := c.List(ctx, "rubber-test"); err != nil || len(list) != 0 {
			t.Errorf("list: %v %v", list, err)
		}
		if found, err := c.Find(ctx, "old-worker"); err != nil || len(found) != 1 || found[0].ID != id {
			t.Fatalf("find: %v %v", found, err)
		}
		for range 2 {
			if err := c.Mark(ctx, id, worker("adopted")); err != nil {
				t.Fatal(err)
			}
		}
		if found, err := c.Find(ctx, "old-worker"); err != nil || len(found) != 0 {
			t.Errorf("find what is ours: %v %v", found, err)
		}
		if list, err := c.List(ctx, "rubber-test"); err != nil || len(list) != 1 || list[0].ID != id || list[0].Intent != "adopted" {
			t.Errorf("list: %v %v", list, err)
		}
		end(t, ctx, c, id)
	})

	t.Run("suite", func(t *testing.T) {
		t.Run("administrator", func(t *testing.T) { novaSuite(t, s, "admin", Options{Placement: ByHost}, hosts) })
		t.Run("user", func(t *testing.T) { novaSuite(t, s, "rubber", Options{Hosts: hosts}, nil) })
	})
}
