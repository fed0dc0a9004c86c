package xapitest

import (
	"maps"
	"slices"
	"strconv"
)

// lifeMethods are what makes, changes, starts and ends VMs. Each method of the
// first part can be called with "Async." before its name too.
func lifeMethods() map[string]method {
	long := map[string]method{
		"VM.clone":                {args: 2, run: copyVM("clone")},
		"VM.copy":                 {args: 3, run: copyVM("copy")},
		"VM.provision":            {args: 1, run: provision},
		"VM.start":                {args: 3, run: run("start", "Halted", 0)},
		"VM.start_on":             {args: 4, run: run("start_on", "Halted", 1)},
		"VM.resume":               {args: 3, run: run("resume", "Suspended", 0)},
		"VM.resume_on":            {args: 4, run: run("resume_on", "Suspended", 1)},
		"VM.clean_shutdown":       {args: 1, run: shutdown("clean_shutdown", "Running")},
		"VM.hard_shutdown":        {args: 1, run: shutdown("hard_shutdown", "Paused", "Suspended", "Running")},
		"VM.suspend":              {args: 1, run: suspend},
		"VM.destroy":              {args: 1, run: destroyVM},
		"VM.assert_can_boot_here": {args: 2, run: assertCanBoot},
		"VDI.create":              {args: 1, run: createVDI},
		"VDI.destroy":             {args: 1, run: destroyVDI},
	}
	m := map[string]method{
		"host.compute_free_memory":         {args: 1, run: computeFreeMemory},
		"VBD.create":                       {args: 1, run: createVBD},
		"VBD.destroy":                      {args: 1, run: destroyDevice(classVBD)},
		"VIF.create":                       {args: 1, run: createVIF},
		"VIF.destroy":                      {args: 1, run: destroyDevice(classVIF)},
		"task.create":                      {args: 2, run: createTask},
		"task.destroy":                     {args: 1, run: destroyTask},
		"VM_guest_metrics.get_all_records": {run: guests},
		"VM_guest_metrics.get_record":      {args: 1, run: guest},
		"VM.get_allowed_VBD_devices": {args: 1, run: freeDevices(16, func(w *world, vm string) (d []string) {
			return deviceNumbers(w.devicesOf(vm), func(b VBD) string { return b.Device })
		})},
		"VM.get_allowed_VIF_devices": {args: 1, run: freeDevices(7, func(w *world, vm string) (d []string) {
			return deviceNumbers(w.vifs(vm), func(f VIF) string { return f.Device })
		})},
		"VM.set_name_label":             {args: 2, run: setText(func(v *VM, s string) { v.Name = s })},
		"VM.set_name_description":       {args: 2, run: setText(func(v *VM, s string) { v.Description = s })},
		"VM.add_tags":                   {args: 2, run: setText(func(v *VM, s string) { v.Tags = withTag(v.Tags, s) })},
		"VM.remove_tags":                {args: 2, run: setText(func(v *VM, s string) { v.Tags = without(v.Tags, s) })},
		"VM.set_tags":                   {args: 2, run: setTags},
		"VM.set_is_a_template":          {args: 2, run: setTemplate},
		"VM.set_affinity":               {args: 2, run: setAffinity},
		"VM.set_memory_limits":          {args: 5, run: setMemory},
		"VM.set_VCPUs_max":              {args: 2, run: setCPUs(true)},
		"VM.set_VCPUs_at_startup":       {args: 2, run: setCPUs(false)},
		"VM.add_to_xenstore_data":       {args: 3, run: addToXenstore},
		"VM.remove_from_xenstore_data":  {args: 2, run: setText(func(v *VM, s string) { v.Xenstore = maps.Clone(v.Xenstore); delete(v.Xenstore, s) })},
		"VM.get_power_state":            {args: 1, run: getField(classVM, "power_state")},
		"VM.get_current_operations":     {args: 1, run: getField(classVM, "current_operations")},
		"VDI.get_SR":                    {args: 1, run: getField(classVDI, "SR")},
		"VBD.get_VDI":                   {args: 1, run: getField(classVBD, "VDI")},
		"VM_guest_metrics.get_networks": {args: 1, run: func(x *exchange, a args) (any, error) { return guestField(x, a, "networks") }},
	}
	maps.Copy(m, long)
	for name, of := range long {
		m["Async."+name] = method{args: of.args, run: async(of, name)}
	}
	for name, of := range m {
		of.session = true
		m[name] = of
	}
	return m
}

func guestField(x *exchange, a args, name string) (any, error) {
	r, err := guest(x, a)
	if err != nil {
		return nil, err
	}
	return r.(map[string]any)[name], nil
}

// changeVM replaces the VM whose reference is the first argument by what f
// makes of it, unless that is an error.
func changeVM(x *exchange, a args, f func(w *world, o *object, v *VM) error) (any, error) {
	o, err := find(x, a, classVM)
	if err != nil {
		return nil, err
	}
	w := &x.s.world
	w.mu.Lock()
	defer w.mu.Unlock()
	v := o.v.(VM)
	if err := f(w, o, &v); err != nil {
		return nil, err
	}
	o.v, o.modified = v, w.next()
	return "", nil
}

