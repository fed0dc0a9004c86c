package openstack

import (
	"context"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/gophercloud/gophercloud/v2"

	"perfmon/scaling/rubber/cloud"
)

// thing is what has a name that people use and an id that Nova uses.
type thing struct {
	ID      string `json:"id"`
	Name    string `json:"name"`
	Status  string `json:"status"`     // of images
	Project string `json:"project_id"` // of security groups
	RAM     int64  `json:"ram"`        // MiB, of flavors
	CPUs    int    `json:"vcpus"`

	until time.Time
}

type name struct{ kind, name string }

// names remembers for a while what a name meant.
type names struct {
	believed time.Duration
	now      func() time.Time

	mu    sync.Mutex // guards known
	known map[name]thing
}

func (n *names) get(of name) (thing, bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	t, ok := n.known[of]
	return t, ok && n.now().Before(t.until)
}

func (n *names) put(of name, t thing) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for old, known := range n.known { // those that nobody asks for any more
		if !n.now().Before(known.until) {
			delete(n.known, old)
		}
	}
	t.until = n.now().Add(n.believed)
	n.known[of] = t
}

// clear has all names looked up anew.
func (n *names) clear() {
	n.mu.Lock()
	defer n.mu.Unlock()
	clear(n.known)
}

// parts are the ids of what a machine is made of.
type parts struct {
	image, flavor    thing
	networks, groups []thing
	key              string
}

// noNetwork is what Spec.Networks says for a machine without any.
const noNetwork = "none"

// parts resolves names.
func (c *Cloud) parts(ctx context.Context, s *session, op string, spec cloud.Spec) (parts, error) {
	var p parts
	var err error
	if p.image, err = c.resolve(ctx, s, op, "image", spec.Image); err != nil {
		return p, err
	}
	if p.flavor, err = c.resolve(ctx, s, op, "flavor", spec.Flavor); err != nil {
		return p, err
	}
	if spec.Memory > p.flavor.RAM<<20 || spec.CPUs > p.flavor.CPUs {
		return p, &cloud.Error{Kind: cloud.Invalid, Op: op, Name: spec.Flavor, Hint: "take a larger flavor, or ask for less",
			Err: fmt.Errorf("the flavor has %d MiB and %d CPUs; %d MiB and %d CPUs are asked for", p.flavor.RAM, p.flavor.CPUs, spec.Memory>>20, spec.CPUs)}
	}
	for _, network := range spec.Networks {
		if network == noNetwork {
			continue
		}
		t, err := c.resolve(ctx, s, op, "network", network)
		if err != nil {
			return p, err
		}
		p.networks = append(p.networks, t)
	}
	for _, group := range spec.SecurityGroups {
		t, err := c.resolve(ctx, s, op, "security group", group)
		if err != nil {
			return p, err
		}
		p.groups = append(p.groups, t)
	}
	if spec.Key != "" {
		t, err := c.resolve(ctx, s, op, "key", spec.Key)
		if err != nil {
			return p, err
		}
		p.key = t.Name
	}
	return p, nil
}

// resolve is what one name means now, or meant a little while ago.
func (c *Cloud) resolve(ctx context.Context, s *session, op, kind, wanted string) (thing, error) {
	if wanted == "" {
		return thing{}, &cloud.Error{Kind: cloud.Invalid, Op: op, Err: fmt.Errorf("no %s is named", kind), Hint: "set it in the profile, by name or id"}
	}
	if t, ok := c.names.get(name{kind, wanted}); ok {
		return t, nil
	}
	found, err := c.lookup(ctx, s, kind, wanted)
	if err != nil {
		// Of a list this means that the service is not where it was.
		failed := c.lost(s, op, wanted, fmt.Errorf("look for the %s: %w", kind, err)).(*cloud.Error)
		if failed.Kind == cloud.NotFound || failed.Kind == cloud.Invalid {
			failed.Kind = cloud.Transient
		}
		return thing{}, failed
	}
	t, err := one(found, kind, wanted, s.project)
	if err != nil {
		return thing{}, &cloud.Error{Kind: cloud.Invalid, Op: op, Name: wanted, Err: err, Hint: hints[kind]}
	}
	c.names.put(name{kind, wanted}, t)
	return t, nil
}

var hints = map[string]string{
	"image":          "openstack image list has them",
	"flavor":         "openstack flavor list has them",
	"network":        "openstack network list has them",
	"security group": "openstack security group list has them",
	"key":            "openstack keypair list has those of this user",
}

// lookup is everything that goes by a name or an id.
func (c *Cloud) lookup(ctx context.Context, s *session, kind, wanted string) ([]thing, error) {
	switch kind {
	case "image":
		return either(ctx, s.image, "images", "images", wanted)
	case "network":
		return either(ctx, s.network, "networks", "networks", wanted)
	case "security group":
		return either(ctx, s.network, "security-groups", "security_groups", wanted)
	case "flavor":
		// Those of other projects as well, for administrators.
		return all[thing](ctx, s.compute, "flavors/detail", url.Values{"is_public": {"None"}}, "flavors")
	}
	pairs, err := all[struct {
		Keypair thing `json:"keypair"`
	}](ctx, s.compute, "os-keypairs", nil, "keypairs")
	var list []thing
	for _, p := range pairs {
		p.Keypair.ID = p.Keypair.Name
		list = append(list, p.Keypair)
	}
	return list, err
}

// either is what has a name, or an id if it looks like one. Glance's filter of
// ids is "in:"; Neutron takes the plain id.
func either(ctx context.Context, client *gophercloud.ServiceClient, path, key, wanted string) ([]thing, error) {
	list, err := all[thing](ctx, client, path, url.Values{"name": {wanted}}, key)
	if err != nil {
		return nil, err
	}
	if uuid.Validate(wanted) == nil {
		id := wanted
		if key == "images" {
			id = "in:" + wanted
		}
		same, err := all[thing](ctx, client, path, url.Values{"id": {id}}, key)
		if err != nil {
			return nil, err
		}
		list = append(list, same...)
	}
	return list, nil
}

// one is the only thing that goes by a name, and can be used.
func one(found []thing, kind, wanted, project string) (thing, error) {
	byID := map[string]thing{}
	asleep := ""
	for _, t := range found {
		if t.ID == wanted { // an id counts more than a name
			byID = map[string]thing{}
		}
		if t.ID == "" || t.ID != wanted && t.Name != wanted {
			continue
		}
		if kind == "image" && t.Status != "active" {
			asleep = t.Status
			continue
		}
		byID[t.ID] = t
		if t.ID == wanted {
			break
		}
	}
	if kind == "security group" && len(byID) > 1 { // administrators see those of all projects
		for id, t := range byID {
			if t.Project != project {
				delete(byID, id)
			}
		}
	}
	switch {
	case len(byID) == 1:
		for _, t := range byID {
			return t, nil
		}
	case len(byID) > 1:
		ids := slices.Sorted(maps.Keys(byID))
		return thing{}, fmt.Errorf("the name is that of %d %ss, with the ids %s: say which by its id", len(byID), kind, strings.Join(ids, ", "))
	case asleep != "":
		return thing{}, fmt.Errorf("the image is %s, not active", asleep)
	}
	return thing{}, fmt.Errorf("there is no %s of that name or id", kind)
}
