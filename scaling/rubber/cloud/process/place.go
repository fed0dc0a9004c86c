package process

import (
	"context"
	"crypto/rand"
	"errors"
	"io/fs"
	"os"

	"golang.org/x/sys/unix"

	"perfmon/scaling/rubber/cloud"
)

// reserve writes the record of a machine that is about to be started, if there
// is room for it.
func (c *Cloud) reserve(ctx context.Context, s cloud.Spec) (*record, error) {
	release, err := c.roomTurn(ctx)
	if err != nil {
		return nil, err
	}
	defer release()
	used, all, err := c.used("")
	if err != nil {
		return nil, err
	}
	if c.options.Max > 0 && all >= c.options.Max {
		return nil, refused(cloud.Quota, "raise the number of machines of the process cloud", "there are %d machines, as many as there may be", all)
	}
	if err := c.roomOnDisk(); err != nil {
		return nil, err
	}
	host, err := c.choose(s, used)
	if err != nil {
		return nil, err
	}
	boot, err := bootID()
	if err != nil {
		return nil, err
	}
	r := &record{Intent: s.Intent, Owner: s.Owner, Profile: s.Profile, Generation: s.Generation, Name: s.Name, Host: host.ID,
		Created: now(), Want: wantRun, Mark: rand.Text(), Boot: boot}
	if err := os.MkdirAll(c.folder(id(s.Owner, s.Intent)), 0o700); err != nil {
		return nil, err
	}
	return r, c.save(r)
}

// used is how many machines there are on each host and in all, but for one.
func (c *Cloud) used(but string) (byHost map[string]int, all int, err error) {
	ids, err := c.ids()
	if err != nil {
		return nil, 0, err
	}
	byHost = map[string]int{}
	for _, id := range ids {
		r, err := c.load(id)
		if errors.Is(err, fs.ErrNotExist) || id == but {
			continue
		}
		if err != nil {
			return nil, 0, err
		}
		byHost[r.Host]++
		all++
	}
	return byHost, all, nil
}

// choose is the host for a machine: of those with room that are not to be
// avoided the one preferred most, and among equals the one with the fewest.
func (c *Cloud) choose(s cloud.Spec, used map[string]int) (Host, error) {
	best := -1
	rank := func(h Host) int { return cloud.Rank(s.Prefer, append([]string{h.ID}, h.Names...)...) }
	for n, h := range c.options.Hosts {
		if h.Room > 0 && used[h.ID] >= h.Room || cloud.Listed(s.Avoid, append([]string{h.ID}, h.Names...)...) {
			continue
		}
		if best < 0 {
			best = n
			continue
		}
		b := c.options.Hosts[best]
		if rank(h) < rank(b) || rank(h) == rank(b) && used[h.ID] < used[b.ID] {
			best = n
		}
	}
	if best < 0 {
		return Host{}, refused(cloud.Capacity, "wait until the alarm there is over, or until a machine is gone",
			"none of %d hosts has room and is not to be avoided", len(c.options.Hosts))
	}
	return c.options.Hosts[best], nil
}

// roomOnDisk refuses one more machine where logs and work could fill the disk.
func (c *Cloud) roomOnDisk() error {
	if c.options.MinFree == 0 {
		return nil
	}
	var fs unix.Statfs_t
	if err := unix.Statfs(c.options.Dir, &fs); err != nil {
		return &os.PathError{Op: "statfs", Path: c.options.Dir, Err: err}
	}
	if free := int64(fs.Bavail) * fs.Bsize; free < c.options.MinFree {
		return refused(cloud.Capacity, "make room there", "%s has %d bytes left, and %d have to be", c.options.Dir, free, c.options.MinFree)
	}
	return nil
}

// Hosts is part of cloud.Hoster.
func (c *Cloud) Hosts(context.Context) ([][]string, error) {
	list := make([][]string, 0, len(c.options.Hosts))
	for _, h := range c.options.Hosts {
		list = append(list, append([]string{h.ID}, h.Names...))
	}
	return list, nil
}
