package libvirt

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/xml"
	"fmt"
	"time"

	wire "github.com/digitalocean/go-libvirt"

	"perfmon/scaling/rubber/cloud"
)

// Namespaces of what we put into a domain's metadata.
const (
	marksURI = "urn:perfmon:rubber:machine:1" // whose the domain is; never changed
	stateURI = "urn:perfmon:rubber:state:1"   // how far it has come
)

// marks are whose a domain is:
//
//	<rubber:machine xmlns:rubber="urn:perfmon:rubber:machine:1"><rubber:uuid>…</rubber:uuid><rubber:owner>main</rubber:owner>…
//
// libvirt is asked for it by its namespace, and gives it without.
type marks struct {
	XMLName    xml.Name `xml:"machine"`
	UUID       string   `xml:"uuid"` // the domain's own, or it is not ours
	Owner      string   `xml:"owner"`
	Intent     string   `xml:"intent"`
	Profile    string   `xml:"profile"`
	Generation string   `xml:"generation"`
	Name       string   `xml:"name"`
	Created    string   `xml:"created"`
	Pool       string   `xml:"pool"`
}

// stage is how far a machine has come.
type stage struct {
	XMLName xml.Name `xml:"state"`
	Word    string   `xml:",chardata"` // "": it is being made
}

// Words of a stage.
const (
	started = "started"
	parked  = "parked"
)

// uuidOf is the uuid of an intent's domain. It has the form of version 8,
// which is for such uses (RFC 9562).
func uuidOf(owner, intent string) wire.UUID {
	sum := sha256.Sum256([]byte("rubber\x00" + owner + "\x00" + intent))
	var u wire.UUID
	copy(u[:], sum[:])
	u[6] = u[6]&0x0f | 0x80
	u[8] = u[8]&0x3f | 0x80
	return u
}

// text is a uuid as people write it.
func text(u wire.UUID) string {
	h := hex.EncodeToString(u[:])
	return h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:]
}

// parseUUID reads a uuid in lower case.
func parseUUID(s string) (u wire.UUID, ok bool) {
	if len(s) != 36 || s[8] != '-' || s[13] != '-' || s[18] != '-' || s[23] != '-' {
		return u, false
	}
	raw, err := hex.DecodeString(s[:8] + s[9:13] + s[14:18] + s[19:23] + s[24:])
	if err != nil {
		return u, false
	}
	copy(u[:], raw)
	return u, true
}

// Names of a machine's domain and of its volumes.
func domainName(owner, intent string) string { return "rubber-" + owner + "-" + intent }
func rootName(m marks) string                { return domainName(m.Owner, m.Intent) + ".root" }
func seedName(m marks) string                { return domainName(m.Owner, m.Intent) + ".seed" }

// marksOf are those of a machine that is to be made.
func marksOf(s cloud.Spec, pool string, now time.Time) marks {
	return marks{UUID: text(uuidOf(s.Owner, s.Intent)), Owner: s.Owner, Intent: s.Intent, Profile: s.Profile, Generation: s.Generation, Name: s.Name,
		Created: now.UTC().Format(time.RFC3339), Pool: pool}
}

// parseMarks reads the element that libvirt keeps, and says whether the domain
// with this uuid is ours.
func parseMarks(text, uuid string) (m marks, ours bool) {
	if err := xml.Unmarshal([]byte(text), &m); err != nil {
		return marks{}, false
	}
	return m, m.UUID == uuid && m.Owner != "" && m.Intent != ""
}

// xml is the element, for a domain's metadata.
func (m marks) xml() (string, error) {
	out, err := xml.Marshal(m)
	if err != nil {
		return "", fmt.Errorf("write marks: %w", err)
	}
	return string(out), nil
}

// instance is what the marks say.
func (m marks) instance() cloud.Instance {
	i := cloud.Instance{ID: m.UUID, Owner: m.Owner, Intent: m.Intent, Profile: m.Profile, Generation: m.Generation, Name: m.Name}
	i.Created, _ = time.Parse(time.RFC3339, m.Created)
	return i
}
