package openstack

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
)

// double stands in for Keystone, Nova, Glance and Neutron. It keeps servers,
// and moves each by one step whenever somebody looks; what it says is what the
// real ones said, out of the recording.
type double struct {
	*httptest.Server
	t      testing.TB
	scenes []scene // of one user
	others []scene // of all other users
	user   string

	mu        sync.Mutex // guards everything that follows
	instances int        // quota
	list      []*guest   // the newest first, as Nova has it
	tokens    map[string]bool
	next      int  // host
	waits     bool // servers do not move by themselves
	// before, unless nil, is asked first, and true means that it has answered.
	before func(w http.ResponseWriter, r *http.Request) bool
	asked  map[string]int // by "GET /compute/v2.1/servers"
	failed []string       // what the recording has no answer to
}

// guest is a server of the double.
type guest struct {
	created                     time.Time
	id, name, flavor, host, key string
	metadata                    map[string]any
	tags, groups                []any
	networks                    []string // names
	locked                      bool
	steps                       []look // now, and what comes
}

// look is what is seen of a server: "" "" is nothing any more.
type look struct{ status, task string }

var gone = look{}

// loaded is the recording, which no double changes.
var (
	onceLoaded sync.Once
	loaded     []scene
)

func newDouble(t testing.TB, user string) *double {
	t.Helper()
	d := &double{t: t, user: user, instances: 10, tokens: map[string]bool{}, asked: map[string]int{}}
	onceLoaded.Do(func() { loaded = loadScenes(t) })
	for _, s := range loaded {
		if s.User == user {
			d.scenes = append(d.scenes, s)
		} else {
			d.others = append(d.others, s)
		}
	}
	d.Server = httptest.NewServer(d)
	t.Cleanup(func() {
		d.Close()
		for _, f := range d.failed {
			t.Errorf("the recording has no answer to %s", f)
		}
	})
	return d
}

// cloudsFile is a clouds.yaml with its user.
func (d *double) cloudsFile(password string) string {
	d.t.Helper()
	project := map[string]string{"rubber": "workers", "admin": "admin"}[d.user]
	file := filepath.Join(d.t.TempDir(), "clouds.yaml")
	text := fmt.Sprintf("clouds:\n  test:\n    auth: {auth_url: %q, username: %s, password: %s, project_name: %s, user_domain_id: default, project_domain_id: default}\n    region_name: RegionOne\n",
		d.URL+"/identity/v3", d.user, password, project)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		d.t.Fatal(err)
	}
	return file
}

// password is the right one, by the recording.
func (d *double) password() string { return d.user + "-secret" }

// connect is a driver of it.
func (d *double) connect(o Options) *Cloud {
	d.t.Helper()
	if d.user == "rubber" && o.File == "" {
		o.File = d.cloudsFile("user-secret")
	} else if o.File == "" {
		o.File = d.cloudsFile(d.password())
	}
	o.Cloud = "test"
	c, err := New(o)
	if err != nil {
		d.t.Fatal(err)
	}
	c.pause = time.Millisecond
	d.t.Cleanup(func() { c.Close() })
	return c
}

// recorded is the first exchange of the user's that fits.
func (d *double) recorded(fits func(x *exchange) bool) *exchange { return first(d.scenes, fits) }

// anybodys is the first that fits, of what all users are told in the same way.
func (d *double) anybodys(fits func(x *exchange) bool) *exchange {
	if x := first(d.scenes, fits); x != nil {
		return x
	}
	return first(d.others, fits)
}

func first(scenes []scene, fits func(x *exchange) bool) *exchange {
	for _, s := range scenes {
		for i := range s.Exchanges {
			if fits(&s.Exchanges[i]) {
				return &s.Exchanges[i]
			}
		}
	}
	return nil
}

// play answers as recorded, with some texts replaced: pairs of old and new.
func (d *double) play(w http.ResponseWriter, what string, x *exchange, pairs ...string) {
	if x == nil {
		d.failed = append(d.failed, what)
		http.Error(w, "the recording has no answer to that", http.StatusTeapot)
		return
	}
	d.write(w, x, x.Answer, pairs...)
}

