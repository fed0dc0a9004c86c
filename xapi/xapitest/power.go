package xapitest

import (
	"slices"
	"strconv"
)

const defaultHostMemory = 64 << 30

// bootable says why a VM cannot start on a host, as VM.assert_can_boot_here
// does; nil if it can. It is called with the lock held.
func (w *world) bootable(o *object, v VM, host *object) error {
	h := host.v.(Host)
	switch {
	case h.Dead:
		return failure{"HOST_NOT_LIVE"}
	case !h.Enabled:
		return failure{"HOST_DISABLED", host.ref}
	}
	for _, b := range w.devicesOf(v.UUID) {
		if d, ok := w.vdi(b.VDI); ok && !w.reaches(h.UUID, d.SR) {
			return failure{"VM_REQUIRES_SR", o.ref, Ref(classSR, d.SR)}
		}
	}
	for _, f := range w.vifs(v.UUID) {
		if n := w.byUUID[classNetwork+f.Network]; n != nil {
			if hosts := n.v.(Network).Hosts; hosts != nil && !slices.Contains(hosts, h.UUID) {
				return failure{"VM_REQUIRES_NETWORK", o.ref, n.ref}
			}
		}
	}
	if free := w.freeMemory(h, v.UUID); free < v.MemoryBytes {
		return failure{"HOST_NOT_ENOUGH_FREE_MEMORY", decimal(v.MemoryBytes), decimal(free)}
	}
	if cpus := hostCPUs; v.VCPUs > cpus {
		return failure{"HOST_NOT_ENOUGH_PCPUS", strconv.Itoa(v.VCPUs), strconv.Itoa(cpus)}
	}
	return nil
}

const hostCPUs = 16

// reaches says whether an SR is attached to a host.
func (w *world) reaches(host, sr string) bool {
	for _, o := range w.objects {
		if p, ok := o.v.(PBD); ok && p.Host == host && p.SR == sr && p.Attached {
			return true
		}
	}
	return false
}

// freeMemory is what a host has left beside the VMs on it and those that are
// on their way to it, but for one.
func (w *world) freeMemory(h Host, but string) int64 {
	free := h.MemoryBytes
	if free == 0 {
		free = defaultHostMemory
	}
	for _, o := range w.objects {
		if v, ok := o.v.(VM); ok && v.ResidentOn == h.UUID && v.UUID != but && v.Devices {
			free -= v.MemoryBytes
		}
	}
	return max(free, 0)
}

func computeFreeMemory(x *exchange, a args) (any, error) {
	o, err := find(x, a, classHost)
	if err != nil {
		return nil, err
	}
	x.s.world.mu.Lock()
	defer x.s.world.mu.Unlock()
	return decimal(x.s.world.freeMemory(o.v.(Host), "")), nil
}

// hostArg is the host whose reference is the i-th argument. It is called with
// the lock held.
func (w *world) hostArg(a args, i int) (*object, error) {
	ref, err := a.string(i)
	if err != nil {
		return nil, err
	}
	return w.handle(classHost, ref)
}

