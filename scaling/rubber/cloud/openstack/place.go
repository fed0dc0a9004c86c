package openstack

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/gophercloud/gophercloud/v2/openstack/compute/v2/servers"

	"perfmon/scaling/rubber/cloud"
)

// place is where a server is to be: on one host, or where the scheduler's
// hints allow it. Empty, it is for Nova to choose.
type place struct {
	host  string
	hints servers.SchedulerHintOptsBuilder
}

// hypervisor is one of os-hypervisors/detail:
//
//	{"id": "<uuid>", "hypervisor_hostname": "compute-a", "state": "up", "status": "enabled",
//	 "free_ram_mb": 7680, "service": {"host": "compute-a", …}, …}
type hypervisor struct {
	ID       string `json:"id"`
	Hostname string `json:"hypervisor_hostname"`
	State    string `json:"state"`
	Status   string `json:"status"`
	FreeRAM  int64  `json:"free_ram_mb"`
	Service  struct {
		Host string `json:"host"`
	} `json:"service"`
}

func (h hypervisor) names() []string { return []string{h.ID, h.Hostname, h.Service.Host} }

func (c *Cloud) place(ctx context.Context, s *session, spec cloud.Spec, p parts, others []server) (place, error) {
	switch {
	case len(spec.Avoid) == 0 && (len(spec.Prefer) == 0 || c.o.Placement != ByHost):
		return place{}, nil
	case c.o.Placement == ByHint:
		return place{hints: avoiding(spec.Avoid)}, nil
	case c.o.Placement != ByHost:
		return place{}, nil
	}
	hosts, err := all[hypervisor](ctx, s.compute, "os-hypervisors/detail", nil, "hypervisors")
	if err != nil {
		return place{}, c.lost(s, "create", spec.Name, fmt.Errorf("look for hosts: %w", err))
	}
	host, ok := choose(hosts, spec, p.flavor.RAM, others)
	if !ok {
		return place{}, &cloud.Error{Kind: cloud.Capacity, Op: "create", Name: spec.Name,
			Err: fmt.Errorf("none of %d hosts is up, enabled and not to be avoided", len(hosts)), Hint: "wait until an alarm ends, or add hosts"}
	}
	return place{host: host}, nil
}

// choose is the host for a server, "" if Nova may choose: of those that are not
// to be avoided the first that is preferred and has room, else the one with
// room and the fewest servers of the project. It is false if no host is left.
func choose(hosts []hypervisor, spec cloud.Spec, ram int64, others []server) (string, bool) {
	hosts = slices.DeleteFunc(slices.Clone(hosts), func(h hypervisor) bool {
		return h.State != "up" || h.Status != "enabled" || cloud.Listed(spec.Avoid, h.names()...)
	})
	if len(hosts) == 0 {
		return "", false
	}
	busy := map[string]int{}
	for _, v := range others {
		busy[v.Hypervisor]++
	}
	rank := func(h hypervisor) int { return cloud.Rank(spec.Prefer, h.names()...) }
	full := func(h hypervisor) int {
		if h.FreeRAM < ram {
			return 1 // Nova may think otherwise, if it gives away more than there is
		}
		return 0
	}
	first := slices.MinFunc(hosts, func(a, b hypervisor) int {
		return cmp.Or(full(a)-full(b), rank(a)-rank(b), busy[a.Hostname]-busy[b.Hostname], strings.Compare(a.Hostname, b.Hostname))
	})
	if len(spec.Avoid) == 0 && rank(first) == len(spec.Prefer) {
		return "", true // nothing that is preferred is there
	}
	return first.Hostname, true
}

// avoiding is a query for the JsonFilter. It is one negation: the filter takes
// a list of results, which "and" and two negations would be, for true.
func avoiding(hosts []string) servers.SchedulerHintOpts {
	in := func(attribute string) []any {
		list := []any{"in", attribute}
		for _, h := range hosts {
			list = append(list, h)
		}
		return list
	}
	query, _ := json.Marshal([]any{"not", []any{"or", in("$hypervisor_hostname"), in("$host"), in("$uuid")}}) // of strings alone: no error
	return servers.SchedulerHintOpts{AdditionalProperties: map[string]any{"query": string(query)}}
}

// blame is what a refusal of a create is about, and what to do.
func blame(said string, spec cloud.Spec) (name, hint string) {
	said = strings.ReplaceAll(strings.ToLower(said), "_", " ") // Nova writes security_group and key_name
	for _, b := range []struct{ word, name, hint string }{
		{"security group", strings.Join(spec.SecurityGroups, ", "), hints["security group"]},
		{"network", strings.Join(spec.Networks, ", "), hints["network"]},
		{"key name", spec.Key, hints["key"]},
		{"keypair", spec.Key, hints["key"]},
		{"image", spec.Image, hints["image"]},
		{"flavor", spec.Flavor, hints["flavor"]},
		{"availability zone", "", "openstack availability zone list has them"},
		{"volume", "", "a boot volume needs the volume service"},
		{"user data", "", "make the user data smaller"},
	} {
		if strings.Contains(said, b.word) {
			if b.name == "" {
				b.name = spec.Name
			}
			return b.name, b.hint
		}
	}
	return spec.Name, ""
}

// Hosts is part of cloud.Hoster: those that are up and enabled, where hosts are
// chosen here. Elsewhere the user need not have the right to see them.
func (c *Cloud) Hosts(ctx context.Context) ([][]string, error) {
	if c.o.Placement != ByHost {
		return nil, nil
	}
	s, err := c.session(ctx, "list")
	if err != nil {
		return nil, err
	}
	hosts, err := all[hypervisor](ctx, s.compute, "os-hypervisors/detail", nil, "hypervisors")
	if err != nil {
		return nil, c.lost(s, "list", "hosts", err)
	}
	var list [][]string
	for _, h := range hosts {
		if h.State == "up" && h.Status == "enabled" {
			list = append(list, h.names())
		}
	}
	return list, nil
}
