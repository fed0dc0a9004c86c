package openstack

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// recorded is where the answers of a real Nova are, a file a scene.
const recorded = "testdata/nova"

// scene is what was asked and answered in one go, as one user.
type scene struct {
	Name      string
	User      string     // "rubber", or "admin", who sees more
	Instances *int       `json:",omitempty"` // the project's limit of servers; nil: the default, 10
	Exchanges []exchange // in order
}

// exchange is one request and its answer. Addresses are those of no machine:
// http://identity, http://compute, http://image and http://network.
type exchange struct {
	Method, URL string
	Version     string `json:",omitempty"` // OpenStack-API-Version
	Body        any    `json:",omitempty"`
	Status      int
	Header      map[string]string `json:",omitempty"`
	Answer      any               `json:",omitempty"` // JSON, or a text
}

// answerHeaders are those that somebody looks at.
var answerHeaders = []string{"Content-Type", "Openstack-Api-Version", "Retry-After", "X-Subject-Token"}

func loadScenes(t testing.TB) []scene {
	t.Helper()
	files, err := filepath.Glob(recorded + "/*.json")
	if err != nil || len(files) == 0 {
		t.Fatalf("no recording in %s: %v; make nova RECORD=yes makes one", recorded, err)
	}
	var scenes []scene
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var s scene
		if err := json.Unmarshal(text, &s); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		scenes = append(scenes, s)
	}
	return scenes
}

// normal makes texts of a cloud such that they are the same each time: ids are
// numbered in the order of their appearance, dates are one date, and tokens,
// passwords and addresses are gone.
type normal struct {
	replace *strings.Replacer // of addresses
	ids     map[string]string
	first   int      // number
	project string   // whose hostIds are known
	hosts   []string // that have them
}

func newNormal(addresses ...string) *normal {
	return &normal{replace: strings.NewReplacer(addresses...), ids: map[string]string{}, hosts: []string{"compute-a", "compute-b"}}
}

var (
	uuids     = regexp.MustCompile(`\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b`)
	hexIDs    = regexp.MustCompile(`\b[0-9a-f]{32}\b`)
	hostIDs   = regexp.MustCompile(`\b[0-9a-f]{56}\b`)
	dates     = regexp.MustCompile(`\b20\d\d-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?`)
	leases    = regexp.MustCompile(`\b10\.0\.(\d+)\.\d+\b`)
	cards     = regexp.MustCompile(`fa:16:3e:[0-9a-f:]{8}`)
	labels    = regexp.MustCompile(`\b(r-[0-9a-z]{8}|instance-[0-9a-f]{8})\b`)
	audits    = regexp.MustCompile(`"audit_ids": ?\[[^\]]*\]`)
	passwords = regexp.MustCompile(`"adminPass": ?"[^"]*"`)
)

func hostID(project, host string) string {
	sum := sha256.Sum224([]byte(project + host))
	return hex.EncodeToString(sum[:])
}

func (n *normal) text(s string) string {
	s = n.replace.Replace(s)
	s = hostIDs.ReplaceAllStringFunc(s, func(id string) string {
		for _, host := range n.hosts {
			if hostID(n.project, host) == id {
				return hostID(n.id(n.project, hexForm), host)
			}
		}
		return strings.Repeat("0", 56)
	})
	s = uuids.ReplaceAllStringFunc(s, func(id string) string { return n.id(id, "00000000-0000-4000-8000-%012d") })
	s = hexIDs.ReplaceAllStringFunc(s, func(id string) string { return n.id(id, hexForm) })
	s = dates.ReplaceAllString(s, "2026-01-01T00:00:00$1")
	s = regexp.MustCompile(`(2026-01-01T00:00:00)\.\d+`).ReplaceAllString(s, "$1.000000")
	s = leases.ReplaceAllString(s, "10.0.$1.7")
	s = cards.ReplaceAllString(s, "fa:16:3e:00:00:07")
	s = labels.ReplaceAllStringFunc(s, func(l string) string { return l[:strings.Index(l, "-")+1] + "00000000" })
	s = audits.ReplaceAllString(s, `"audit_ids": ["AUDIT"]`)
	return passwords.ReplaceAllString(s, `"adminPass": "PASSWORD"`)
}

