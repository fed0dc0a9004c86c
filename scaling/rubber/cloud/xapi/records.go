package xapi

import toolstack "perfmon/xapi"

// vm is what is read of a VM's record.
type vm struct {
	ref string

	UUID          string            `json:"uuid"`
	Name          string            `json:"name_label"`
	Description   string            `json:"name_description"`
	PowerState    string            `json:"power_state"`
	Template      bool              `json:"is_a_template"`
	Snapshot      bool              `json:"is_a_snapshot"`
	ControlDomain bool              `json:"is_control_domain"`
	ResidentOn    string            `json:"resident_on"`
	OtherConfig   map[string]string `json:"other_config"`
	Xenstore      map[string]string `json:"xenstore_data"`
	Tags          []string          `json:"tags"`
	Operations    map[string]string `json:"current_operations"`
	VBDs          []string          `json:"VBDs"`
	VIFs          []string          `json:"VIFs"`
	GuestMetrics  string            `json:"guest_metrics"`
	StaticMin     toolstack.Int     `json:"memory_static_min"`
	StaticMax     toolstack.Int     `json:"memory_static_max"`
	DynamicMin    toolstack.Int     `json:"memory_dynamic_min"`
	DynamicMax    toolstack.Int     `json:"memory_dynamic_max"`
	CPUs          toolstack.Int     `json:"VCPUs_max"`
	CPUsAtStart   toolstack.Int     `json:"VCPUs_at_startup"`
}

type vbd struct {
	VM     string `json:"VM"`
	VDI    string `json:"VDI"`
	Type   string `json:"type"`
	Device string `json:"userdevice"`
}

type vdi struct {
	ref string

	UUID        string            `json:"uuid"`
	Name        string            `json:"name_label"`
	SR          string            `json:"SR"`
	VBDs        []string          `json:"VBDs"`
	Sharable    bool              `json:"sharable"`
	Snapshot    bool              `json:"is_a_snapshot"`
	Size        toolstack.Int     `json:"virtual_size"`
	OtherConfig map[string]string `json:"other_config"`
}

type vif struct {
	Network string `json:"network"`
	Device  string `json:"device"`
}

type network struct {
	UUID string `json:"uuid"`
	Name string `json:"name_label"`
}

type host struct {
	ref string

	UUID     string `json:"uuid"`
	Name     string `json:"name_label"`
	Hostname string `json:"hostname"`
	Enabled  bool   `json:"enabled"`
}

type storage struct {
	ref string

	UUID        string        `json:"uuid"`
	Name        string        `json:"name_label"`
	ContentType string        `json:"content_type"`
	Size        toolstack.Int `json:"physical_size"`
	Used        toolstack.Int `json:"physical_utilisation"`
}

type guest struct {
	Networks map[string]string `json:"networks"` // "0/ip": "10.0.0.7", "0/ipv6/0": "fe80::1"
}

const nullRef = "OpaqueRef:NULL"

func isRef(ref string) bool { return ref != "" && ref != nullRef }
