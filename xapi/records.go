package xapi

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
)

// records is what is kept of a pool's database, by reference. A whole VM
// record is some 9 KB; these are the few fields that an agent needs.
type records struct {
	vms   map[string]vmRecord
	hosts map[string]hostRecord
	srs   map[string]srRecord
	pbds  map[string]pbdRecord
	pools map[string]poolRecord
}

// classes are the database classes that records have.
var classes = []string{"vm", "host", "sr", "pbd", "pool"}

type vmRecord struct {
	UUID          string      `json:"uuid"`
	Name          string      `json:"name_label"`
	OtherConfig   otherConfig `json:"other_config"`
	Tags          words       `json:"tags"`
	Operations    operations  `json:"current_operations"`
	ResidentOn    string      `json:"resident_on"`
	PowerState    string      `json:"power_state"`
	ControlDomain bool        `json:"is_control_domain"`
	Template      bool        `json:"is_a_template"`
	Snapshot      bool        `json:"is_a_snapshot"`
}

type hostRecord struct {
	UUID        string      `json:"uuid"`
	Name        string      `json:"name_label"`
	OtherConfig otherConfig `json:"other_config"`
	Tags        words       `json:"tags"`
	Operations  operations  `json:"current_operations"`
	Enabled     bool        `json:"enabled"`
}

type srRecord struct {
	UUID                string      `json:"uuid"`
	Name                string      `json:"name_label"`
	OtherConfig         otherConfig `json:"other_config"`
	Tags                words       `json:"tags"`
	Type                string      `json:"type"`
	ContentType         string      `json:"content_type"`
	Shared              bool        `json:"shared"`
	PhysicalSize        Int         `json:"physical_size"`
	PhysicalUtilisation Int         `json:"physical_utilisation"`
}

type pbdRecord struct {
	Host     string `json:"host"`
	SR       string `json:"SR"`
	Attached bool   `json:"currently_attached"`
}

type poolRecord struct {
	UUID        string      `json:"uuid"`
	Master      string      `json:"master"`
	OtherConfig otherConfig `json:"other_config"`
}

func newRecords() *records {
	return &records{
		vms:   map[string]vmRecord{},
		hosts: map[string]hostRecord{},
		srs:   map[string]srRecord{},
		pbds:  map[string]pbdRecord{},
		pools: map[string]poolRecord{},
	}
}

// apply takes one event over. It says whether a field that is kept changed.
// After an error the records are as before. Events of other classes, and
// changes that carry no record, change nothing.
func (r *records) apply(e *event) (changed bool, err error) {
	switch strings.ToLower(e.Class) {
	case "vm":
		return update(r.vms, e, func(v *vmRecord) {
			if v.Template || v.Snapshot { // only counted
				*v = vmRecord{Template: v.Template, Snapshot: v.Snapshot}
			}
		})
	case "host":
		return update(r.hosts, e, nil)
	case "sr":
		return update(r.srs, e, nil)
	case "pbd":
		return update(r.pbds, e, nil)
	case "pool":
		return update(r.pools, e, nil)
	}
	return false, nil
}

// config is the other_config of the object that an event is about.
func (r *records) config(e *event) otherConfig {
	switch strings.ToLower(e.Class) {
	case "vm":
		return r.vms[e.Ref].OtherConfig
	case "host":
		return r.hosts[e.Ref].OtherConfig
	case "sr":
		return r.srs[e.Ref].OtherConfig
	case "pool":
		return r.pools[e.Ref].OtherConfig
	}
	return otherConfig{}
}

func update[T any](all map[string]T, e *event, trim func(*T)) (changed bool, err error) {
	old, known := all[e.Ref]
	if e.Operation == "del" {
		delete(all, e.Ref)
		return known, nil
	}
	if len(e.Snapshot) == 0 || string(e.Snapshot) == "null" {
		return false, nil
	}
	var record T
	if err := json.Unmarshal(e.Snapshot, &record); err != nil {
		return false, fmt.Errorf("read %.20s record of %.60q: %w", e.Class, e.Ref, err)
	}
	if trim != nil {
		trim(&record)
	}
	all[e.Ref] = record
	return !known || !reflect.DeepEqual(record, old), nil
}

// agree says whether the numbers of objects are those that the toolstack has.
// A class that it does not count agrees.
func (r *records) agree(counts map[string]Int) bool {
	have := map[string]int{
		"vm": len(r.vms), "host": len(r.hosts), "sr": len(r.srs), "pbd": len(r.pbds), "pool": len(r.pools),
	}
	for class, n := range counts {
		if got, ok := have[strings.ToLower(class)]; ok && int64(got) != int64(n) {
			return false
		}
	}
	return true
}
