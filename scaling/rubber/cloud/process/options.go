package process

import (
	"errors"
	"fmt"
	"path/filepath"
	"time"
)

// Options of a Cloud. Dir has to be given.
type Options struct {
	Dir  string // where records and logs are kept, absolute; made if it is missing
	Path string // PATH of the machines, also to find their commands; "": DefaultPath

	// Hosts that machines are said to be on; the first by default is "localhost".
	// One host is what there is: its ID is to be the uuid by which alarms name it.
	// Several are for tests of placement.
	Hosts []Host

	Max     int           // machines at once, of all owners; 0: any number
	MinFree int64         // bytes that have to be left on the file system of Dir for one more; 0: any
	MaxLog  int64         // bytes of each of a machine's two logs, and of the older one beside it; 0: DefaultMaxLog
	Grace   time.Duration // that Delete leaves a program after SIGTERM; 0: DefaultGrace

	// Cgroup is a folder of the unified control group tree (v2) that rubber may make
	// groups in: each machine gets its own, and none of its processes can leave it.
	// "": none.
	Cgroup string
}

// Host is where machines are said to be.
type Host struct {
	ID    string   // as Instance.Host says it: the uuid
	Names []string // that it goes by as well
	Room  int      // machines; 0: any number
}

// Defaults of Options.
const (
	DefaultPath   = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
	DefaultMaxLog = 1 << 20
	DefaultGrace  = 10 * time.Second
)

// complete checks the options and fills in what is not given.
func (o *Options) complete() error {
	switch {
	case !filepath.IsAbs(o.Dir):
		return fmt.Errorf("the folder for machines is %q; it has to be an absolute path", o.Dir)
	case o.Cgroup != "" && !filepath.IsAbs(o.Cgroup):
		return fmt.Errorf("the control group is %q; it has to be an absolute path below /sys/fs/cgroup", o.Cgroup)
	case o.Max < 0 || o.MinFree < 0 || o.MaxLog < 0 || o.Grace < 0:
		return errors.New("numbers of machines, bytes and time are not negative; 0 is the default")
	}
	if len(o.Hosts) == 0 {
		o.Hosts = []Host{{ID: "localhost"}}
	}
	seen := map[string]bool{}
	for _, h := range o.Hosts {
		if h.ID == "" || h.Room < 0 || seen[h.ID] {
			return fmt.Errorf("host %q: each has an ID of its own, and room for 0 (any number) or more", h.ID)
		}
		seen[h.ID] = true
	}
	if o.Path == "" {
		o.Path = DefaultPath
	}
	if o.MaxLog == 0 {
		o.MaxLog = DefaultMaxLog
	}
	if o.Grace == 0 {
		o.Grace = DefaultGrace
	}
	return nil
}
