package openstack

import (
	"context"
	"fmt"
	"net/http"
	"strings"

	"github.com/gophercloud/gophercloud/v2"

	"perfmon/scaling/rubber/cloud"
)

// Adopt marks the server of a name as the spec's, and returns it: one that was
// made before rubber marked its own. The name has to be that of one server, and
// no other owner's.
func (c *Cloud) Adopt(ctx context.Context, called string, spec cloud.Spec) (cloud.Instance, error) {
	none := cloud.Instance{}
	if err := c.fits(spec); err != nil {
		return none, err
	}
	s, err := c.session(ctx, "adopt")
	if err != nil {
		return none, err
	}
	list, err := c.servers(ctx, s, "adopt")
	if err != nil {
		return none, err
	}
	var found []server
	var ids []string
	for _, v := range list {
		if v.Name == called || v.ID == called {
			found, ids = append(found, v), append(ids, v.ID)
		}
	}
	switch {
	case len(found) == 0:
		return none, &cloud.Error{Kind: cloud.NotFound, Op: "adopt", Name: called, Err: fmt.Errorf("there is no server of that name")}
	case len(found) > 1:
		return none, &cloud.Error{Kind: cloud.Invalid, Op: "adopt", Name: called, Err: fmt.Errorf("the name is that of the servers %s", strings.Join(ids, ", ")), Hint: "adopt one by its id"}
	}
	v := found[0]
	if owner := v.Metadata[ownerKey]; owner != "" && owner != spec.Owner {
		return none, &cloud.Error{Kind: cloud.Invalid, Op: "adopt", Name: called, Err: fmt.Errorf("server %s is that of %q", v.ID, owner), Hint: "machines of other owners are never touched"}
	}
	marks := map[string]string{intentKey: spec.Intent, ownerKey: spec.Owner, profileKey: spec.Profile, generationKey: spec.Generation}
	resp, err := s.compute.Post(ctx, s.compute.ServiceURL("servers", v.ID, "metadata"), map[string]any{"metadata": marks}, nil, &gophercloud.RequestOpts{OkCodes: []int{http.StatusOK}})
	if _, _, err = gophercloud.ParseResponse(resp, err); err != nil {
		return none, c.lost(s, "adopt", v.ID, err)
	}
	_, v, err = c.look(ctx, "adopt", v.ID)
	if err != nil {
		return none, err
	}
	return c.instance(s, v), nil
}
