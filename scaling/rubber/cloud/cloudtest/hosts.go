package cloudtest

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"perfmon/scaling/rubber/cloud"
)

// saidHosts is what a Hoster says: all hosts of the setup, and that of a machine
// by the name that the machine has it by. One that says nothing is asked nothing.
func saidHosts(ctx context.Context, t *trial) error {
	c, err := t.connect()
	if err != nil {
		return err
	}
	hoster, ok := c.(cloud.Hoster)
	if !ok {
		return nil
	}
	hosts, err := hoster.Hosts(ctx)
	if err != nil {
		return describe("hosts", err)
	}
	if len(hosts) == 0 {
		return nil
	}
	there := func(name string) bool {
		return slices.ContainsFunc(hosts, func(names []string) bool { return cloud.Listed(names, name) })
	}
	for _, name := range t.Hosts {
		if !there(name) {
			return fmt.Errorf("hosts: %q is not among %q", name, hosts)
		}
	}
	if len(t.Hosts) > 0 && len(hosts) != len(t.Hosts) {
		return fmt.Errorf("hosts: %q, and there are %q", hosts, t.Hosts)
	}
	made, err := t.running(ctx, c, "one")
	if err != nil {
		return err
	}
	if made.Host != "" && !there(made.Host) {
		return fmt.Errorf("hosts: the machine is on %q, which is not among %q", made.Host, hosts)
	}
	ended, cancel := context.WithCancel(ctx)
	cancel()
	if _, err := hoster.Hosts(ended); err != nil {
		if e := (*cloud.Error)(nil); !errors.As(err, &e) {
			return fmt.Errorf("hosts, with a context that has ended: %v is no *cloud.Error", err)
		}
	}
	return nil
}