func (d *double) write(w http.ResponseWriter, x *exchange, answer any, pairs ...string) {
	for name, value := range x.Header {
		if value == "TOKEN" {
			value = uuid.NewString()
			d.tokens[value] = true
		}
		w.Header().Set(name, value)
	}
	var text []byte
	switch answer := answer.(type) {
	case nil:
	case string:
		text = []byte(answer)
	default:
		text, _ = json.Marshal(answer)
	}
	for _, service := range []string{"identity", "compute", "image", "network"} {
		pairs = append(pairs, "http://"+service, d.URL+"/"+service)
	}
	w.WriteHeader(x.Status)
	_, _ = strings.NewReplacer(pairs...).WriteString(w, string(text))
}

func (d *double) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.asked[r.Method+" "+r.URL.Path]++
	if d.before != nil && d.before(w, r) {
		return
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	service, path, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	url := "http://" + service + "/" + path
	full := url
	if r.URL.RawQuery != "" {
		full += "?" + r.URL.RawQuery
	}
	what := r.Method + " " + full
	same := func(x *exchange) bool { return x.Method == r.Method && x.URL == full }
	parts := strings.Split(path, "/")
	switch {
	case service == "identity" && r.Method == http.MethodPost:
		var now any
		_ = json.Unmarshal(body, &now)
		x := d.recorded(func(x *exchange) bool { return same(x) && alike(x.Body, now) })
		if x == nil { // any other password
			x = d.recorded(func(x *exchange) bool { return same(x) && x.Status == http.StatusUnauthorized })
		}
		d.play(w, what, x)
	case service == "compute" && len(parts) > 1 && parts[1] != "" && !d.tokens[r.Header.Get("X-Auth-Token")]:
		d.play(w, what, d.recorded(func(x *exchange) bool {
			return x.Status == http.StatusUnauthorized && strings.HasPrefix(x.URL, "http://compute")
		}))
	case service == "compute" && len(parts) > 1 && parts[1] == "servers":
		d.servers(w, r, parts[2:], body)
	default:
		x := d.recorded(same)
		if x == nil && service != "compute" { // a name that nobody has asked for
			x = d.recorded(func(x *exchange) bool {
				return x.Method == r.Method && strings.HasPrefix(x.URL, url+"?") && strings.Contains(x.URL, "nonesuch")
			})
		}
		d.play(w, what, x)
	}
}

// alike says whether two values are the same JSON.
func alike(a, b any) bool {
	x, _ := json.Marshal(a)
	y, _ := json.Marshal(b)
	return bytes.Equal(x, y)
}

func (d *double) servers(w http.ResponseWriter, r *http.Request, path []string, body []byte) {
	what := r.Method + " " + r.URL.Path + " " + string(body)
	at := func(id string) *guest {
		if i := slices.IndexFunc(d.list, func(g *guest) bool { return g.id == id }); i >= 0 {
			return d.list[i]
		}
		return nil
	}
	switch {
	case len(path) == 0 && r.Method == http.MethodPost:
		d.create(w, body)
		return
	case len(path) == 1 && path[0] == "detail":
		d.details(w, r.URL.Query().Get("marker"))
		return
	}
	g := at(path[0])
	if g == nil || g.steps[0] == gone {
		d.play(w, what, d.recorded(func(x *exchange) bool {
			return x.Status == http.StatusNotFound && strings.Contains(x.URL, "/servers/") && x.Method == http.MethodGet
		}),
			d.notFound(), path[0])
		return
	}
	switch {
	case r.Method == http.MethodGet:
		d.move(g)
		if g.steps[0] == gone {
			d.servers(w, r, path, body)
			return
		}
		x, answer := d.render(g, false)
		if x != nil {
			d.write(w, x, map[string]any{"server": answer})
		}
	case r.Method == http.MethodDelete && g.locked:
		d.play(w, what, d.recorded(func(x *exchange) bool { return x.Method == http.MethodDelete && x.Status == http.StatusConflict }), d.conflicted("locked"), g.id)
	case r.Method == http.MethodDelete:
		g.steps = []look{{g.steps[0].status, "deleting"}, gone}
		d.play(w, what, d.recorded(func(x *exchange) bool { return x.Method == http.MethodDelete && x.Status == http.StatusNoContent }))
	case path[1] == "metadata":
		var asked struct{ Metadata map[string]any }
		_ = json.Unmarshal(body, &asked)
		maps.Copy(g.metadata, asked.Metadata)
		if x := d.recorded(func(x *exchange) bool { return strings.HasSuffix(x.URL, "/metadata") }); x != nil {
			d.write(w, x, map[string]any{"metadata": g.metadata})
		} else {
			d.play(w, what, nil)
		}
	default:
		d.act(w, g, body)
	}
}

