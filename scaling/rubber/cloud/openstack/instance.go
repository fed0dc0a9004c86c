package openstack

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/netip"
	"slices"
	"strings"
	"time"

	"perfmon/scaling/rubber/cloud"
)

// Keys of a server's metadata.
const (
	intentKey     = "rubber.intent"
	ownerKey      = "rubber.owner"
	profileKey    = "rubber.profile"
	generationKey = "rubber.generation"
)

// server is what Nova says of one:
//
//	{"id": "…", "name": "worker-1", "status": "ACTIVE", "OS-EXT-STS:task_state": null,
//	 "metadata": {"rubber.intent": "…"}, "hostId": "5d1c…", "created": "2026-01-01T00:00:00Z",
//	 "addresses": {"workers": [{"version": 4, "addr": "10.0.0.5", "OS-EXT-IPS:type": "fixed"}]}}
type server struct {
	ID        string            `json:"id"`
	Name      string            `json:"name"`
	Status    string            `json:"status"`
	Task      string            `json:"OS-EXT-STS:task_state"`
	Locked    bool              `json:"locked"`
	Metadata  map[string]string `json:"metadata"`
	Created   time.Time         `json:"created"`
	Addresses map[string][]struct {
		Addr string `json:"addr"`
	} `json:"addresses"`
	HostID     string `json:"hostId"` // sha224 of project and host: what everybody is told
	Host       string `json:"OS-EXT-SRV-ATTR:host"`
	Hypervisor string `json:"OS-EXT-SRV-ATTR:hypervisor_hostname"` // administrators alone are told
	Fault      *struct {
		Message string `json:"message"`
	} `json:"fault"`
}

// instance is a server in rubber's words.
func (c *Cloud) instance(s *session, v server) cloud.Instance {
	i := cloud.Instance{
		ID: v.ID, Name: v.Name, State: v.state(), Created: v.Created, Host: c.hostOf(s, v),
		Intent: v.Metadata[intentKey], Owner: v.Metadata[ownerKey], Profile: v.Metadata[profileKey], Generation: v.Metadata[generationKey],
	}
	for _, of := range v.Addresses {
		for _, a := range of {
			if addr, err := netip.ParseAddr(a.Addr); err == nil && !slices.Contains(i.Addresses, addr) {
				i.Addresses = append(i.Addresses, addr)
			}
		}
	}
	slices.SortFunc(i.Addresses, netip.Addr.Compare)
	switch i.State {
	case cloud.Failed:
		i.Fault = v.fault()
	case cloud.Running:
		if c.isUnwelcome(v.ID, i.Host, v.Host) {
			i.Fault = &cloud.Error{Kind: cloud.Capacity, Op: "place", Name: v.Name, Err: errors.New("it runs on " + i.Host + ", which was to be avoided"),
				Hint: "Nova chose the host; placement by host or by hint prevents it"}
		}
	}
	return i
}

// state is what status and task come to; tasks of deletion count more than
// any status. See https://docs.openstack.org/api-guide/compute/server_concepts.html
func (v server) state() cloud.State {
	switch v.Task {
	case "deleting", "soft-deleting", "force-deleting":
		return cloud.Deleting
	}
	switch v.Status {
	case "BUILD", "REBUILD":
		return cloud.Building
	case "ACTIVE", "REBOOT", "HARD_REBOOT", "PASSWORD", "RESIZE", "VERIFY_RESIZE", "REVERT_RESIZE", "MIGRATING":
		return cloud.Running
	case "SHUTOFF":
		return cloud.Halted
	case "SHELVED", "SHELVED_OFFLOADED":
		if v.Task == "" {
			return cloud.Halted
		}
	case "PAUSED", "SUSPENDED":
		return cloud.Suspended
	case "DELETED", "SOFT_DELETED":
		return cloud.Deleting
	case "ERROR":
		return cloud.Failed
	}
	return cloud.Unknown // RESCUE, UNKNOWN, what is not invented yet, or half put onto a shelf
}

// fault is why a server is in ERROR.
func (v server) fault() error {
	text := "Nova does not say why"
	if v.Fault != nil && v.Fault.Message != "" {
		text = v.Fault.Message
	}
	if len(text) > maxMessage {
		text = strings.ToValidUTF8(text[:maxMessage], "") + "…"
	}
	e := &cloud.Error{Op: "build", Name: v.Name, Err: errors.New(text)}
	e.Kind, e.Hint = faultKind(text)
	return e
}

func faultKind(text string) (cloud.Kind, string) {
	said := strings.ToLower(text)
	has := func(parts ...string) bool {
		return slices.ContainsFunc(parts, func(part string) bool { return strings.Contains(said, part) })
	}
	switch {
	case has("no valid host", "exceeded maximum number of retries", "exhausted all hosts", "insufficient compute resources", "no more ip addresses", "no fixed ip"):
		return cloud.Capacity, "no host has room for it: take a smaller flavor, or wait until there is"
	case has("quota", "maximum number of"):
		return cloud.Quota, "raise the quota of the project (openstack quota set), or lower rubber's cap"
	case has("image", "flavor") && has("not found", "could not be found", "unacceptable", "invalid", "too small", "corrupt"):
		return cloud.Invalid, "another image or flavor is needed"
	}
	return cloud.Transient, ""
}

// hostOf is the name of the hypervisor that has a server, "" if we are not
// told and do not recognise it.
func (c *Cloud) hostOf(s *session, v server) string {
	switch {
	case v.Hypervisor != "":
		return v.Hypervisor
	case v.Host != "":
		return v.Host
	case v.HostID == "" || s.project == "":
		return ""
	}
	for _, host := range c.o.Hosts {
		if sum := sha256.Sum224([]byte(s.project + host)); hex.EncodeToString(sum[:]) == v.HostID {
			return host
		}
	}
	return ""
}

// unwelcome is where a server was not to be.
type unwelcome struct {
	hosts []string
	since time.Time
}

// believed is how long a server that is not listed may still come.
const believed = 10 * time.Minute

func (c *Cloud) isUnwelcome(id string, host ...string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return cloud.Listed(c.unwelcome[id].hosts, host...)
}

// forget drops what is remembered of servers that are gone.
func (c *Cloud) forget(there []server, now time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for id, u := range c.unwelcome {
		gone := !slices.ContainsFunc(there, func(v server) bool { return v.ID == id })
		if gone && now.Sub(u.since) > believed {
			delete(c.unwelcome, id)
		}
	}
}
