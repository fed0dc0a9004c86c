package libvirt

import (
	"errors"
	"fmt"
	"strconv"

	"github.com/beevik/etree"

	"perfmon/scaling/rubber/cloud"
)

// templateFor is a small domain that a kind of driver takes.
func templateFor(kind string) string {
	switch kind {
	case "test":
		return `<domain type="test"><memory unit="b">1073741824</memory><vcpu>1</vcpu><os><type>hvm</type></os><devices/></domain>`
	case "xen":
		return `<domain type="xen"><memory unit="b">1073741824</memory><vcpu>1</vcpu><os><type>hvm</type></os>` +
			`<features><acpi/><apic/></features><devices><disk type="volume" device="disk"><target dev="xvda" bus="xen"/></disk>` +
			`<serial type="pty"/><console type="pty"/></devices></domain>`
	}
	return `<domain type="kvm"><memory unit="b">1073741824</memory><vcpu>1</vcpu><os><type machine="q35">hvm</type></os>` +
		`<features><acpi/><apic/></features><cpu mode="host-model"/><devices><channel type="unix"><target type="virtio" name="org.qemu.guest_agent.0"/></channel>` +
		`<serial type="pty"/><console type="pty"/><rng model="virtio"><backend model="random">/dev/urandom</backend></rng></devices></domain>`
}

// maxTemplate bounds a template's size.
const maxTemplate = 256 << 10

// parseTemplate reads a domain's XML.
func parseTemplate(text string) (*etree.Document, error) {
	if len(text) > maxTemplate {
		return nil, fmt.Errorf("it has %d bytes, %d are read", len(text), maxTemplate)
	}
	doc := etree.NewDocument()
	if err := doc.ReadFromString(text); err != nil {
		return nil, err
	}
	if root := doc.Root(); root == nil || root.Tag != "domain" {
		return nil, errors.New("it is no <domain>")
	}
	return doc, nil
}

// disk is a machine's volume, and how the base volume's format is called.
type disk struct{ pool, volume, format string }

// define is the XML of a machine's domain.
func define(template string, m marks, s cloud.Spec, root disk, seedBus string) (string, error) {
	doc, err := parseTemplate(template)
	if err != nil {
		return "", err
	}
	domain := doc.Root()
	set(domain, "name").SetText(domainName(m.Owner, m.Intent))
	set(domain, "uuid").SetText(m.UUID)
	set(domain, "title").SetText(m.Name)
	set(domain, "description").SetText(fmt.Sprintf("worker of rubber %s, profile %s, intent %s", m.Owner, m.Profile, m.Intent))
	ours, err := m.xml()
	if err != nil {
		return "", err
	}
	element := etree.NewDocument()
	if err := element.ReadFromString(ours); err != nil {
		return "", err
	}
	metadata := set(domain, "metadata")
	// libvirt wants a prefix: a default namespace gets lost on its way.
	prefixed(element.Root(), "rubber", marksURI)
	metadata.AddChild(element.Root())
	if s.Memory > 0 {
		for _, name := range []string{"memory", "currentMemory"} {
			e := set(domain, name)
			e.CreateAttr("unit", "b")
			e.SetText(strconv.FormatInt(s.Memory, 10))
		}
	}
	if s.CPUs > 0 {
		set(domain, "vcpu").SetText(strconv.Itoa(s.CPUs))
	}
	devices := set(domain, "devices")
	rootDisk(devices, root)
	if len(s.UserData) > 0 {
		seedDrive(devices, root.pool, seedName(m), seedBus)
	}
	if len(s.Networks) > 0 {
		for _, old := range devices.SelectElements("interface") {
			devices.RemoveChild(old)
		}
		for _, network := range s.Networks {
			e := devices.CreateElement("interface")
			e.CreateAttr("type", "network")
			e.CreateElement("source").CreateAttr("network", network)
			if domain.SelectAttrValue("type", "") == "kvm" {
				e.CreateElement("model").CreateAttr("type", "virtio")
			}
		}
	}
	return doc.WriteToString()
}

// set is the child of a name, made if it is not there.
func set(parent *etree.Element, name string) *etree.Element {
	e := parent.SelectElement(name)
	if e == nil {
		return parent.CreateElement(name)
	}
	return e
}

// prefixed gives an element and those in it a namespace by prefix.
func prefixed(e *etree.Element, prefix, uri string) {
	e.RemoveAttr("xmlns")
	if uri != "" {
		e.CreateAttr("xmlns:"+prefix, uri)
	}
	e.Space = prefix
	for _, child := range e.ChildElements() {
		prefixed(child, prefix, "")
	}
}

// rootDisk puts the machine's volume into the template's first disk, or into
// one that is added.
func rootDisk(devices *etree.Element, d disk) {
	var e *etree.Element
	for _, other := range devices.SelectElements("disk") {
		if other.SelectAttrValue("device", "disk") == "disk" {
			e = other
			break
		}
	}
	if e == nil {
		e = devices.CreateElement("disk")
		t := e.CreateElement("target")
		t.CreateAttr("dev", "vda")
		t.CreateAttr("bus", "virtio")
	}
	e.CreateAttr("type", "volume")
	e.CreateAttr("device", "disk")
	if d.format != "" {
		driver := set(e, "driver")
		if driver.SelectAttr("name") == nil && devices.Parent().SelectAttrValue("type", "") == "kvm" {
			driver.CreateAttr("name", "qemu")
		}
		driver.CreateAttr("type", d.format)
	}
	source := set(e, "source")
	source.CreateAttr("pool", d.pool)
	source.CreateAttr("volume", d.volume)
}

// seedDrive adds the CD with user data.
func seedDrive(devices *etree.Element, pool, volume, bus string) {
	e := devices.CreateElement("disk")
	e.CreateAttr("type", "volume")
	e.CreateAttr("device", "cdrom")
	source := e.CreateElement("source")
	source.CreateAttr("pool", pool)
	source.CreateAttr("volume", volume)
	t := e.CreateElement("target")
	t.CreateAttr("dev", "sdz")
	t.CreateAttr("bus", bus)
	e.CreateElement("readonly")
}