func assertCanBoot(x *exchange, a args) (any, error) {
	w := &x.s.world
	o, err := find(x, a, classVM)
	if err != nil {
		return nil, err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	h, err := w.hostArg(a, 1)
	if err != nil {
		return nil, err
	}
	return "", w.bootable(o, o.v.(VM), h)
}

// where finds the host that a VM starts on: the one asked for, or any.
func (w *world) place(o *object, v VM, a args, at int) (*object, error) {
	if at > 0 {
		h, err := w.hostArg(a, at)
		if err != nil {
			return nil, err
		}
		return h, w.bootable(o, v, h)
	}
	for _, h := range w.objects {
		if h.class == classHost && w.bootable(o, v, h) == nil {
			return h, nil
		}
	}
	return nil, failure{"NO_HOSTS_AVAILABLE"}
}

// run is VM.start and VM.start_on, and with from Suspended VM.resume and
// VM.resume_on; at is the argument that is the host, 0 if there is none.
func run(operation, from string, at int) func(*exchange, args) (any, error) {
	return func(x *exchange, a args) (any, error) {
		check := func(w *world, o *object, v VM) error {
			_, err := w.place(o, v, a, at)
			return err
		}
		return x.operate(a, operation, []string{from}, check, func(w *world, o *object, v VM) (any, error) {
			h, err := w.place(o, v, a, at)
			if err != nil {
				return nil, err
			}
			for _, b := range w.devicesOf(v.UUID) {
				for _, other := range w.vbds(func(c VBD) bool { return c.VDI == b.VDI && c.UUID != b.UUID && c.Attached }) {
					if d, _ := w.vdi(b.VDI); !d.Sharable && (b.Mode != "RO" || other.Mode != "RO") && b.VDI != "" {
						return nil, failure{"VDI_IN_USE", Ref(classVDI, b.VDI), "attach"}
					}
				}
			}
			w.plug(v.UUID, true)
			if v.SuspendVDI != "" {
				w.drop(classVDI, v.SuspendVDI)
				v.SuspendVDI = ""
			}
			v.PowerState, v.ResidentOn = "Running", h.uuid
			v.Started++
			if len(w.vifs(v.UUID)) > 0 && len(v.Addresses) == 0 {
				v.Addresses = []string{addressOf(v.UUID)}
			}
			o.v, o.modified = v, w.next()
			return "", nil
		})
	}
}

func (w *world) drop(class, uuid string) {
	if o := w.byUUID[class+uuid]; o != nil {
		w.remove(o)
	}
}

// plug says whether a VM's disks are in use.
func (w *world) plug(vm string, attached bool) {
	for _, b := range w.devicesOf(vm) {
		b.Attached = attached
		w.set(classVBD, b.UUID, b)
	}
}

// shutdown is VM.clean_shutdown and VM.hard_shutdown.
func shutdown(operation string, from ...string) func(*exchange, args) (any, error) {
	return func(x *exchange, a args) (any, error) {
		return x.operate(a, operation, from, nil, func(w *world, o *object, v VM) (any, error) {
			if operation == "clean_shutdown" && v.NoAgent {
				return nil, failure{"VM_SHUTDOWN_TIMEOUT", o.ref, "1200."}
			}
			if v.SuspendVDI != "" {
				w.drop(classVDI, v.SuspendVDI)
			}
			w.plug(v.UUID, false)
			v.PowerState, v.ResidentOn, v.SuspendVDI, v.Addresses = "Halted", "", "", nil
			o.v, o.modified = v, w.next()
			return "", nil
		})
	}
}

func suspend(x *exchange, a args) (any, error) {
	return x.operate(a, "suspend", []string{"Running"}, nil, func(w *world, o *object, v VM) (any, error) {
		sr := ""
		for _, b := range w.devicesOf(v.UUID) {
			if d, ok := w.vdi(b.VDI); ok {
				sr = d.SR
				break
			}
		}
		v.SuspendVDI = newUUID()
		w.set(classVDI, v.SuspendVDI, VDI{UUID: v.SuspendVDI, Name: "Suspend image", SR: sr, Size: v.MemoryBytes, Type: "suspend"})
		w.plug(v.UUID, false)
		v.PowerState, v.ResidentOn = "Suspended", ""
		o.v, o.modified = v, w.next()
		return "", nil
	})
}

// destroyVM leaves the disks.
func destroyVM(x *exchange, a args) (any, error) {
	return x.operate(a, "destroy", []string{"Halted", "Suspended"}, nil, func(w *world, o *object, v VM) (any, error) {
		for _, b := range w.devicesOf(v.UUID) {
			w.drop(classVBD, b.UUID)
		}
		for _, f := range w.vifs(v.UUID) {
			w.drop(classVIF, f.UUID)
		}
		w.remove(o)
		return "", nil
	})
}
