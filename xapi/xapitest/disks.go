package xapitest

import (
	"io"
	"maps"
	"net/http"
	"strconv"
)

// maxDisk bounds what is written to a disk at once.
const maxDisk = 64 << 20

// fields reads a record that is the first argument.
type fields map[string]any

func (a args) record(i int) (fields, error) {
	m, ok := a[i].(map[string]any)
	if !ok {
		return nil, failure{"INTERNAL_ERROR", "Rpc.Runtime_error: the record is no dictionary"}
	}
	return m, nil
}

func (f fields) text(name string) (string, error) {
	s, ok := f[name].(string)
	if !ok {
		return "", failure{"FIELD_TYPE_ERROR", name}
	}
	return s, nil
}

func (f fields) dict(name string) (map[string]string, error) {
	return args{f[name]}.stringMap(0)
}

func (f fields) flag(name string) bool { b, _ := f[name].(bool); return b }

// handleIn is the object that a field of the record names, with the lock held.
func (w *world) handleIn(f fields, name, class string) (*object, error) {
	ref, err := f.text(name)
	if err != nil {
		return nil, err
	}
	return w.handle(class, ref)
}

func createVDI(x *exchange, a args) (any, error) {
	f, err := a.record(0)
	if err != nil {
		return nil, err
	}
	if err := x.s.pace.wait(x.ctx, x.call.method); err != nil {
		return nil, err
	}
	w := &x.s.world
	w.mu.Lock()
	defer w.mu.Unlock()
	sr, err := w.handleIn(f, "SR", classSR)
	if err != nil {
		return nil, err
	}
	d := VDI{UUID: newUUID(), SR: sr.uuid, Sharable: f.flag("sharable"), ReadOnly: f.flag("read_only")}
	for name, to := range map[string]*string{"name_label": &d.Name, "name_description": &d.Description, "type": &d.Type} {
		if *to, err = f.text(name); err != nil {
			return nil, err
		}
	}
	if d.Size, err = (args{f["virtual_size"]}).int(0); err != nil {
		return nil, err
	}
	if d.OtherConfig, err = f.dict("other_config"); err != nil {
		return nil, err
	}
	if sr.v.(SR).ContentType == "iso" {
		return nil, failure{"SR_OPERATION_NOT_SUPPORTED", sr.ref}
	}
	if err := w.fill(sr.uuid, d.Size); err != nil {
		return nil, err
	}
	return w.set(classVDI, d.UUID, d).ref, nil
}

// destroyVDI takes the VBDs that nobody uses with it.
func destroyVDI(x *exchange, a args) (any, error) {
	o, err := find(x, a, classVDI)
	if err != nil {
		return nil, err
	}
	if err := x.s.pace.wait(x.ctx, x.call.method); err != nil {
		return nil, err
	}
	w := &x.s.world
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.byRef[o.ref] != o {
		return nil, failure{"HANDLE_INVALID", "VDI", o.ref}
	}
	used := w.vbds(func(b VBD) bool { return b.VDI == o.uuid })
	for _, b := range used {
		if b.Attached {
			return nil, failure{"VDI_IN_USE", o.ref, "destroy"}
		}
	}
	for _, b := range used {
		w.drop(classVBD, b.UUID)
	}
	w.remove(o)
	return "", nil
}

func createVBD(x *exchange, a args) (any, error) {
	f, err := a.record(0)
	if err != nil {
		return nil, err
	}
	w := &x.s.world
	w.mu.Lock()
	defer w.mu.Unlock()
	vm, err := w.handleIn(f, "VM", classVM)
	if err != nil {
		return nil, err
	}
	b := VBD{UUID: newUUID(), VM: vm.uuid, Bootable: f.flag("bootable")}
	if !f.flag("empty") {
		vdi, err := w.handleIn(f, "VDI", classVDI)
		if err != nil {
			return nil, err
		}
		b.VDI = vdi.uuid
	}
	for name, to := range map[string]*string{"userdevice": &b.Device, "type": &b.Type, "mode": &b.Mode} {
		if *to, err = f.text(name); err != nil {
			return nil, err
		}
	}
	if b.OtherConfig, err = f.dict("other_config"); err != nil {
		return nil, err
	}
	var taken []string
	for _, other := range w.devicesOf(vm.uuid) {
		taken = append(taken, other.Device)
	}
	if b.Device == "autodetect" {
		b.Device = freeDevice(taken)
	}
	if n, err := strconv.Atoi(b.Device); err != nil || n < 0 || n > 15 {
		return nil, failure{"INVALID_DEVICE", b.Device}
	}
	for _, d := range taken {
		if d == b.Device {
			return nil, failure{"DEVICE_ALREADY_EXISTS", b.Device}
		}
	}
	return w.set(classVBD, b.UUID, b).ref, nil
}

