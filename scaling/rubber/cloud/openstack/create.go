package openstack

import (
	"cmp"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/gophercloud/gophercloud/v2/openstack/compute/v2/servers"

	"perfmon/scaling/rubber/cloud"
)

// maxUserData is Nova's limit, of bytes in base64.
const maxUserData = 65535

// maxValue is Nova's limit of a value of metadata, and of a name.
const maxValue = 255

// birth is a create under way, with all who wait for it.
type birth struct {
	done chan struct{} // closed when the others are set
	made cloud.Instance
	err  error
}

// Create looks for a server of the intent in all of the project, and asks for
// one if there is none. What has been asked for goes on when ctx ends, so that
// it is known what became of it; a further call waits for it.
func (c *Cloud) Create(ctx context.Context, spec cloud.Spec) (cloud.Instance, error) {
	if err := c.fits(spec); err != nil {
		return cloud.Instance{}, err
	}
	if err := ctx.Err(); err != nil {
		return cloud.Instance{}, c.failed("create", spec.Name, err)
	}
	of := intent{spec.Owner, spec.Intent}
	c.mu.Lock()
	if c.closed {
		c.mu.Unlock()
		return cloud.Instance{}, c.failed("create", spec.Name, errClosed)
	}
	b := c.creating[of]
	if b == nil {
		b = &birth{done: make(chan struct{})}
		c.creating[of] = b
		c.births.Go(func() {
			b.made, b.err = c.bear(c.life, spec)
			c.mu.Lock()
			delete(c.creating, of)
			c.mu.Unlock()
			close(b.done)
		})
	}
	c.mu.Unlock()
	select {
	case <-b.done:
		return b.made, b.err
	case <-ctx.Done():
		return cloud.Instance{}, c.failed("create", spec.Name, ctx.Err())
	}
}

var errClosed = errors.New("the cloud is closed")

// fits checks what needs no answer of the cloud.
func (c *Cloud) fits(spec cloud.Spec) error {
	if err := spec.Check(); err != nil {
		return err
	}
	invalid := func(err error, hint string) error {
		return &cloud.Error{Kind: cloud.Invalid, Op: "create", Name: spec.Name, Err: err, Hint: hint}
	}
	if size := base64.StdEncoding.EncodedLen(len(spec.UserData)); size > maxUserData {
		return invalid(fmt.Errorf("user data of %d bytes, %d in base64, where Nova takes %d", len(spec.UserData), size, maxUserData), "have the machine fetch what is large")
	}
	for what, value := range map[string]string{"name": spec.Name, "profile": spec.Profile, "generation": spec.Generation} {
		if len(value) > maxValue {
			return invalid(fmt.Errorf("the %s is longer than %d bytes", what, maxValue), "")
		}
	}
	if slices.Contains(spec.Networks, noNetwork) && len(spec.Networks) > 1 {
		return invalid(fmt.Errorf("network %q beside others", noNetwork), "")
	}
	return nil
}

func (c *Cloud) bear(ctx context.Context, spec cloud.Spec) (cloud.Instance, error) {
	none := cloud.Instance{}
	s, err := c.session(ctx, "create")
	if err != nil {
		return none, err
	}
	others, err := c.others(ctx, s, spec)
	if err != nil {
		return none, err
	}
	if begun, err := c.begun(ctx, s, others, spec); begun != nil || err != nil {
		if err != nil {
			return none, err
		}
		return *begun, nil
	}
	p, err := c.parts(ctx, s, "create", spec)
	if err != nil {
		return none, err
	}
	where, err := c.place(ctx, s, spec, p, others)
	if err != nil {
		return none, err
	}
	id, err := c.ask(ctx, s, spec, p, where)
	if err != nil {
		return none, err
	}
	c.mu.Lock()
	delete(c.unsure, intent{spec.Owner, spec.Intent})
	if len(spec.Avoid) > 0 {
		c.unwelcome[id] = unwelcome{slices.Clone(spec.Avoid), time.Now()}
	}
	c.mu.Unlock()
	return cloud.Instance{
		ID: id, Intent: spec.Intent, Owner: spec.Owner, Profile: spec.Profile, Generation: spec.Generation,
		Name: spec.Name, State: cloud.Building, Created: time.Now(),
	}, nil
}

// others are the servers of the project. After a create without an answer they
// are looked at until Nova has had its time, or the one of the intent is there.
func (c *Cloud) others(ctx context.Context, s *session, spec cloud.Spec) ([]server, error) {
	of := intent{spec.Owner, spec.Intent}
	c.mu.Lock()
	lostAt, unsure := c.unsure[of]
	c.mu.Unlock()
	for {
		settled := time.Since(lostAt) >= c.o.Settle
		list, err := c.servers(ctx, s, "create")
		if err != nil {
			return nil, err
		}
		if !unsure || settled || slices.ContainsFunc(list, func(v server) bool { return v.isOf(spec) }) {
			c.mu.Lock()
			delete(c.unsure, of)
			c.mu.Unlock()
			return list, nil
		}
		select {
		case <-ctx.Done():
			return nil, c.failed("create", spec.Name, ctx.Err())
		case <-time.After(min(c.pause, c.o.Settle/4)):
		}
	}
}

