package libvirt

import (
	"bytes"
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"strconv"
	"strings"

	wire "github.com/digitalocean/go-libvirt"

	"perfmon/scaling/rubber/cloud"
	"perfmon/scaling/rubber/cloud/seed"
)

// volume is what is read of a volume's XML:
//
//	<volume type="file"><name>debian-12</name><capacity unit="bytes">2147483648</capacity>
//	<target><path>/var/lib/libvirt/images/debian-12</path><format type="qcow2"/></target></volume>
type volume struct {
	Capacity int64 `xml:"capacity"`
	Target   struct {
		Path   string `xml:"path"`
		Format struct {
			Type string `xml:"type,attr"`
		} `xml:"format"`
	} `xml:"target"`
}

// base is the volume that a spec's image names: "volume", "pool/volume", or a
// path.
type base struct {
	volume
	found wire.StorageVol
}

// baseOf finds it.
func (c *Cloud) baseOf(ctx context.Context, image string) (b base, err error) {
	invalid := func(text string) error {
		return &cloud.Error{Kind: cloud.Invalid, Op: "find base volume", Name: image, Err: errors.New(text), Hint: "virsh vol-list shows those of a pool"}
	}
	if image == "" {
		return b, invalid("no base volume is named")
	}
	b.found, err = ask(ctx, c, func(l *wire.Libvirt) (wire.StorageVol, error) {
		if strings.HasPrefix(image, "/") {
			return l.StorageVolLookupByPath(image)
		}
		pool, name, ok := strings.Cut(image, "/")
		if !ok {
			pool, name = c.opts.Pool, image
		}
		p, err := l.StoragePoolLookupByName(pool)
		if err != nil {
			return wire.StorageVol{}, err
		}
		return l.StorageVolLookupByName(p, name)
	})
	switch code(err) {
	case wire.ErrNoStorageVol:
		return b, invalid("there is no such volume")
	case wire.ErrNoStoragePool:
		return b, invalid("there is no such storage pool")
	}
	if err != nil {
		return b, err
	}
	xmlText, err := ask(ctx, c, func(l *wire.Libvirt) (string, error) { return l.StorageVolGetXMLDesc(b.found, 0) })
	if err != nil {
		return b, err
	}
	if err := xml.Unmarshal([]byte(xmlText), &b.volume); err != nil {
		return b, fmt.Errorf("read the base volume: %w", err)
	}
	return b, nil
}

// format is what a clone of the base volume is.
func (c *Cloud) format(b base) string {
	if c.opts.Clone == CloneOverlay {
		return "qcow2"
	}
	return b.Target.Format.Type
}

// volumeXML is a volume of ours. Numbers and our own names need no escapes,
// but a base volume's path may.
func volumeXML(name, format string, size int64, backing *base) string {
	var out strings.Builder
	escaped := func(s string) string {
		var b strings.Builder
		_ = xml.EscapeText(&b, []byte(s)) // a builder does not fail
		return b.String()
	}
	out.WriteString("<volume><name>" + name + "</name><capacity unit='bytes'>" + strconv.FormatInt(size, 10) + "</capacity>")
	if format != "" {
		out.WriteString("<target><format type='" + escaped(format) + "'/></target>")
	}
	if backing != nil {
		out.WriteString("<backingStore><path>" + escaped(backing.Target.Path) + "</path><format type='" + escaped(backing.Target.Format.Type) + "'/></backingStore>")
	}
	out.WriteString("</volume>")
	return out.String()
}

// volumeOf is a volume of the machine's pool, or not.
func (c *Cloud) volumeOf(ctx context.Context, pool, name string) (v wire.StorageVol, there bool, err error) {
	v, err = ask(ctx, c, func(l *wire.Libvirt) (wire.StorageVol, error) {
		p, err := l.StoragePoolLookupByName(pool)
		if err != nil {
			return wire.StorageVol{}, err
		}
		return l.StorageVolLookupByName(p, name)
	})
	if n := code(err); n == wire.ErrNoStorageVol || n == wire.ErrNoStoragePool {
		return v, false, nil
	}
	return v, err == nil, err
}

// makeRoot has the machine have its volume.
func (c *Cloud) makeRoot(ctx context.Context, m *machine, b base) error {
	name := rootName(m.marks)
	_, there, err := c.volumeOf(ctx, m.Pool, name)
	if err != nil || there {
		return err
	}
	return c.link.do(ctx, func(l *wire.Libvirt) error {
		p, err := l.StoragePoolLookupByName(m.Pool)
		if err != nil {
			return err
		}
		if c.opts.Clone == CloneCopy {
			_, err = l.StorageVolCreateXMLFrom(p, volumeXML(name, c.format(b), b.Capacity, nil), b.found, 0)
		} else {
			_, err = l.StorageVolCreateXML(p, volumeXML(name, "qcow2", b.Capacity, &b), 0)
		}
		if code(err) == wire.ErrStorageVolExist {
			err = nil // a call of ours that we did not hear of
		}
		return err
	})
}

// makeSeed has the machine have its user data. It is written again each time:
// it is small, and nobody reads it yet.
func (c *Cloud) makeSeed(ctx context.Context, m *machine, s cloud.Spec) error {
	if len(s.UserData) == 0 {
		return nil
	}
	image, err := (&seed.Disk{InstanceID: s.Intent, Hostname: s.Name, UserData: s.UserData}).Image()
	if err != nil {
		return &cloud.Error{Kind: cloud.Invalid, Op: "make a seed disk", Name: s.Name, Err: err}
	}
	name := seedName(m.marks)
	v, there, err := c.volumeOf(ctx, m.Pool, name)
	if err != nil {
		return err
	}
	return c.link.do(ctx, func(l *wire.Libvirt) error {
		if !there {
			p, err := l.StoragePoolLookupByName(m.Pool)
			if err != nil {
				return err
			}
			if v, err = l.StorageVolCreateXML(p, volumeXML(name, "raw", int64(len(image)), nil), 0); err != nil {
				return err
			}
		}
		return l.StorageVolUpload(v, bytes.NewReader(image), 0, uint64(len(image)), 0)
	})
}

// removeVolumes deletes a machine's volumes. Their names are ours, made of the
// owner and the intent.
func (c *Cloud) removeVolumes(ctx context.Context, m *machine) error {
	for _, name := range []string{rootName(m.marks), seedName(m.marks)} {
		v, there, err := c.volumeOf(ctx, m.Pool, name)
		if err != nil {
			return err
		}
		if !there {
			continue
		}
		err = c.link.do(ctx, func(l *wire.Libvirt) error { return l.StorageVolDelete(v, 0) })
		if err != nil && code(err) != wire.ErrNoStorageVol {
			return err
		}
	}
	return nil
}
