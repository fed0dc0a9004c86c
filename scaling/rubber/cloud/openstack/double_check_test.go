package openstack

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestDoubleAnswersAsRecorded asks the double what the real Nova was asked, in
// the same order, and compares the answers. When a server moves on is told by
// the recording; what is said of it then is compared.
func TestDoubleAnswersAsRecorded(t *testing.T) {
	for _, s := range loadScenes(t) {
		t.Run(s.Name, func(t *testing.T) {
			d := newDouble(t, s.User)
			d.waits = true
			if s.Instances != nil {
				d.instances = *s.Instances
			}
			n := newNormal(d.URL+"/identity", "http://identity", d.URL+"/compute", "http://compute", d.URL+"/image", "http://image", d.URL+"/network", "http://network")
			n.project = d.project()
			r := replay{t: t, d: d, n: n, toDouble: map[string]string{}}
			for i, x := range s.Exchanges {
				if t.Failed() {
					break
				}
				r.ask(i, x)
			}
		})
	}
}

type replay struct {
	t        *testing.T
	d        *double
	n        *normal
	toDouble map[string]string // ids of servers: recorded to the double's
	token    string
}

func (r *replay) ask(i int, x exchange) {
	t := r.t
	t.Helper()
	r.arrange(x)
	url := x.URL
	for _, service := range []string{"identity", "compute", "image", "network"} {
		url = strings.Replace(url, "http://"+service, r.d.URL+"/"+service, 1)
	}
	var body io.Reader
	if x.Body != nil {
		text, err := json.Marshal(x.Body)
		if err != nil {
			t.Fatal(err)
		}
		body = strings.NewReader(r.mapped(string(text)))
	}
	req, err := http.NewRequestWithContext(t.Context(), x.Method, r.mapped(url), body)
	if err != nil {
		t.Fatal(err)
	}
	token := r.token
	if x.Status == http.StatusUnauthorized {
		token = "revoked"
	}
	req.Header.Set("X-Auth-Token", token)
	req.Header.Set("OpenStack-API-Version", x.Version)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	if token := resp.Header.Get("X-Subject-Token"); token != "" {
		r.token = token
	}
	r.learn(x, answer)
	got := r.n.exchange(req, nil, resp.StatusCode, resp.Header, answer)
	got.Method, got.URL, got.Version, got.Body = x.Method, x.URL, x.Version, x.Body
	want := x
	want.Answer = tidy(want.Answer)
	for _, e := range []*exchange{&got, &want} {
		for _, s := range e.seen() {
			blur(s)
		}
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("exchange %d, %s %s, is not as recorded (-recorded +double):\n%s", i, x.Method, x.URL, cmp.Diff(want, got))
	}
}

// mapped has the double's ids in place of the recorded ones.
func (r *replay) mapped(text string) string {
	for recorded, id := range r.toDouble {
		text = strings.ReplaceAll(text, recorded, id)
	}
	return text
}

// learn notes which server is which.
func (r *replay) learn(x exchange, answer []byte) {
	if x.Method != http.MethodPost || !strings.HasSuffix(x.URL, "/servers") || x.Status != http.StatusAccepted {
		return
	}
	var got struct{ Server struct{ ID string } }
	if json.Unmarshal(answer, &got) != nil || got.Server.ID == "" {
		r.t.Fatalf("the double has made no server: %s", answer)
	}
	recorded := x.Answer.(map[string]any)["server"].(map[string]any)["id"].(string)
	r.toDouble[recorded] = got.Server.ID
	r.n.ids[got.Server.ID] = recorded
}

// arrange has the double's servers be in the state in which the recording saw
// them, on the hosts where they were, and makes those that somebody else made.
func (r *replay) arrange(x exchange) {
	r.d.mu.Lock()
	defer r.d.mu.Unlock()
	there := map[string]bool{}
	for _, s := range x.seen() {
		recorded := s["id"].(string)
		there[recorded] = true
		if r.toDouble[recorded] == "" {
			r.adopt(s)
		}
		for _, g := range r.d.list {
			if g.id != r.toDouble[recorded] {
				continue
			}
			g.steps = []look{lookOf(s)}
			g.locked, _ = s["locked"].(bool)
			if s["hostId"] == "" {
				g.host = ""
			}
			for _, host := range r.n.hosts {
				if s["hostId"] == hostID(r.d.project(), host) {
					g.host = host
				}
			}
		}
	}
	if x.Method == http.MethodDelete && x.Status == http.StatusConflict {
		for _, g := range r.d.list {
			g.locked = true
		}
	}
	for recorded, id := range r.toDouble {
		missing := x.Method == http.MethodGet && x.Status == http.StatusNotFound && strings.HasSuffix(x.URL, recorded)
		unlisted := strings.HasSuffix(x.URL, "/servers/detail") && !there[recorded] && bytes.Contains(marshal(x.Answer), []byte(`"servers":[]`))
		for _, g := range r.d.list {
			if g.id == id && (missing || unlisted) {
				g.steps = []look{gone}
			}
		}
	}
}

func marshal(v any) []byte {
	text, _ := json.Marshal(v)
	return text
}

// adopt has the double know a server that was made past the driver.
func (r *replay) adopt(s map[string]any) {
	g := &guest{id: "11111111-0000-4000-8000-000000000001", created: time.Now(), name: s["name"].(string), metadata: map[string]any{}, tags: []any{}}
	flavor, _ := s["flavor"].(map[string]any)
	g.flavor, _ = flavor["original_name"].(string)
	r.d.list = append([]*guest{g}, r.d.list...)
	r.toDouble[s["id"].(string)], r.n.ids[g.id] = g.id, s["id"].(string)
}

// blur takes out of a server what depends on the instant of the look while it
// is on its way from one state to another. (Off the shelf, its image is for an
// instant the one that its disk was kept in.)
func blur(s map[string]any) {
	if tags, ok := s["tags"].([]any); ok { // a set: Nova sorts it after a while
		slices.SortFunc(tags, func(a, b any) int { return strings.Compare(a.(string), b.(string)) })
	}
	if lookOf(s).status != "BUILD" && lookOf(s).task == "" {
		return
	}
	for _, key := range []string{"image", "addresses", "security_groups", "hostId", "OS-EXT-STS:power_state", "OS-EXT-STS:vm_state", "OS-EXT-SRV-ATTR:host", "OS-EXT-SRV-ATTR:hypervisor_hostname",
		"OS-EXT-SRV-ATTR:instance_name", "OS-SRV-USG:launched_at", "OS-SRV-USG:terminated_at", "progress", "OS-EXT-AZ:availability_zone", "OS-EXT-SRV-ATTR:root_device_name"} {
		delete(s, key)
	}
}
