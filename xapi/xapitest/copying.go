package xapitest

import (
	"encoding/xml"
	"fmt"
	"maps"
	"strconv"
)

// copyVM is VM.clone and, with a reference of an SR as third argument,
// VM.copy. The copy of a template is a template, with the tags and the
// other_config of the first.
func copyVM(operation string) func(*exchange, args) (any, error) {
	return func(x *exchange, a args) (any, error) {
		name, err := a.string(1)
		if err != nil {
			return nil, err
		}
		to := ""
		if operation == "copy" {
			if to, err = a.string(2); err != nil {
				return nil, err
			}
		}
		var copied string
		_, err = x.operate(a, operation, []string{"Halted"}, nil, func(w *world, o *object, v VM) (any, error) {
			copied, err = x.copyVM(v, name, to)
			return "", err
		})
		if err != nil {
			return nil, err
		}
		return Ref(classVM, copied), nil
	}
}

// CopyDevices is what Hold and Take call the second half of VM.clone and
// VM.copy: the new VM is there, and has no disks and networks yet.
const CopyDevices = "VM.clone: devices"

// copyVM is called with the lock held, and lets it go in between.
func (x *exchange) copyVM(v VM, name, to string) (uuid string, err error) {
	w := &x.s.world
	sr := ""
	if to != "" && to != null {
		o, err := w.handle(classSR, to)
		if err != nil {
			return "", err
		}
		if o.v.(SR).ContentType == "iso" {
			return "", failure{"OPERATION_NOT_ALLOWED", "Cannot copy a VM's disks to an ISO SR"}
		}
		sr = o.uuid
	}
	from := v.UUID
	v.UUID, v.Name, v.DefaultTemplate, v.current, v.SuspendVDI, v.Addresses, v.Started = newUUID(), name, false, nil, "", nil, 0
	old := v.OtherConfig
	v.OtherConfig = maps.Clone(old)
	if v.OtherConfig == nil {
		v.OtherConfig = map[string]string{}
	}
	v.OtherConfig["mac_seed"] = newUUID()
	if v.Template && v.OtherConfig["base_template_name"] == "" {
		o := w.byUUID[classVM+from]
		v.OtherConfig["base_template_name"] = o.v.(VM).Name
	}
	devices := w.devicesOf(from)
	for i, b := range devices {
		d, ok := w.vdi(b.VDI)
		b.UUID, b.VM, b.Attached = newUUID(), v.UUID, false
		if ok && b.Type == "Disk" {
			d.UUID = newUUID()
			if sr != "" {
				d.SR = sr
				if err := w.fill(sr, d.Size); err != nil {
					return "", err
				}
			}
			d.OtherConfig = maps.Clone(d.OtherConfig)
			b.VDI = d.UUID
			b.OtherConfig = maps.Clone(b.OtherConfig)
			if b.OtherConfig == nil {
				b.OtherConfig = map[string]string{}
			}
			b.OtherConfig["owner"] = ""
			w.set(classVDI, d.UUID, d)
		}
		devices[i] = b
	}
	task := randomRef()
	v.current = map[string]string{task: "clone"}
	o := w.set(classVM, v.UUID, v)
	w.mu.Unlock()
	err = x.s.pace.wait(x.ctx, CopyDevices)
	w.mu.Lock()
	if err != nil {
		return "", err
	}
	defer w.ended(o, task)
	for _, b := range devices {
		w.set(classVBD, b.UUID, b)
	}
	for _, f := range w.vifs(from) {
		f.UUID, f.VM, f.MAC = newUUID(), v.UUID, macOf(v.UUID, f.Device)
		w.set(classVIF, f.UUID, f)
	}
	return v.UUID, nil
}

func macOf(seed, device string) string {
	sum := hashString(seed + device)
	return fmt.Sprintf("%02x:%02x:%02x:%02x:%02x:%02x", byte(sum)&^1|2, byte(sum>>8), byte(sum>>16), byte(sum>>24), byte(sum>>32), byte(sum>>40))
}

// fill takes bytes of an SR, with the lock held.
func (w *world) fill(sr string, size int64) error {
	o := w.byUUID[classSR+sr]
	v := o.v.(SR)
	if v.PhysicalSize > 0 && v.PhysicalUtilisation+size > v.PhysicalSize {
		return failure{"SR_FULL", decimal(size), decimal(v.PhysicalSize - v.PhysicalUtilisation)}
	}
	v.PhysicalUtilisation += size
	o.v, o.modified = v, w.next()
	return nil
}

// provision makes a VM of a template, with the disks that its other_config
// asks for:
//
//	<provision><disk device="0" size="8589934592" sr="…" bootable="true" type="system"/></provision>
func provision(x *exchange, a args) (any, error) {
	return x.operate(a, "provision", []string{"Halted"}, nil, func(w *world, o *object, v VM) (any, error) {
		var want struct {
			Disks []struct {
				Device   int    `xml:"device,attr"`
				Size     int64  `xml:"size,attr"`
				SR       string `xml:"sr,attr"`
				Bootable bool   `xml:"bootable,attr"`
				Type     string `xml:"type,attr"`
			} `xml:"disk"`
		}
		v.Template = false
		o.v, o.modified = v, w.next()
		text, ok := v.OtherConfig["disks"]
		if !ok {
			return "", nil
		}
		if err := xml.Unmarshal([]byte(text), &want); err != nil {
			return nil, failure{"PROVISION_FAILED_OUT_OF_SPACE"}
		}
		for _, d := range want.Disks {
			if w.byUUID[classSR+d.SR] == nil {
				return nil, failure{"UUID_INVALID", "SR", d.SR}
			}
			if err := w.fill(d.SR, d.Size); err != nil {
				return nil, err
			}
			disk := VDI{UUID: newUUID(), Name: strconv.Itoa(d.Device), Description: "Created by template provisioner", SR: d.SR, Size: d.Size, Type: d.Type}
			w.set(classVDI, disk.UUID, disk)
			drive := VBD{UUID: newUUID(), VM: v.UUID, VDI: disk.UUID, Device: strconv.Itoa(d.Device), Type: "Disk", Mode: "RW", Bootable: d.Bootable,
				OtherConfig: map[string]string{"owner": "true"}}
			w.set(classVBD, drive.UUID, drive)
		}
		v.OtherConfig = maps.Clone(v.OtherConfig)
		delete(v.OtherConfig, "disks")
		o.v, o.modified = v, w.next()
		return "", nil
	})
}
