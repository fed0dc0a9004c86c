//go:build nova

package openstack

import (
	"testing"
	"time"

	"go.uber.org/goleak"

	"perfmon/scaling/rubber/cloud"
	"perfmon/scaling/rubber/cloud/cloudtest"
)

// novaSuite holds the driver to what every cloud is held to, with a real Nova,
// as an administrator, who may choose hosts. The scenes are played by a user.
func novaSuite(t *testing.T, s *stage) {
	file := s.cloudsFile(t)
	// The stand-in for Neutron has connections of Nova's.
	served := []goleak.Option{goleak.IgnoreAnyFunction("net/http.(*conn).serve")}
	cloudtest.Run(t, cloudtest.Suite{Within: 10 * time.Minute, Ignore: served, Start: func(t *testing.T) cloudtest.Setup {
		s.clear(t.Context())
		return cloudtest.Setup{
			Connect: func() (cloud.Cloud, error) {
				return New(Options{Cloud: "admin", File: file, Settle: time.Second, Placement: ByHost})
			},
			Spec: func(intent, owner, name string) cloud.Spec {
				v := worker(intent)
				v.Owner, v.Name, v.Key = owner, name, "" // the key is the user's
				return v
			},
			Poll:  func() { time.Sleep(300 * time.Millisecond) }, // between two looks
			Hosts: []string{"compute-a", "compute-b"},
			Refusals: []cloudtest.Refusal{
				{Name: "quota", Kind: cloud.Quota, Arrange: func() func() {
					s.quota("admin", 0)
					return func() { s.quota("admin", 10) }
				}},
				{Name: "no room", Kind: cloud.Capacity, Change: func(v *cloud.Spec) { v.Flavor = "huge" }},
				{Name: "no image", Kind: cloud.Invalid, Checked: true, Change: func(v *cloud.Spec) { v.Image = "nonesuch" }},
				{Name: "two networks", Kind: cloud.Invalid, Checked: true, Change: func(v *cloud.Spec) { v.Networks = []string{"same"} }},
			},
		}
	}})
}