func (v server) isOf(spec cloud.Spec) bool {
	return v.Metadata[ownerKey] == spec.Owner && v.Metadata[intentKey] == spec.Intent
}

// begun is the server of an intent, the first if there are more, nil if there
// is none.
func (c *Cloud) begun(ctx context.Context, s *session, list []server, spec cloud.Spec) (*cloud.Instance, error) {
	var living []server
	leaving := ""
	for _, v := range list {
		switch {
		case !v.isOf(spec):
		case v.state() == cloud.Deleting:
			leaving = v.ID
		default:
			living = append(living, v)
		}
	}
	switch {
	case len(living) == 0 && leaving != "":
		return nil, &cloud.Error{Kind: cloud.Transient, Op: "create", Name: spec.Name,
			Err: fmt.Errorf("server %s of the same intent is being deleted", leaving), Hint: "wait until it is gone"}
	case len(living) == 0:
		return nil, nil
	}
	slices.SortFunc(living, func(a, b server) int { return cmp.Or(a.Created.Compare(b.Created), cmp.Compare(a.ID, b.ID)) })
	for _, v := range living[1:] {
		c.o.Logger.Warn("a second server of one intent", "cloud", c.o.Cloud, "intent", spec.Intent, "server", v.ID, "first", living[0].ID)
	}
	first, there, err := c.whole(ctx, "create", living[0])
	if err != nil || !there {
		return nil, err
	}
	i := c.instance(s, first)
	return &i, nil
}

// ask has Nova make a server, and returns its id.
func (c *Cloud) ask(ctx context.Context, s *session, spec cloud.Spec, p parts, where place) (string, error) {
	opts := servers.CreateOpts{
		Name: spec.Name, FlavorRef: p.flavor.ID, ImageRef: p.image.ID, Networks: "auto",
		AvailabilityZone: c.o.AvailabilityZone, HypervisorHostname: where.host,
		Metadata: marksOf(spec),
		Tags:     []string{"rubber", intentKey + "." + spec.Intent, ownerKey + "." + spec.Owner},
	}
	if len(p.networks) > 0 {
		var nets []servers.Network
		for _, n := range p.networks {
			nets = append(nets, servers.Network{UUID: n.ID})
		}
		opts.Networks = nets
	} else if slices.Contains(spec.Networks, noNetwork) {
		opts.Networks = noNetwork
	}
	for _, g := range p.groups {
		opts.SecurityGroups = append(opts.SecurityGroups, g.ID)
	}
	if len(spec.UserData) > 0 {
		// The library leaves alone what could be base64 already.
		opts.UserData = []byte(base64.StdEncoding.EncodeToString(spec.UserData))
	}
	if c.o.ConfigDrive {
		opts.ConfigDrive = &c.o.ConfigDrive
	}
	if c.o.BootVolume.Size > 0 {
		opts.ImageRef = ""
		opts.BlockDevice = []servers.BlockDevice{{
			SourceType: servers.SourceImage, UUID: p.image.ID, DestinationType: servers.DestinationVolume,
			VolumeSize: c.o.BootVolume.Size, VolumeType: c.o.BootVolume.Type, DeleteOnTermination: true,
		}}
	}
	with := keyed{opts, p.key}
	result := servers.Create(ctx, s.compute, with, where.hints)
	err := result.Err
	if err == nil {
		var made struct{ ID string }
		if err = result.ExtractInto(&made); err == nil && made.ID != "" {
			return made.ID, nil
		}
		err = errors.Join(errors.New("the answer has no id of the server"), err)
	}
	if maybeDone(err) {
		c.mu.Lock()
		c.unsure[intent{spec.Owner, spec.Intent}] = time.Now()
		c.mu.Unlock()
	}
	failed := c.lost(s, "create", spec.Name, err).(*cloud.Error)
	switch statusOf(err) {
	case http.StatusBadRequest, http.StatusNotFound:
		c.names.clear() // what a name meant may be gone
		failed.Kind = cloud.Invalid
		failed.Name, failed.Hint = blame(failed.Err.Error(), spec)
	}
	return "", failed
}

// keyed adds a key pair, which the library leaves to a wrapper.
type keyed struct {
	servers.CreateOpts
	key string
}

// ToServerCreateMap is the body of the request.
func (k keyed) ToServerCreateMap() (map[string]any, error) {
	body, err := k.CreateOpts.ToServerCreateMap()
	if server, ok := body["server"].(map[string]any); ok && k.key != "" {
		server["key_name"] = k.key
	}
	return body, err
}
