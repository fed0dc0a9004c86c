package xapi

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"perfmon/scaling/rubber/cloud"
	toolstack "perfmon/xapi"
)

// checkNetworks finds the networks of a spec, by uuid or name.
func (c *Cloud) checkNetworks(ctx context.Context, s cloud.Spec) error {
	_, err := c.networks(ctx, s)
	return err
}

// networks are the references of the spec's networks, in their order.
func (c *Cloud) networks(ctx context.Context, s cloud.Spec) ([]string, error) {
	if len(s.Networks) == 0 {
		return nil, nil
	}
	all, err := toolstack.Records[network](ctx, c.api, "network", "")
	if err != nil {
		return nil, err
	}
	var refs []string
	for _, wanted := range s.Networks {
		var found, uuids []string
		for _, ref := range slices.Sorted(maps.Keys(all)) {
			if n := all[ref]; n.UUID == wanted || n.Name == wanted {
				found, uuids = append(found, ref), append(uuids, n.UUID)
			}
		}
		invalid := &cloud.Error{Kind: cloud.Invalid, Op: "find network", Name: wanted}
		switch len(found) {
		case 0:
			invalid.Err, invalid.Hint = fmt.Errorf("the pool has no such network"), "xe network-list shows those that there are"
			return nil, invalid
		case 1:
			refs = append(refs, found[0])
		default:
			invalid.Err, invalid.Hint = fmt.Errorf("%d networks have this name: %s", len(found), strings.Join(uuids, ", ")), "name it by its uuid"
			return nil, invalid
		}
	}
	return refs, nil
}

// connect has a machine's VIFs be those of the spec, one a network in their
// order. Without networks in the spec they are the template's.
func (c *Cloud) connect(ctx context.Context, s cloud.Spec, m *machine) error {
	wanted, err := c.networks(ctx, s)
	if err != nil || wanted == nil {
		return err
	}
	have := map[string]string{} // device: network
	for _, ref := range m.VIFs {
		f, err := toolstack.Record[vif](ctx, c.api, "VIF", ref)
		if err != nil {
			return err
		}
		if n, err := strconv.Atoi(f.Device); err == nil && n >= 0 && n < len(wanted) && wanted[n] == f.Network && have[f.Device] == "" {
			have[f.Device] = f.Network
			continue
		}
		if err := c.api.Call(ctx, "VIF.destroy", nil, ref); err != nil && !gone(err) {
			return err
		}
	}
	for n, net := range wanted {
		device := strconv.Itoa(n)
		if have[device] != "" {
			continue
		}
		err := c.api.Call(ctx, "VIF.create", nil, map[string]any{
			"device": device, "network": net, "VM": m.ref, "MAC": "", "MTU": "1500", "other_config": map[string]string{keyMachine: m.UUID},
			"qos_algorithm_type": "", "qos_algorithm_params": map[string]string{},
		})
		if err != nil && !toolstack.IsCode(err, "DEVICE_ALREADY_EXISTS") {
			return err
		}
	}
	return nil
}
