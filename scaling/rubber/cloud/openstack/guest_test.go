package openstack

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
)

// seen is every server in an answer.
func (x *exchange) seen() []map[string]any {
	var list []map[string]any
	answer, _ := x.Answer.(map[string]any)
	if s, ok := answer["server"].(map[string]any); ok && s["status"] != nil {
		list = append(list, s)
	}
	some, _ := answer["servers"].([]any)
	for _, s := range some {
		list = append(list, s.(map[string]any))
	}
	return list
}

func lookOf(s map[string]any) look {
	task, _ := s["OS-EXT-STS:task_state"].(string)
	status, _ := s["status"].(string)
	return look{status, task}
}

// render is what is said of a server, in a list or alone: what was recorded of one in the same
// state, with what is its own.
func (d *double) render(g *guest, listed bool) (*exchange, map[string]any) {
	now := g.steps[0]
	// One of the same flavor, and with networks or without, is the best likeness.
	alikeAs := func(want look, best bool) (x *exchange, found map[string]any) {
		x = d.recorded(func(x *exchange) bool {
			for _, s := range x.seen() {
				addresses, _ := s["addresses"].(map[string]any)
				flavor, _ := s["flavor"].(map[string]any)
				same := flavor["original_name"] == g.flavor && (want.status == "ERROR" || (len(addresses) > 0) == (len(g.networks) > 0))
				if lookOf(s) == want && strings.Contains(x.URL, "/servers/detail") == listed && (same || !best) {
					found = s
					return true
				}
			}
			return false
		})
		return x, found
	}
	like := func(want look) (*exchange, map[string]any) {
		if x, found := alikeAs(want, true); found != nil {
			return x, found
		}
		return alikeAs(want, false)
	}
	x, found := like(now)
	if found == nil && now.task != "" { // nobody looked at that instant; the state around it is known
		x, found = like(look{now.status, ""})
	}
	if found == nil && listed { // in the middle of a list nobody was in that state
		if x, found = d.render(g, false); found != nil {
			delete(found, "fault")
			return x, found
		}
		return nil, nil
	}
	if found == nil {
		d.failed = append(d.failed, fmt.Sprintf("a look at a server that is %v", now))
		return nil, nil
	}
	s := maps.Clone(found)
	old := s["id"].(string)
	text, _ := json.Marshal(s["links"])
	var links any
	_ = json.Unmarshal([]byte(strings.ReplaceAll(string(text), old, g.id)), &links)
	s["id"], s["name"], s["links"], s["metadata"], s["tags"], s["locked"] = g.id, g.name, links, g.metadata, g.tags, g.locked
	s["OS-EXT-STS:task_state"] = nil
	if now.task != "" {
		s["OS-EXT-STS:task_state"] = now.task
	}
	s["key_name"] = nil
	if g.key != "" {
		s["key_name"] = g.key
	}
	s["flavor"] = d.embedded(g.flavor)
	if s["security_groups"] != nil {
		groups := []any{}
		for range g.networks { // Nova tells the groups of each port
			groups = append(groups, g.groups...)
		}
		s["security_groups"] = groups
	}
	if addresses, ok := s["addresses"].(map[string]any); ok && len(addresses) > 0 {
		s["addresses"] = d.addresses(g.networks)
	}
	if g.host == "" { // not yet, or not any more
		s["hostId"], s["OS-EXT-AZ:availability_zone"] = "", ""
	} else if s["hostId"] != "" {
		s["hostId"] = hostID(d.project(), g.host)
	}
	for _, key := range []string{"created", "updated"} {
		s[key] = g.created.UTC().Format(time.RFC3339)
	}
	for _, key := range []string{"OS-EXT-SRV-ATTR:host", "OS-EXT-SRV-ATTR:hypervisor_hostname"} {
		if s[key] != nil {
			s[key] = g.host
		}
	}
	if _, ok := s["OS-EXT-SRV-ATTR:hostname"]; ok {
		s["OS-EXT-SRV-ATTR:hostname"] = g.name
	}
	return x, s
}

// embedded is what a server says of its flavor.
func (d *double) embedded(flavor string) any {
	var found any
	d.recorded(func(x *exchange) bool {
		for _, s := range x.seen() {
			if f, ok := s["flavor"].(map[string]any); ok && f["original_name"] == flavor {
				found = f
				return true
			}
		}
		return false
	})
	return found
}

// addresses are those of networks, as they were recorded.
func (d *double) addresses(networks []string) any {
	list := map[string]any{}
	for _, network := range networks {
		d.recorded(func(x *exchange) bool {
			for _, s := range x.seen() {
				if a, ok := s["addresses"].(map[string]any); ok && a[network] != nil {
					list[network] = a[network]
					return true
				}
			}
			return false
		})
	}
	return list
}

