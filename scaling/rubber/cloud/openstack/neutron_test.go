//go:build nova

package openstack

import (
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/google/uuid"
)

// network stands in for Neutron, which Nova asks even about servers without a
// network: lists of things, kept in memory, that can be filtered, made,
// changed and deleted. It asks nobody for a token.
type network struct {
	mu     sync.Mutex
	things map[string][]map[string]any // "ports" and so on
	next   int                         // last part of the next address
}

// Names of one thing, by the names of many.
var oneOf = map[string]string{"networks": "network", "subnets": "subnet", "ports": "port", "security-groups": "security_group",
	"floatingips": "floatingip", "routers": "router", "extensions": "extension", "bindings": "binding", "qos-policies": "policy"}

func startNetwork(t *testing.T, address string) {
	t.Helper()
	l, err := net.Listen("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	n := &network{things: map[string][]map[string]any{}, next: 10}
	for i, name := range []string{"workers", "storage", "same", "same"} {
		id, subnet := uuid.NewString(), uuid.NewString()
		n.things["networks"] = append(n.things["networks"], map[string]any{"id": id, "name": name, "status": "ACTIVE", "admin_state_up": true, "shared": true,
			"router:external": false, "mtu": 1450, "subnets": []string{subnet}, "tenant_id": "", "project_id": "", "port_security_enabled": true})
		n.things["subnets"] = append(n.things["subnets"], map[string]any{"id": subnet, "network_id": id, "name": name, "ip_version": 4, "enable_dhcp": true,
			"cidr": fmt.Sprintf("10.0.%d.0/24", i), "gateway_ip": fmt.Sprintf("10.0.%d.1", i), "dns_nameservers": []string{}, "host_routes": []string{}, "allocation_pools": []string{}})
	}
	for _, name := range []string{"default", "workers"} {
		n.things["security-groups"] = append(n.things["security-groups"], map[string]any{"id": uuid.NewString(), "name": name, "description": "", "tenant_id": "", "project_id": "", "security_group_rules": []string{}})
	}
	for _, alias := range []string{"binding", "port-security", "security-group", "quotas", "external-net"} {
		n.things["extensions"] = append(n.things["extensions"], map[string]any{"alias": alias, "name": alias})
	}
	server := &http.Server{Handler: n}
	done := make(chan struct{})
	go func() { defer close(done); _ = server.Serve(l) }()
	t.Cleanup(func() { server.Close(); <-done })
}

func (n *network) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	n.mu.Lock()
	defer n.mu.Unlock()
	parts := strings.Split(strings.Trim(r.URL.Path, "/"), "/")
	if len(parts) < 2 {
		reply(w, 200, map[string]any{"versions": []any{map[string]any{"id": "v2.0", "status": "CURRENT", "links": []any{}}}})
		return
	}
	kind := strings.TrimSuffix(parts[1], ".json")
	one, known := oneOf[kind]
	switch {
	case kind == "quotas":
		reply(w, 200, map[string]any{"quota": map[string]any{"port": -1, "network": -1, "security_group": -1, "floatingip": -1}})
	case !known:
		reply(w, 404, neutronError("HTTPNotFound", "The resource could not be found."))
	case len(parts) == 2 && r.Method == http.MethodGet:
		reply(w, 200, map[string]any{strings.ReplaceAll(kind, "-", "_"): n.filter(kind, r)})
	case len(parts) == 2 && r.Method == http.MethodPost:
		var body map[string]map[string]any
		if json.NewDecoder(r.Body).Decode(&body) != nil || body[one] == nil {
			reply(w, 400, neutronError("HTTPBadRequest", "no "+one))
			return
		}
		reply(w, 201, map[string]any{one: n.add(kind, body[one])})
	default:
		n.single(w, r, kind, one, strings.TrimSuffix(parts[2], ".json"))
	}
}

func (n *network) single(w http.ResponseWriter, r *http.Request, kind, one, id string) {
	for i, thing := range n.things[kind] {
		if thing["id"] != id && thing["alias"] != id {
			continue
		}
		switch r.Method {
		case http.MethodDelete:
			n.things[kind] = append(n.things[kind][:i], n.things[kind][i+1:]...)
			w.WriteHeader(204)
			return
		case http.MethodPut:
			var body map[string]map[string]any
			_ = json.NewDecoder(r.Body).Decode(&body)
			for key, value := range body[one] {
				thing[key] = value
			}
		}
		reply(w, 200, map[string]any{one: thing})
		return
	}
	reply(w, 404, neutronError(strings.ToUpper(one[:1])+one[1:]+"NotFound", fmt.Sprintf("%s %s could not be found.", one, id)))
}

// filter is what has all the values of the query.
func (n *network) filter(kind string, r *http.Request) []any {
	found := []any{}
	for _, thing := range n.things[kind] {
		fits := true
		for key, values := range r.URL.Query() {
			if key == "fields" || key == "limit" || key == "shared" || key == "tenant_id" || key == "project_id" && kind != "ports" {
				continue
			}
			some := false
			for _, value := range values {
				some = some || fmt.Sprint(thing[key]) == value
			}
			fits = fits && some
		}
		if fits {
			found = append(found, thing)
		}
	}
	return found
}

// add makes a thing; a port gets an address and is bound.
func (n *network) add(kind string, thing map[string]any) map[string]any {
	thing["id"] = uuid.NewString()
	if kind == "ports" {
		n.next++
		thing["status"], thing["mac_address"] = "ACTIVE", fmt.Sprintf("fa:16:3e:00:%02x:%02x", n.next/250, n.next%250)
		thing["binding:vif_type"], thing["binding:vif_details"], thing["binding:profile"] = "ovs", map[string]any{}, map[string]any{}
		thing["binding:vnic_type"], thing["allowed_address_pairs"], thing["port_security_enabled"] = "normal", []any{}, true
		if thing["security_groups"] == nil {
			thing["security_groups"] = []any{n.things["security-groups"][0]["id"]}
		}
		for _, subnet := range n.things["subnets"] {
			if subnet["network_id"] == thing["network_id"] {
				prefix := strings.TrimSuffix(subnet["cidr"].(string), "0/24")
				thing["fixed_ips"] = []any{map[string]any{"subnet_id": subnet["id"], "ip_address": fmt.Sprint(prefix, n.next%250+2)}}
			}
		}
	}
	n.things[kind] = append(n.things[kind], thing)
	return thing
}

func reply(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body)
}

func neutronError(kind, message string) map[string]any {
	return map[string]any{"NeutronError": map[string]any{"type": kind, "message": message, "detail": ""}}
}
