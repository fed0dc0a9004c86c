package rubberconfig

import (
	"path/filepath"
	"time"

	"perfmon/cmd/internal/strictyaml"
	"perfmon/scaling/rubber/cloud/process"
)

// The drivers of clouds.
const (
	openStack = "openstack"
	xenAPI    = "xapi"
	libVirt   = "libvirt"
	processes = "process"
)

var drivers = []string{openStack, xenAPI, libVirt, processes}

// DefaultProcessDir is where the process driver keeps its records.
const DefaultProcessDir = "/var/lib/rubber/machines"

// cloud makes the keys of a cloud: which driver, and below its name what that
// needs.
func (l *loader) cloud(name string, at place) []key {
	c := &Cloud{
		Name:      name,
		OpenStack: OpenStack{Placement: "cloud", Parking: "stop", Timeout: time.Minute, Settle: 15 * time.Second, NamesFor: 5 * time.Minute},
		XAPI:      XAPI{UserData: "seed", Park: "halt", Patience: 3 * time.Second, CallTimeout: 2 * time.Minute},
		Libvirt:   Libvirt{URI: "qemu:///system", Socket: "/run/libvirt/libvirt-sock", Pool: "default", Clone: "overlay", Park: "halt", SeedBus: "sata", Timeout: time.Minute},
		Process:   Process{Dir: DefaultProcessDir, Path: process.DefaultPath, MaxLog: process.DefaultMaxLog, Grace: process.DefaultGrace},
	}
	l.clouds = append(l.clouds, c)
	ats := map[string]*place{openStack: {}, xenAPI: {}, libVirt: {}, processes: {}}
	stack, stackKeys := l.openStackKeys(&c.OpenStack)
	toolstack, toolstackKeys := l.xapiKeys(&c.XAPI)
	l.finish = append(l.finish, func() {
		for _, d := range drivers {
			if d != c.Driver && ats[d].R != nil && c.Driver != "" {
				ats[d].Problem("keys of another driver", "write driver: "+d+", or take them out")
			}
		}
		stack.Resolve(at)
		toolstack.Resolve(at)
		c.check(at)
	})
	group := func(d string, keys []key) ofDriver {
		return ofDriver{strictyaml.Group{Keys: keys, At: ats[d]}, func() bool { return c.Driver == d }}
	}
	return []key{
		{Name: "driver", Required: strictyaml.Alternatives(drivers), Value: word{To: &c.Driver, From: drivers}, Text: "how machines are made there"},
		{Name: openStack, Value: group(openStack, stackKeys), Text: "of the driver openstack"},
		{Name: xenAPI, Value: group(xenAPI, toolstackKeys), Text: "of the driver xapi"},
		{Name: libVirt, Value: group(libVirt, l.libvirtKeys(&c.Libvirt)), Text: "of the driver libvirt"},
		{Name: processes, Value: group(processes, l.processKeys(&c.Process)), Text: "of the driver process: machines are groups of processes on this one"},
	}
}

// ofDriver are the keys of one driver.
type ofDriver struct {
	strictyaml.Group
	used func() bool
}

func (c *Cloud) check(at place) {
	switch c.Driver {
	case openStack:
		if o := c.OpenStack; o.Cloud == "" && !o.Environment {
			at.Problem("no cloud is named", "write openstack: {cloud: the name that it has in clouds.yaml}, or environment: true")
		} else if o.BootVolumeSize == 0 && o.BootVolumeType != "" {
			at.Problem("a boot volume without a size", "write boot_volume_gib")
		}
	case xenAPI:
		x := c.XAPI
		switch {
		case x.URL != "" && x.Socket != "":
			at.Problem("both url and socket", "keep one")
		case x.URL != "" && (x.Username == "" || x.Password == ""):
			at.Problem("a url without a user and its password", "write username and password_file")
		case x.URL != "":
			if err := checkURL(x.URL, "https"); err != nil {
				at.Problem("url: "+err.Error(), "write https://host")
			}
		}
	case processes:
		if !filepath.IsAbs(c.Process.Dir) {
			at.Problem("dir is no absolute path", "begin it with /")
		}
	}
}

func (l *loader) openStackKeys(o *OpenStack) (*strictyaml.Secret, []key) {
	secret, secretKeys := l.secret(&o.Secret, "secret", "the password, or the secret of the application credential, in place of the one in the file")
	keys := []key{
		{Name: "cloud", Value: text{To: &o.Cloud, What: "a name"}, Text: "its name in clouds.yaml"},
		{Name: "clouds_file", Value: file{To: &o.File}, Text: "a clouds.yaml, beside which secure.yaml is read as well; none: that of ~/.config/openstack or /etc/openstack"},
		{Name: "environment", Value: yes{To: &o.Environment}, Text: "true takes what is not written here from OS_CLOUD, OS_AUTH_URL and so on"},
		{Name: "region", Value: text{To: &o.Region, What: "a name"}, Text: "the region, if not that of the file"},
		{Name: "interface", Value: word{To: &o.Interface, From: []string{"public", "internal", "admin"}}, Text: "which endpoints, if not those of the file"},
	}
	keys = append(keys, secretKeys...)
	return secret, append(keys,
		key{Name: "availability_zone", Value: text{To: &o.AvailabilityZone, What: "a name"}, Text: "for all machines; none: Nova's choice"},
		key{Name: "placement", Value: word{To: &o.Placement, From: []string{"cloud", "host", "hint"}}, Text: "how alarmed hosts are avoided: by nobody but Nova; by asking for a host, which takes an administrator; by a hint for its JsonFilter"},
		key{Name: "hosts", Value: words{To: &o.Hosts, What: "names"}, Text: "names of hypervisors, for a user who is not told them"},
		key{Name: "parking", Value: word{To: &o.Parking, From: []string{"stop", "shelve"}}, Text: "what a machine of the warm pool is"},
		key{Name: "boot_volume_gib", Value: strictyaml.Number[int]{To: &o.BootVolumeSize, Min: 1, Max: maxCount}, Text: "boot from a volume of this size, GiB, instead of a disk on the hypervisor"},
		key{Name: "boot_volume_type", Value: text{To: &o.BootVolumeType, What: "a name"}, Text: "the type of that volume"},
		key{Name: "config_drive", Value: yes{To: &o.ConfigDrive}, Text: "true puts user data on a drive, where there is no metadata service"},
		key{Name: "timeout", Value: span{To: &o.Timeout, Min: time.Second, Max: 10 * time.Minute}, Text: "of one request"},
		key{Name: "settle", Value: span{To: &o.Settle, Min: time.Second, Max: 10 * time.Minute}, Text: "how long a create whose answer was lost may still become a server"},
		key{Name: "names_for", Value: span{To: &o.NamesFor, Min: time.Second, Max: 24 * time.Hour}, Text: "how long the id of a name is believed"},
	)
}

