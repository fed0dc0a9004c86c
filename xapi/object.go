package xapi

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Object is a host, VM or SR of the pool that can have trigger XML.
type Object struct {
	Class     string // "vm", "host" or "sr"
	UUID      string
	Name      string // name_label; not unique
	Ref       string
	Config    string // other_config:perfmon; "" for none
	HasConfig bool   // the key is there, empty or not
}

// wireNames are the classes as method names spell them.
var wireNames = map[string]string{"vm": "VM", "host": "host", "sr": "SR"}

// objectRecord is what an Object needs of a record.
type objectRecord struct {
	UUID        string    `json:"uuid"`
	Name        string    `json:"name_label"`
	OtherConfig ownConfig `json:"other_config"`
	Template    bool      `json:"is_a_template"` // of a VM, as is the next
	Snapshot    bool      `json:"is_a_snapshot"`
}

// ownConfig is other_config:perfmon, and whether there is such a key.
type ownConfig struct {
	text string
	is   bool
}

func (c *ownConfig) UnmarshalJSON(raw []byte) error {
	var all map[string]json.RawMessage
	if err := json.Unmarshal(raw, &all); err != nil {
		return fmt.Errorf("read other_config: %w", err)
	}
	*c = ownConfig{}
	text, is := all[configKey]
	if !is {
		return nil
	}
	c.is = true
	if err := json.Unmarshal(text, &c.text); err != nil {
		return fmt.Errorf("read other_config:%s: %w", configKey, err)
	}
	return nil
}

func (r *objectRecord) object(class, ref string) Object {
	return Object{Class: class, UUID: r.UUID, Name: r.Name, Ref: ref, Config: r.OtherConfig.text, HasConfig: r.OtherConfig.is}
}

// Objects lists those of a class, "vm", "host" or "sr", in the whole pool, by
// name and then by uuid. Templates and snapshots are left out: they have no
// rows. The reply has whole records, some 9 KB for a VM.
func (c *Client) Objects(ctx context.Context, class string) ([]Object, error) {
	method, params := wireNames[class]+".get_all_records", []any(nil)
	if class == "vm" {
		method, params = "VM.get_all_records_where", []any{`field "is_a_template"="false" and field "is_a_snapshot"="false"`}
	}
	var records map[string]*objectRecord
	if err := c.Call(ctx, method, &records, params...); err != nil {
		return nil, fmt.Errorf("list %ss: %w", class, err)
	}
	list := make([]Object, 0, len(records))
	for ref, r := range records {
		if r == nil {
			return nil, fmt.Errorf("list %ss: %.60q has no record", class, ref)
		}
		list = append(list, r.object(class, ref))
	}
	slices.SortFunc(list, func(a, b Object) int {
		return cmp.Or(strings.Compare(a.Name, b.Name), strings.Compare(a.UUID, b.UUID))
	})
	return list, nil
}

// ErrNoObject says that an object is not there, or cannot have triggers.
var ErrNoObject = errors.New("no such object")

// Object finds an object by its class and uuid. One that is not there, and a
// template or snapshot, is ErrNoObject.
func (c *Client) Object(ctx context.Context, class, uuid string) (Object, error) {
	var ref string
	err := c.Call(ctx, wireNames[class]+".get_by_uuid", &ref, uuid)
	if IsCode(err, "UUID_INVALID") {
		err = ErrNoObject
	}
	if err != nil {
		return Object{}, fmt.Errorf("find %s %q: %w", class, uuid, err)
	}
	var r objectRecord
	err = c.Call(ctx, wireNames[class]+".get_record", &r, ref)
	switch {
	case IsCode(err, "HANDLE_INVALID"):
		err = ErrNoObject
	case err == nil && (r.Template || r.Snapshot):
		err = fmt.Errorf("it is a template or a snapshot: %w", ErrNoObject)
	}
	if err != nil {
		return Object{}, fmt.Errorf("find %s %q: %w", class, uuid, err)
	}
	return r.object(class, ref), nil
}
