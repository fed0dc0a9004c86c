//go:build nova

package openstack

import (
	"testing"
	"time"

	"go.uber.org/goleak"

	"perfmon/scaling/rubber/cloud"
	"perfmon/scaling/rubber/cloud/cloudtest"
)

// unowned makes a server that has no marks, and waits until it runs.
func (n *realNova) unowned(token, name string) string {
	n.t.Helper()
	id := idOf(n.must(token, "POST", computeURL+"/servers", map[string]any{"server": map[string]any{"name": name, "networks": "none",
		"imageRef": n.find(token, imageURL+"/v2/images", "images", "worker"), "flavorRef": n.find(token, computeURL+"/flavors", "flavors", "small")}}), "server")
	n.until("the server "+name, func() bool {
		return n.must(token, "GET", computeURL+"/servers/"+id, nil)["server"].(map[string]any)["status"] == "ACTIVE"
	})
	return id
}

// novaSuite holds the driver to what every cloud is held to, with a real Nova:
// as an administrator, who may choose hosts and has them named, and as a user.
func novaSuite(t *testing.T, s *stage, user string, o Options, hosts []string) {
	o.Cloud, o.File, o.Settle = user, s.cloudsFile(t), time.Second
	password, project := adminPassword, "admin"
	if user == "rubber" {
		password, project = userPassword, "workers"
	}
	// The stand-in for Neutron has connections of Nova's.
	served := []goleak.Option{goleak.IgnoreAnyFunction("net/http.(*conn).serve")}
	cloudtest.Run(t, cloudtest.Suite{Within: 10 * time.Minute, Ignore: served, Start: func(t *testing.T) cloudtest.Setup {
		s.clear(t.Context())
		return cloudtest.Setup{
			Connect: func() (cloud.Cloud, error) { return New(o) },
			Spec: func(intent, owner, name string) cloud.Spec {
				v := worker(intent)
				v.Owner, v.Name, v.Key = owner, name, "" // the key is the user's
				return v
			},
			Poll:  func() { time.Sleep(300 * time.Millisecond) }, // between two looks
			Hosts: hosts,
			Unowned: func(name string) (string, error) {
				return s.unowned(s.token(user, password, project), name), nil
			},
			Refusals: []cloudtest.Refusal{
				{Name: "quota", Kind: cloud.Quota, Arrange: func() func() {
					s.quota(user, 0)
					return func() { s.quota(user, 10) }
				}},
				{Name: "no room", Kind: cloud.Capacity, Change: func(v *cloud.Spec) { v.Flavor = "huge" }},
				{Name: "no image", Kind: cloud.Invalid, Checked: true, Change: func(v *cloud.Spec) { v.Image = "nonesuch" }},
				{Name: "two networks", Kind: cloud.Invalid, Checked: true, Change: func(v *cloud.Spec) { v.Networks = []string{"same"} }},
			},
		}
	}})
}