// notFound is the id in the recorded answer about a server that is gone.
func (d *double) notFound() string {
	x := d.recorded(func(x *exchange) bool {
		return x.Status == http.StatusNotFound && strings.Contains(x.URL, "/servers/") && x.Method == http.MethodGet
	})
	if x == nil {
		return "-"
	}
	return x.URL[strings.LastIndex(x.URL, "/")+1:]
}

// conflicted is the id in the recorded answer to what cannot be done now.
func (d *double) conflicted(state string) string {
	x := d.recorded(func(x *exchange) bool {
		return x.Status == http.StatusConflict && strings.Contains(fmt.Sprint(x.Answer), state)
	})
	if x == nil {
		return "-"
	}
	return uuids.FindString(x.URL)
}

// acts are what can be done to a server, from which status, and what follows.
var acts = map[string]struct {
	from  []string
	steps []look
}{
	"os-stop":     {[]string{"ACTIVE"}, []look{{"ACTIVE", "powering-off"}, {"SHUTOFF", ""}}},
	"os-start":    {[]string{"SHUTOFF"}, []look{{"SHUTOFF", "powering-on"}, {"ACTIVE", ""}}},
	"shelve":      {[]string{"ACTIVE", "SHUTOFF"}, []look{{"SHELVED_OFFLOADED", ""}}},
	"unshelve":    {[]string{"SHELVED_OFFLOADED"}, []look{{"SHELVED_OFFLOADED", "spawning"}, {"ACTIVE", ""}}},
	"resume":      {[]string{"SUSPENDED"}, []look{{"ACTIVE", ""}}},
	"forceDelete": {[]string{"SOFT_DELETED"}, []look{gone}},
}

func (d *double) act(w http.ResponseWriter, g *guest, body []byte) {
	var asked map[string]any
	_ = json.Unmarshal(body, &asked)
	for action := range asked {
		a, known := acts[action]
		ok := known && slices.Contains(a.from, g.steps[0].status) && g.steps[0].task == ""
		if ok {
			g.steps = slices.Clone(a.steps)
			d.play(w, action, d.recorded(func(x *exchange) bool { return strings.HasSuffix(x.URL, "/action") && x.Status == http.StatusAccepted }))
			return
		}
		d.play(w, action+" of a server that is "+g.steps[0].status, d.recorded(func(x *exchange) bool {
			body, _ := x.Body.(map[string]any)
			_, same := body[action]
			return same && x.Status == http.StatusConflict
		}), d.conflicted("vm_state"), g.id)
	}
}

// move is what a look does to a server.
func (d *double) move(g *guest) {
	if len(g.steps) > 1 && !d.waits {
		g.steps = g.steps[1:]
	}
}

// maxLimit is how many servers are on a page, as where the recording is from.
const maxLimit = 3

func (d *double) details(w http.ResponseWriter, marker string) {
	for _, g := range d.list {
		if marker == "" {
			d.move(g)
		}
	}
	d.list = slices.DeleteFunc(d.list, func(g *guest) bool { return g.steps[0] == gone })
	from := slices.IndexFunc(d.list, func(g *guest) bool { return g.id == marker }) + 1
	if marker != "" && from == 0 { // it is gone
		x := d.anybodys(func(x *exchange) bool {
			return x.Status == http.StatusBadRequest && strings.Contains(x.URL, "?marker=")
		})
		old := "-"
		if x != nil {
			old = uuids.FindString(x.URL)
		}
		d.play(w, "a page after a server that is gone", x, old, marker)
		return
	}
	page := []any{}
	for _, g := range d.list[from:min(len(d.list), from+maxLimit)] {
		x, answer := d.render(g, true)
		if x == nil {
			return
		}
		page = append(page, answer)
	}
	full := len(page) == maxLimit
	x := d.anybodys(func(x *exchange) bool {
		answer, _ := x.Answer.(map[string]any)
		return strings.HasPrefix(x.URL, "http://compute/v2.1/servers/detail") && x.Status == http.StatusOK && (answer["servers_links"] != nil) == full
	})
	if x == nil {
		d.play(w, "a list of servers", nil)
		return
	}
	answer := map[string]any{"servers": page}
	if full {
		links := x.Answer.(map[string]any)["servers_links"]
		old := uuids.FindString(fmt.Sprint(links))
		answer["servers_links"] = links
		d.write(w, x, answer, old, page[len(page)-1].(map[string]any)["id"].(string))
		return
	}
	d.write(w, x, answer)
}