// project is the id of the user's.
func (d *double) project() string {
	x := d.recorded(func(x *exchange) bool {
		return x.Status == http.StatusCreated && strings.HasPrefix(x.URL, "http://identity")
	})
	if x == nil {
		return ""
	}
	return x.Answer.(map[string]any)["token"].(map[string]any)["project"].(map[string]any)["id"].(string)
}

// called is the name of what has an id in one of the recorded lists, "" if
// nothing has.
func (d *double) called(key, id string) (name string) {
	d.recorded(func(x *exchange) bool {
		answer, _ := x.Answer.(map[string]any)
		list, _ := answer[key].([]any)
		for _, item := range list {
			if item := item.(map[string]any); item["id"] == id {
				name, _ = item["name"].(string)
				return true
			}
		}
		return false
	})
	return name
}

// refused is the recorded answer to a create whose wrong part the message
// names, with the id that is asked for now.
func (d *double) refused(w http.ResponseWriter, word, id string) {
	x := d.recorded(func(x *exchange) bool {
		return x.Method == http.MethodPost && x.URL == "http://compute/v2.1/servers" && x.Status >= 400 && strings.Contains(strings.ReplaceAll(strings.ToLower(fmt.Sprint(x.Answer)), "_", " "), word)
	})
	old := "-"
	if x != nil {
		if found := uuids.FindString(fmt.Sprint(x.Answer)); found != "" {
			old = found
		}
	}
	d.play(w, "a create with the "+word+" "+id, x, old, id)
}

// create is POST /servers.
func (d *double) create(w http.ResponseWriter, body []byte) {
	var asked struct {
		Server struct {
			Name, ImageRef, FlavorRef string
			Key                       string `json:"key_name"`
			Host                      string `json:"hypervisor_hostname"`
			Networks                  any
			Groups                    []struct{ Name string } `json:"security_groups"`
			Metadata                  map[string]any
			Tags                      []any
		}
		Hints struct{ Query string } `json:"os:scheduler_hints"`
	}
	if err := json.Unmarshal(body, &asked); err != nil {
		d.failed = append(d.failed, "a body that is no JSON: "+err.Error())
		return
	}
	v := asked.Server
	g := &guest{id: uuid.NewString(), created: time.Now(), name: v.Name, key: v.Key, metadata: v.Metadata, tags: v.Tags, flavor: d.called("flavors", v.FlavorRef)}
	if g.metadata == nil {
		g.metadata = map[string]any{}
	}
	if networks, ok := v.Networks.([]any); ok {
		for _, n := range networks {
			id, _ := n.(map[string]any)["uuid"].(string)
			called := d.called("networks", id)
			if called == "" {
				d.refused(w, "network", id)
				return
			}
			g.networks = append(g.networks, called)
		}
	}
	for _, group := range v.Groups {
		called := d.called("security_groups", group.Name)
		if called == "" {
			d.refused(w, "security group", group.Name)
			return
		}
		g.groups = append(g.groups, map[string]any{"name": called})
	}
	switch {
	case d.called("images", v.ImageRef) == "":
		d.refused(w, "image", v.ImageRef)
		return
	case g.flavor == "":
		d.refused(w, "flavor", v.FlavorRef)
		return
	case v.Key != "" && v.Key != "operator":
		d.refused(w, "key name", v.Key)
		return
	case len(d.list) >= d.instances:
		d.refused(w, "quota exceeded", "")
		return
	}
	g.steps = []look{{"BUILD", "scheduling"}, {"BUILD", "spawning"}, {"ACTIVE", ""}}
	hosts := []string{"compute-a", "compute-b"}
	if asked.Hints.Query != "" {
		hosts = slices.DeleteFunc(hosts, func(h string) bool { return strings.Contains(asked.Hints.Query, `"`+h+`"`) })
	}
	if g.flavor == "huge" || len(hosts) == 0 {
		g.steps = []look{{"BUILD", "scheduling"}, {"ERROR", ""}}
	} else {
		d.next++
		if g.host = hosts[d.next%len(hosts)]; v.Host != "" {
			g.host = v.Host
		}
	}
	d.list = slices.Insert(d.list, 0, g)
	x := d.recorded(func(x *exchange) bool {
		return x.Method == http.MethodPost && x.URL == "http://compute/v2.1/servers" && x.Status == http.StatusAccepted
	})
	if x == nil {
		d.play(w, "a create", nil)
		return
	}
	d.play(w, "a create", x, x.Answer.(map[string]any)["server"].(map[string]any)["id"].(string), g.id)
}
