package openstack

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/gophercloud/gophercloud/v2"

	"perfmon/scaling/rubber/cloud"
)

// Find is every server of the project with this name that is not marked as
// anybody's. One that is being deleted is not among them.
func (c *Cloud) Find(ctx context.Context, called string) ([]cloud.Instance, error) {
	s, err := c.session(ctx, "find")
	if err != nil {
		return nil, err
	}
	all, err := c.servers(ctx, s, "find")
	if err != nil {
		return nil, err
	}
	list := []cloud.Instance{}
	for _, v := range all {
		if v.Name == called && v.Metadata[ownerKey] == "" && v.state() != cloud.Deleting {
			list = append(list, c.instance(s, v))
		}
	}
	return list, nil
}

// Mark writes the spec's marks into the metadata of a server that has none.
// Its tags, which are for people, stay as they are.
func (c *Cloud) Mark(ctx context.Context, id string, spec cloud.Spec) error {
	if err := spec.Check(); err != nil {
		return err
	}
	s, v, err := c.one(ctx, "mark", id)
	if err != nil {
		return err
	}
	refuse := func(format string, args ...any) error {
		return &cloud.Error{Kind: cloud.Invalid, Op: "mark", Name: id, Err: fmt.Errorf(format, args...), Hint: "machines that are somebody's stay so"}
	}
	switch owner, intent := v.Metadata[ownerKey], v.Metadata[intentKey]; {
	case owner != "" && owner != spec.Owner:
		return refuse("the server is a machine of rubber %q", owner)
	case owner != "" && intent != spec.Intent:
		return refuse("the server is the machine of another intent, %q", intent)
	case v.state() == cloud.Deleting:
		return &cloud.Error{Kind: cloud.NotFound, Op: "mark", Name: id, Err: errors.New("the server is being deleted")}
	}
	marks := marksOf(spec)
	if isMarked(v, marks) {
		return nil
	}
	resp, err := s.compute.Post(ctx, s.compute.ServiceURL("servers", v.ID, "metadata"), map[string]any{"metadata": marks}, nil, &gophercloud.RequestOpts{OkCodes: []int{http.StatusOK}})
	_, _, err = gophercloud.ParseResponse(resp, err)
	return c.lostOrNil(s, "mark", id, err)
}

// marksOf is the metadata by which a server is found again.
func marksOf(spec cloud.Spec) map[string]string {
	return map[string]string{intentKey: spec.Intent, ownerKey: spec.Owner, profileKey: spec.Profile, generationKey: spec.Generation}
}

func isMarked(v server, marks map[string]string) bool {
	for key, value := range marks {
		if v.Metadata[key] != value {
			return false
		}
	}
	return true
}