func setText(f func(v *VM, s string)) func(*exchange, args) (any, error) {
	return func(x *exchange, a args) (any, error) {
		s, err := a.string(1)
		if err != nil {
			return nil, err
		}
		return changeVM(x, a, func(_ *world, _ *object, v *VM) error {
			f(v, s)
			return nil
		})
	}
}

func withTag(tags []string, tag string) []string {
	if slices.Contains(tags, tag) {
		return tags
	}
	return append(slices.Clone(tags), tag)
}

func without(tags []string, tag string) []string {
	return slices.DeleteFunc(slices.Clone(tags), func(s string) bool { return s == tag })
}

func setTags(x *exchange, a args) (any, error) {
	tags, err := a.strings(1)
	if err != nil {
		return nil, err
	}
	return changeVM(x, a, func(_ *world, _ *object, v *VM) error {
		v.Tags = tags
		return nil
	})
}

func setTemplate(x *exchange, a args) (any, error) {
	is, ok := a[1].(bool)
	if !ok {
		return nil, failure{"INTERNAL_ERROR", "Rpc.Runtime_error: no boolean"}
	}
	return changeVM(x, a, func(_ *world, o *object, v *VM) error {
		if is && v.PowerState != "Halted" {
			return failure{"VM_BAD_POWER_STATE", o.ref, "halted", v.PowerState}
		}
		v.Template = is
		return nil
	})
}

func setAffinity(x *exchange, a args) (any, error) {
	ref, err := a.string(1)
	if err != nil {
		return nil, err
	}
	return changeVM(x, a, func(w *world, _ *object, v *VM) error {
		v.Affinity = ""
		if h := w.byRef[ref]; h != nil && h.class == classHost {
			v.Affinity = h.uuid
		}
		return nil
	})
}

// setMemory is set_memory_limits(static_min, static_max, dynamic_min, dynamic_max).
func setMemory(x *exchange, a args) (any, error) {
	var n [4]int64
	for i := range n {
		var err error
		if n[i], err = a.int(1 + i); err != nil {
			return nil, err
		}
	}
	return changeVM(x, a, func(_ *world, o *object, v *VM) error {
		if err := permit(o, *v, "changing_memory_limits", "Halted"); err != nil {
			return err
		}
		if n[0] > n[2] || n[2] > n[3] || n[3] > n[1] {
			return failure{"MEMORY_CONSTRAINT_VIOLATION", "static_min <= dynamic_min <= dynamic_max <= static_max"}
		}
		v.MemoryMin, v.MemoryBytes, v.DynamicMin, v.DynamicMax = n[0], n[1], n[2], n[3]
		return nil
	})
}

func setCPUs(highest bool) func(*exchange, args) (any, error) {
	return func(x *exchange, a args) (any, error) {
		n, err := a.int(1)
		if err != nil {
			return nil, err
		}
		return changeVM(x, a, func(_ *world, o *object, v *VM) error {
			if err := permit(o, *v, "changing_VCPUs", "Halted"); err != nil {
				return err
			}
			most, first := max(v.VCPUs, 1), v.VCPUsAtStartup
			if first == 0 {
				first = most
			}
			if highest {
				most = int(n)
			} else {
				first = int(n)
			}
			if n < 1 || first > most {
				return failure{"INVALID_VALUE", "VCPU values must satisfy: 0 < VCPUs_at_startup ≤ VCPUs_max", strconv.FormatInt(n, 10)}
			}
			v.VCPUs, v.VCPUsAtStartup = most, first
			return nil
		})
	}
}

func addToXenstore(x *exchange, a args) (any, error) {
	key, err := a.string(1)
	if err != nil {
		return nil, err
	}
	value, err := a.string(2)
	if err != nil {
		return nil, err
	}
	return changeVM(x, a, func(_ *world, o *object, v *VM) error {
		if _, ok := v.Xenstore[key]; ok {
			return failure{"MAP_DUPLICATE_KEY", "VM", "xenstore_data", o.ref, key}
		}
		v.Xenstore = maps.Clone(v.Xenstore)
		if v.Xenstore == nil {
			v.Xenstore = map[string]string{}
		}
		v.Xenstore[key] = value
		return nil
	})
}

func deviceNumbers[T any](list []T, of func(T) string) []string {
	var taken []string
	for _, v := range list {
		taken = append(taken, of(v))
	}
	return taken
}

// freeDevices are the numbers below n that no device of the VM has.
func freeDevices(n int, taken func(w *world, vm string) []string) func(*exchange, args) (any, error) {
	return func(x *exchange, a args) (any, error) {
		o, err := find(x, a, classVM)
		if err != nil {
			return nil, err
		}
		x.s.world.mu.Lock()
		defer x.s.world.mu.Unlock()
		used := taken(&x.s.world, o.uuid)
		free := []any{}
		for i := range n {
			if d := strconv.Itoa(i); !slices.Contains(used, d) {
				free = append(free, d)
			}
		}
		return free, nil
	}
}