func (l *loader) xapiKeys(x *XAPI) (*strictyaml.Secret, []key) {
	password, passwordKeys := l.secret(&x.Password, "password", "the user's password")
	keys := []key{
		{Name: "socket", Value: file{To: &x.Socket}, Text: "the local toolstack's; none and no url: the usual one"},
		{Name: "url", Value: text{To: &x.URL, What: "https://host"}, Text: "of the pool's coordinator; a member sends us on to it"},
		{Name: "username", Value: text{To: &x.Username, What: "a text"}, Text: "the user, for `url`"},
	}
	keys = append(keys, passwordKeys...)
	return password, append(keys,
		key{Name: "ca_file", Value: file{To: &x.CAFile}, Text: "PEM certificates that the hosts' are signed by"},
		key{Name: "fingerprints", Value: words{To: &x.Fingerprints, What: "SHA-256 in hexadecimal"}, Text: "of the hosts' own certificates"},
		key{Name: "user_data", Value: word{To: &x.UserData, From: []string{"seed", "xenstore"}}, Text: "how user data reaches a machine: on a disk for cloud-init's NoCloud, or as vm-data/user-data"},
		key{Name: "park", Value: word{To: &x.Park, From: []string{"halt", "suspend"}}, Text: "what a machine of the warm pool is"},
		key{Name: "copy_to", Value: words{To: &x.CopyTo, What: "uuids or names"}, Text: "storage that a template is copied to when its own is to be avoided"},
		key{Name: "patience", Value: span{To: &x.Patience, Min: 0, Max: time.Minute}, Text: "how long a call waits for a start or a shutdown, to hear of a refusal at once"},
		key{Name: "call_timeout", Value: span{To: &x.CallTimeout, Min: time.Second, Max: time.Hour}, Text: "of each call to the toolstack"},
	)
}

func (l *loader) libvirtKeys(v *Libvirt) []key {
	return []key{
		{Name: "uri", Value: text{To: &v.URI, What: "qemu:///system"}, Text: "libvirt's driver"},
		{Name: "socket", Value: file{To: &v.Socket}, Text: "of the daemon on this machine"},
		{Name: "pool", Value: text{To: &v.Pool, What: "a name"}, Text: "the storage pool of the machines' disks"},
		{Name: "clone", Value: word{To: &v.Clone, From: []string{"overlay", "copy"}}, Text: "how a machine gets its disk: qcow2 over the base volume, or all of it"},
		{Name: "park", Value: word{To: &v.Park, From: []string{"halt", "suspend"}}, Text: "what a machine of the warm pool is"},
		{Name: "template_file", Value: file{To: &v.XML}, Text: "a domain's XML that machines are made of; none: one that suits the driver"},
		{Name: "seed_bus", Value: text{To: &v.SeedBus, What: "sata"}, Text: "the bus of the drive that user data is in"},
		{Name: "timeout", Value: span{To: &v.Timeout, Min: time.Second, Max: 10 * time.Minute}, Text: "of one call"},
	}
}

func (l *loader) processKeys(p *Process) []key {
	return []key{
		{Name: "dir", Value: file{To: &p.Dir}, Text: "where records and logs are"},
		{Name: "path", Value: text{To: &p.Path, What: "folders with : between"}, Text: "PATH of the programs"},
		{Name: "hosts", Value: words{To: &p.Hosts, What: "uuids"}, Text: "the uuid by which alarms name this machine"},
		{Name: "max", Value: count{strictyaml.Number[int]{To: &p.Max, Min: 0, Max: maxCount}}, Text: "machines at once; 0: any number"},
		{Name: "min_free", Value: strictyaml.Bytes{To: &p.MinFree, Min: 0, Max: 1 << 50}, Text: "what has to be left on the file system of `dir` for one more"},
		{Name: "max_log", Value: strictyaml.Bytes{To: &p.MaxLog, Min: 4096, Max: 1 << 40}, Text: "of each of a machine's two logs"},
		{Name: "grace", Value: span{To: &p.Grace, Min: time.Second, Max: time.Hour}, Text: "that a program has after SIGTERM"},
		{Name: "cgroup", Value: file{To: &p.Cgroup}, Text: "a folder of the control group tree (v2) that rubber may make groups in"},
	}
}
