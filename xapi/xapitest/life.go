package xapitest

import (
	"crypto/sha256"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Life is the part of a VM that matters once calls start, stop and copy it.
type Life struct {
	// Devices says that the VM has the VBDs, VIFs and addresses that were put,
	// and no others; otherwise its record has made-up references.
	Devices         bool
	DefaultTemplate bool
	Description     string
	MemoryMin       int64    // static minimum, 0: half of MemoryBytes
	DynamicMin      int64    // 0: MemoryBytes
	DynamicMax      int64    // 0: MemoryBytes
	VCPUsAtStartup  int      // 0: VCPUs
	Addresses       []string // that a guest agent reports; one is made up when the VM starts
	NoAgent         bool     // nothing in the guest hears of a clean shutdown
	Affinity        string   // uuid of a host
	Xenstore        map[string]string
	SuspendVDI      string // uuid
	Started         int    // how often

	current map[string]string // task: what goes on
}

// guestMetrics is the class whose objects are not kept, but made of VMs.
const guestMetrics = "vm_guest_metrics"

// operationsIn are what a VM with devices can be asked for in its power state.
var operationsIn = map[string][]string{
	"Halted":    {"start", "start_on", "clone", "copy", "destroy", "make_into_template", "changing_memory_limits", "changing_VCPUs", "provision", "export", "snapshot"},
	"Running":   {"clean_shutdown", "hard_shutdown", "clean_reboot", "hard_reboot", "suspend", "pause", "pool_migrate", "snapshot", "checkpoint"},
	"Paused":    {"unpause", "hard_shutdown", "hard_reboot"},
	"Suspended": {"resume", "resume_on", "hard_shutdown", "destroy", "export"},
}

// templateOperations are what a template can be asked for.
var templateOperations = []string{"changing_memory_limits", "changing_VCPUs", "clone", "copy", "export", "provision", "destroy"}

// alive puts what is known of a VM with devices into its record.
func (w *world) alive(o *object, v VM, r map[string]any) {
	vifs := w.vifs(v.UUID)
	allowed := operationsIn[v.PowerState]
	if v.Template {
		allowed = templateOperations
	}
	if len(v.current) > 0 {
		allowed = nil
	}
	current := tasks(v.UUID, v.Operations)
	for task, operation := range v.current {
		current[task] = operation
	}
	orElse := func(n, other int64) string {
		if n == 0 {
			n = other
		}
		return decimal(n)
	}
	metrics := null
	if v.PowerState == "Running" && len(v.Addresses) > 0 {
		metrics = Ref(guestMetrics, v.UUID)
	}
	maps.Copy(r, map[string]any{
		"VBDs": refsOf(classVBD, w.devicesOf(v.UUID), func(b VBD) string { return b.UUID }),
		"VIFs": refsOf(classVIF, vifs, func(f VIF) string { return f.UUID }), "name_description": v.Description,
		"is_default_template": v.DefaultTemplate, "allowed_operations": list(allowed...), "current_operations": current,
		"memory_static_max": decimal(v.MemoryBytes), "memory_static_min": orElse(v.MemoryMin, v.MemoryBytes/2),
		"memory_dynamic_min": orElse(v.DynamicMin, v.MemoryBytes), "memory_dynamic_max": orElse(v.DynamicMax, v.MemoryBytes),
		"VCPUs_at_startup": orElse(int64(v.VCPUsAtStartup), int64(max(v.VCPUs, 1))), "affinity": refOr(classHost, v.Affinity),
		"xenstore_data": dict(v.Xenstore), "suspend_VDI": refOr(classVDI, v.SuspendVDI), "guest_metrics": metrics, "snapshots": []any{},
	})
}

// guestRecord is what a guest agent reports.
//
//	"networks": {"0/ip": "10.0.0.7", "0/ipv6/0": "fe80::1"}
func guestRecord(v VM) map[string]any {
	networks := map[string]any{}
	for i, a := range v.Addresses {
		key := fmt.Sprintf("%d/ip", i)
		if strings.Contains(a, ":") {
			key = fmt.Sprintf("%d/ipv6/0", i)
		}
		networks[key] = a
	}
	return map[string]any{
		"uuid": UUID("guest metrics " + v.UUID), "networks": networks, "os_version": dict(map[string]string{"name": "Simulated", "uname": "6.1"}),
		"PV_drivers_version": dict(map[string]string{"major": "8", "minor": "4", "micro": "0", "build": "1"}), "PV_drivers_up_to_date": true,
		"PV_drivers_detected": true, "live": true, "memory": map[string]any{}, "disks": map[string]any{}, "other": dict(map[string]string{"feature-shutdown": "1", "feature-suspend": "1"}),
		"other_config": map[string]any{}, "can_use_hotplug_vbd": "yes", "can_use_hotplug_vif": "yes", "last_updated": dateTime("20260821T00:00:00Z"),
	}
}

// guests are the records of all guest agents.
func guests(x *exchange, _ args) (any, error) {
	out := map[string]any{}
	x.s.world.each(classVM, func(o *object) {
		if v := o.v.(VM); v.Devices && v.PowerState == "Running" && len(v.Addresses) > 0 {
			out[Ref(guestMetrics, v.UUID)] = guestRecord(v)
		}
	})
	return out, nil
}

func guest(x *exchange, a args) (any, error) {
	ref, err := a.string(0)
	if err != nil {
		return nil, err
	}
	everyone, _ := guests(x, nil)
	r, ok := everyone.(map[string]any)[ref]
	if !ok {
		return nil, failure{"HANDLE_INVALID", "VM_guest_metrics", ref}
	}
	return r, nil
}

// addressOf is made up for a VM, the same each time.
func addressOf(uuid string) string {
	sum := sha256.Sum256([]byte(uuid))
	return fmt.Sprintf("10.%d.%d.%d", sum[0], sum[1], 1+sum[2]%254)
}

// permit says whether an operation may be begun, as XAPI does: is it one for
// a template, does the power state allow it, does another one go on.
func permit(o *object, v VM, operation string, states ...string) error {
	if v.Template && !slices.Contains(templateOperations, operation) {
		return failure{"VM_IS_TEMPLATE", o.ref, operation}
	}
	if v.DefaultTemplate && operation == "destroy" {
		return failure{"VM_IS_TEMPLATE", o.ref, operation}
	}
	if !slices.Contains(states, v.PowerState) {
		return failure{"VM_BAD_POWER_STATE", o.ref, strings.ToLower(strings.Join(states, ", ")), strings.ToLower(v.PowerState)}
	}
	for task, other := range v.current {
		copies := []string{"clone", "copy", "export"}
		switch {
		case slices.Contains(copies, operation) && slices.Contains(copies, other):
		case operation == "hard_shutdown" && other != "hard_shutdown":
		default:
			return failure{"OTHER_OPERATION_IN_PROGRESS", "VM", o.ref, other, task}
		}
	}
	return nil
}

// operate does something with the VM whose reference is the first argument:
// it is begun if that is permitted, takes the time that it takes, and is then
// carried out by do, with the lock held.
func (x *exchange) operate(a args, operation string, states []string, check func(*world, *object, VM) error, do func(w *world, o *object, v VM) (any, error)) (any, error) {
	ref, err := a.string(0)
	if err != nil {
		return nil, err
	}
	w := &x.s.world
	task := x.task
	if task == "" {
		task = randomRef()
	}
	begin := func() error {
		w.mu.Lock()
		defer w.mu.Unlock()
		o, err := w.handle(classVM, ref)
		if err != nil {
			return err
		}
		v := o.v.(VM)
		if err := permit(o, v, operation, states...); err != nil {
			return err
		}
		if check != nil {
			if err := check(w, o, v); err != nil {
				return err
			}
		}
		v.current = maps.Clone(v.current)
		if v.current == nil {
			v.current = map[string]string{}
		}
		v.current[task] = operation
		o.v, o.modified = v, w.next()
		return nil
	}
	if err := begin(); err != nil {
		return nil, err
	}
	waitErr := x.s.pace.wait(x.ctx, x.call.method)
	w.mu.Lock()
	defer w.mu.Unlock()
	o, err := w.handle(classVM, ref)
	if err != nil {
		return nil, err
	}
	defer func() {
		if w.byRef[ref] == o { // it has not been destroyed
			w.ended(o, task)
		}
	}()
	if waitErr != nil {
		return nil, waitErr
	}
	v := o.v.(VM)
	if !slices.Contains(states, v.PowerState) { // something else has had its way meanwhile
		return nil, failure{"VM_BAD_POWER_STATE", o.ref, strings.ToLower(strings.Join(states, ", ")), strings.ToLower(v.PowerState)}
	}
	return do(w, o, v)
}

// ended takes an operation off a VM, with the lock held.
func (w *world) ended(o *object, task string) {
	v := o.v.(VM)
	v.current = maps.Clone(v.current)
	delete(v.current, task)
	o.v, o.modified = v, w.next()
}
