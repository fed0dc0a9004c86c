package openstack

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"perfmon/scaling/rubber/cloud"
	"perfmon/scaling/rubber/cloud/cloudtest"
)

// spec is of a machine that the recorded cloud can make.
func spec(id, owner, name string) cloud.Spec {
	return cloud.Spec{Intent: id, Owner: owner, Name: name, Profile: "thumbs", Generation: "g1",
		Image: "worker", Flavor: "small", Networks: []string{"workers", "storage"}, SecurityGroups: []string{"workers"}, UserData: []byte("#cloud-config\n")}
}

// foreign puts two servers that are no rubber's into the double.
func (d *double) foreign() (untouched func() error) {
	running := []look{{"ACTIVE", ""}}
	theirs := []*guest{
		{id: "22222222-0000-4000-8000-000000000001", created: time.Now(), name: "worker-one", flavor: "small", host: "compute-a", metadata: map[string]any{ownerKey: "somebody", intentKey: "one"}, tags: []any{}, steps: running},
		{id: "22222222-0000-4000-8000-000000000002", created: time.Now(), name: "worker-one", flavor: "small", host: "compute-a", metadata: map[string]any{}, tags: []any{}, steps: running},
	}
	d.list = append(d.list, theirs...)
	return func() error {
		d.mu.Lock()
		defer d.mu.Unlock()
		for _, g := range theirs {
			if len(g.steps) != 1 || g.steps[0] != running[0] {
				return &cloud.Error{Op: "look", Name: g.id, Err: errClosed}
			}
		}
		return nil
	}
}

// unowned puts a server there that is nobody's.
func (d *double) unowned(name string) (string, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	g := &guest{id: uuid.NewString(), created: time.Now(), name: name, flavor: "small", host: "compute-a", metadata: map[string]any{"note": "of the ancestor"}, tags: []any{}, steps: []look{{"ACTIVE", ""}}}
	d.list = append(d.list, g)
	return g.id, nil
}

func (d *double) intercept(f func(w http.ResponseWriter, r *http.Request) bool) func() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.before = f
	return func() { d.intercept(nil) }
}

func (d *double) away() func() {
	return d.intercept(func(w http.ResponseWriter, r *http.Request) bool {
		http.Error(w, "<html><body><h1>503 Service Unavailable</h1>No server is available to handle this request.</body></html>", http.StatusServiceUnavailable)
		return true
	})
}

// loseAnswer has the next create be done and its connection end.
func (d *double) loseAnswer() {
	lost := false
	d.intercept(func(w http.ResponseWriter, r *http.Request) bool {
		if lost || r.Method != http.MethodPost || !strings.HasSuffix(r.URL.Path, "/servers") {
			return false
		}
		lost = true
		var body strings.Builder
		buffer := make([]byte, 1<<16)
		for {
			n, err := r.Body.Read(buffer)
			body.Write(buffer[:n])
			if err != nil {
				break
			}
		}
		d.create(nowhere{}, []byte(body.String()))
		panic(http.ErrAbortHandler)
	})
}

// nowhere is where an answer gets lost.
type nowhere struct{}

func (nowhere) Header() http.Header         { return http.Header{} }
func (nowhere) Write(p []byte) (int, error) { return len(p), nil }
func (nowhere) WriteHeader(int)             {}

func setup(t *testing.T, user string, o Options) (*double, cloudtest.Setup) {
	d := newDouble(t, user)
	untouched := d.foreign()
	o.Cloud, o.File = "test", d.cloudsFile(map[string]string{"rubber": "user-secret", "admin": "admin-secret"}[user])
	return d, cloudtest.Setup{
		Connect: func() (cloud.Cloud, error) { return New(o) },
		Spec:    spec, Untouched: untouched,
		Unowned: d.unowned, Break: d.away, LoseAnswer: d.loseAnswer,
	}
}

// TestKeepsAllPromises holds the driver to what every cloud is held to, as a
// user and as an administrator, who sees hosts.
func TestKeepsAllPromises(t *testing.T) {
	t.Run("user", func(t *testing.T) {
		cloudtest.Run(t, cloudtest.Suite{Start: func(t *testing.T) cloudtest.Setup {
			d, s := setup(t, "rubber", Options{Settle: 100 * time.Millisecond})
			few := func() func() {
				d.mu.Lock()
				defer d.mu.Unlock()
				d.instances = 0
				return func() {
					d.mu.Lock()
					defer d.mu.Unlock()
					d.instances = 10
				}
			}
			s.Refusals = []cloudtest.Refusal{
				{Name: "quota", Kind: cloud.Quota, Arrange: few},
				{Name: "no room", Kind: cloud.Capacity, Change: func(v *cloud.Spec) { v.Flavor = "huge" }},
				{Name: "no image", Kind: cloud.Invalid, Checked: true, Change: func(v *cloud.Spec) { v.Image = "nonesuch" }},
				{Name: "two images", Kind: cloud.Invalid, Checked: true, Change: func(v *cloud.Spec) { v.Image = "twice" }},
				{Name: "no flavor", Kind: cloud.Invalid, Checked: true, Change: func(v *cloud.Spec) { v.Flavor = "nonesuch" }},
				{Name: "no network", Kind: cloud.Invalid, Checked: true, Change: func(v *cloud.Spec) { v.Networks = []string{"nonesuch"} }},
				{Name: "no group", Kind: cloud.Invalid, Checked: true, Change: func(v *cloud.Spec) { v.SecurityGroups = []string{"nonesuch"} }},
				{Name: "no key", Kind: cloud.Invalid, Checked: true, Change: func(v *cloud.Spec) { v.Key = "nonesuch" }},
			}
			return s
		}})
	})
	t.Run("shelf", func(t *testing.T) {
		cloudtest.Run(t, cloudtest.Suite{Start: func(t *testing.T) cloudtest.Setup {
			_, s := setup(t, "rubber", Options{Settle: 100 * time.Millisecond, Parking: ByShelf})
			return s
		}})
	})
	t.Run("hosts", func(t *testing.T) {
		cloudtest.Run(t, cloudtest.Suite{Start: func(t *testing.T) cloudtest.Setup {
			_, s := setup(t, "admin", Options{Settle: 100 * time.Millisecond, Placement: ByHost})
			s.Hosts, s.Unowned = []string{"compute-a", "compute-b"}, nil // marks were recorded as a user
			return s
		}})
	})
}