func createVIF(x *exchange, a args) (any, error) {
	f, err := a.record(0)
	if err != nil {
		return nil, err
	}
	w := &x.s.world
	w.mu.Lock()
	defer w.mu.Unlock()
	vm, err := w.handleIn(f, "VM", classVM)
	if err != nil {
		return nil, err
	}
	network, err := w.handleIn(f, "network", classNetwork)
	if err != nil {
		return nil, err
	}
	v := VIF{UUID: newUUID(), VM: vm.uuid, Network: network.uuid}
	for name, to := range map[string]*string{"device": &v.Device, "MAC": &v.MAC} {
		if *to, err = f.text(name); err != nil {
			return nil, err
		}
	}
	if v.OtherConfig, err = f.dict("other_config"); err != nil {
		return nil, err
	}
	for _, other := range w.vifs(vm.uuid) {
		if other.Device == v.Device {
			return nil, failure{"DEVICE_ALREADY_EXISTS", v.Device}
		}
	}
	if v.MAC == "" {
		seed := vm.v.(VM).OtherConfig["mac_seed"]
		if seed == "" {
			return nil, failure{"MAC_INVALID", ""}
		}
		v.MAC = macOf(seed, v.Device)
	}
	return w.set(classVIF, v.UUID, v).ref, nil
}

// destroyDevice is VBD.destroy and VIF.destroy.
func destroyDevice(class string) func(*exchange, args) (any, error) {
	return func(x *exchange, a args) (any, error) {
		o, err := find(x, a, class)
		if err != nil {
			return nil, err
		}
		w := &x.s.world
		w.mu.Lock()
		defer w.mu.Unlock()
		if b, ok := o.v.(VBD); ok && b.Attached {
			return nil, failure{"OPERATION_NOT_ALLOWED", "VBD '" + b.UUID + "' still attached to '" + b.VM + "'"}
		}
		w.drop(class, o.uuid)
		return "", nil
	}
}

// importDisk is PUT /import_raw_vdi: the answer's head comes first, then the
// content is read and written, and what goes wrong with that is said by the
// task alone.
func (x *exchange) importDisk() *reply {
	x.limit.N += maxDisk
	if r := x.authenticate(); r != nil {
		return r
	}
	w := &x.s.world
	task := x.query.Get("task_id")
	w.mu.Lock()
	o, err := w.handle(classVDI, x.query.Get("vdi"))
	w.mu.Unlock()
	if err != nil {
		w.endTask(task, "", err)
		return page(400, "Bad Request", "bad request", "")
	}
	if elsewhere := w.elsewhere(o, x.s.HostUUID()); elsewhere != "" {
		r := bare("HTTP/1.1", 302, "Found")
		r.header = append(r.header, "Location: https://"+elsewhere+x.req.URL.RequestURI())
		return r
	}
	r := bare("HTTP/1.1", http.StatusOK, "OK")
	if x.fault == nil {
		if _, err := x.conn.Write(r.head()); err != nil {
			return r
		}
		r.sent = true
	}
	content, err := io.ReadAll(io.LimitReader(x.req.Body, maxDisk))
	if err == nil {
		err = x.write(o.uuid, content)
	}
	w.endTask(task, "<value>"+o.ref+"</value>", err)
	return r
}

// elsewhere is the address of a host that reaches a disk, if this one does not.
func (w *world) elsewhere(vdi *object, here string) string {
	w.mu.Lock()
	defer w.mu.Unlock()
	sr := vdi.v.(VDI).SR
	if w.reaches(here, sr) {
		return ""
	}
	for _, o := range w.objects {
		if h, ok := o.v.(Host); ok && w.reaches(h.UUID, sr) {
			return h.Address
		}
	}
	return ""
}

// write puts content at the beginning of a disk. Meanwhile the disk is attached
// to the control domain.
func (x *exchange) write(vdi string, content []byte) error {
	w := &x.s.world
	w.mu.Lock()
	defer w.mu.Unlock()
	d, ok := w.vdi(vdi)
	switch {
	case !ok:
		return failure{"HANDLE_INVALID", "VDI", Ref(classVDI, vdi)}
	case int64(len(content)) > d.Size:
		return failure{"VDI_IO_ERROR", "the content is larger than the disk"}
	case len(w.vbds(func(b VBD) bool { return b.VDI == vdi && b.Attached })) > 0:
		return failure{"VDI_IN_USE", Ref(classVDI, vdi), "attach"}
	}
	drive := VBD{UUID: newUUID(), VM: x.s.opt.ControlDomainUUID, VDI: vdi, Device: "autodetect", Type: "Disk", Mode: "RW", Attached: true}
	w.set(classVBD, drive.UUID, drive)
	w.mu.Unlock()
	err := x.s.pace.wait(x.s.pace.ctx, ImportDisk)
	w.mu.Lock()
	w.drop(classVBD, drive.UUID)
	if d, ok = w.vdi(vdi); !ok || err != nil {
		return failure{"TASK_CANCELLED"}
	}
	d.Content, d.OtherConfig = content, maps.Clone(d.OtherConfig)
	w.set(classVDI, vdi, d)
	return nil
}

// ImportDisk is what Hold and Take call PUT /import_raw_vdi.
const ImportDisk = "import_raw_vdi"