const hexForm = "%032x"

// id is the number of an id in a form; numbered ones stay.
func (n *normal) id(id, form string) string {
	if strings.HasPrefix(id, "00000000") {
		return id
	}
	if n.ids[id] == "" {
		n.ids[id] = fmt.Sprintf(form, n.first+len(n.ids)+1)
	}
	return n.ids[id]
}

// keep has what was recorded before keep its ids, so that scenes recorded at
// different times, and of different clouds, are of one: an answer is laid beside
// the recorded one to the same request.
func (n *normal) keep(before []scene, user, method, url string, status int, answer []byte) {
	var now any
	if strings.Contains(url, "/servers") || json.Unmarshal(answer, &now) != nil {
		return
	}
	for _, s := range before {
		for _, x := range s.Exchanges {
			if s.User == user && x.Method == method && x.URL == n.text(url) && x.Status == status {
				n.align(tidy(x.Answer), tidy(now))
				return
			}
		}
	}
}

func (n *normal) align(before, now any) {
	switch now := now.(type) {
	case map[string]any:
		old, _ := before.(map[string]any)
		for key := range now {
			n.align(old[key], now[key])
		}
	case []any:
		old, _ := before.([]any)
		if len(old) != len(now) {
			return
		}
		for i := range now {
			n.align(old[i], now[i])
		}
	case string:
		old, _ := before.(string)
		if strings.HasPrefix(old, "00000000") && n.ids[now] == "" && (uuids.FindString(now) == now || hexIDs.FindString(now) == now) {
			n.ids[now] = old
		}
	}
}

// kindOf is what a service, an endpoint, a role or a flavor is for.
func kindOf(v any) string {
	m, _ := v.(map[string]any)
	return fmt.Sprint(m["type"], m["interface"], m["name"])
}

// exchange is one in normal form.
func (n *normal) exchange(req *http.Request, body []byte, status int, header http.Header, answer []byte) exchange {
	x := exchange{Method: req.Method, URL: n.text(req.URL.String()), Version: req.Header.Get("OpenStack-API-Version"), Status: status, Header: map[string]string{}}
	x.Body, x.Answer = n.value(body), n.value(answer)
	for _, name := range answerHeaders {
		if value := header.Get(name); value != "" {
			x.Header[name] = value
		}
	}
	if x.Header["X-Subject-Token"] != "" {
		x.Header["X-Subject-Token"] = "TOKEN"
	}
	return x
}

// value is JSON as it is decoded, or a text, or nil of nothing.
func (n *normal) value(raw []byte) any {
	if len(raw) == 0 {
		return nil
	}
	text := n.text(string(raw))
	var v any
	if json.Unmarshal([]byte(text), &v) != nil {
		return text
	}
	return tidy(v)
}

// tidy leaves out where in its source a service failed, and orders what
// has no order, or one of random ids: Keystone's catalogue and roles, and flavors.
func tidy(v any) any {
	switch v := v.(type) {
	case map[string]any:
		if fault, ok := v["fault"].(map[string]any); ok && fault["details"] != nil {
			fault["details"] = "…"
		}
		for key := range v {
			v[key] = tidy(v[key])
			if list, ok := v[key].([]any); ok && slices.Contains([]string{"catalog", "endpoints", "roles", "flavors"}, key) {
				slices.SortStableFunc(list, func(x, y any) int { return strings.Compare(kindOf(x), kindOf(y)) })
			}
		}
	case []any:
		for i := range v {
			v[i] = tidy(v[i])
		}
	}
	return v
}
