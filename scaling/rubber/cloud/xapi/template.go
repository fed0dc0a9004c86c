package xapi

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"perfmon/scaling/rubber/cloud"
	toolstack "perfmon/xapi"
)

// template finds one by uuid or by name.
func (all view) template(name string) (*vm, error) {
	invalid := func(hint, text string, args ...any) error {
		return &cloud.Error{Kind: cloud.Invalid, Op: "find template", Name: name, Err: fmt.Errorf(text, args...), Hint: hint}
	}
	if name == "" {
		return nil, invalid("name one in the profile's image", "no template is named")
	}
	var found []*vm
	var halted *vm // that is no template
	for i := range all {
		v := &all[i]
		switch {
		case v.UUID != name && v.Name != name, ours(*v) != nil:
		case v.Template:
			found = append(found, v)
		default:
			halted = v
		}
	}
	switch {
	case len(found) == 1:
		return found[0], nil
	case len(found) > 1:
		var uuids []string
		for _, v := range found {
			uuids = append(uuids, v.UUID)
		}
		return nil, invalid("name it by its uuid", "%d templates have this name: %s", len(found), strings.Join(uuids, ", "))
	case halted != nil:
		return nil, invalid("shut it down and convert it to a template", "it is a VM and no template")
	}
	return nil, invalid("xe template-list shows those that there are", "the pool has no such template")
}

// memoryOf is what a machine needs to start.
func (c *Cloud) memoryOf(s cloud.Spec, m *machine, all view) int64 {
	switch {
	case s.Memory > 0:
		return s.Memory
	case m != nil:
		return int64(m.StaticMax)
	}
	if t, err := all.template(s.Image); err == nil {
		return int64(t.StaticMax)
	}
	return 0
}

// storages are those of the pool, by reference.
func (c *Cloud) storages(ctx context.Context) (map[string]storage, error) {
	all, err := toolstack.Records[storage](ctx, c.api, "SR", "")
	if err != nil {
		return nil, err
	}
	for ref, sr := range all {
		sr.ref = ref
		all[ref] = sr
	}
	return all, nil
}

// copyTo is the storage that the template's disks have to be copied to, since
// theirs is to be avoided; "" if they can stay where they are.
func (c *Cloud) copyTo(ctx context.Context, s cloud.Spec, template *vm) (string, error) {
	if len(s.AvoidStorage) == 0 {
		return "", nil
	}
	drives, disks, err := c.devices(ctx, template)
	if err != nil {
		return "", err
	}
	srs, err := c.storages(ctx)
	if err != nil {
		return "", err
	}
	var avoided string
	var size int64
	for ref, d := range disks {
		if drives[ref].Type != "Disk" {
			continue
		}
		size += int64(d.Size)
		if sr := srs[d.SR]; cloud.Listed(s.AvoidStorage, sr.UUID, sr.Name) {
			avoided = sr.Name
		}
	}
	if avoided == "" {
		return "", nil
	}
	why := []string{}
	for _, wanted := range c.opts.CopyTo {
		for _, sr := range srs {
			switch {
			case sr.UUID != wanted && sr.Name != wanted:
			case cloud.Listed(s.AvoidStorage, sr.UUID, sr.Name):
				why = append(why, sr.Name+" is to be avoided too")
			case int64(sr.Size-sr.Used) < size:
				why = append(why, fmt.Sprintf("%s has %d bytes free of %d", sr.Name, int64(sr.Size-sr.Used), size))
			default:
				return sr.ref, nil
			}
		}
	}
	text := "the template's disks are on " + avoided + ", which is to be avoided"
	if len(why) > 0 {
		text += "; " + strings.Join(why, "; ")
	}
	return "", &cloud.Error{Kind: cloud.Capacity, Op: "create", Name: s.Name, Err: errors.New(text),
		Hint: "name other storage that the disks may be copied to, or put a copy of the template there"}
}
