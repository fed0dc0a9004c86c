package main

import (
	"maps"
	"sync"

	"perfmon/monitor"
	"perfmon/rrd"
)

// joint makes one inventory of what the toolstack says and of the trigger
// files. Those who have news of either call it, each from a goroutine of its
// own; it starts none.
type joint struct {
	give func(*monitor.Inventory) // does not block

	mu sync.Mutex
	// mu guards everything that follows, and keeps the order of what is given.
	inv   *monitor.Inventory // nil until the toolstack has answered
	files map[string]string  // nil until they have been read
}

func (j *joint) setInventory(inv *monitor.Inventory) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.inv = inv
	j.pass()
}

// setFiles passes on what differs from the last time.
func (j *joint) setFiles(files map[string]string) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.files != nil && maps.Equal(j.files, files) {
		return
	}
	j.files = files
	j.pass()
}

// pass gives nothing until all is known: what an object inherits would seem to
// have been removed.
func (j *joint) pass() {
	if j.inv == nil || j.files == nil {
		return
	}
	inv := *j.inv
	inv.Files = j.files
	j.give(&inv)
}

// localInventory is the inventory of a host without a toolstack. Where nothing
// is inherited its file is the host's own configuration; nil while that is not
// known.
func localInventory(uuid, name string, files map[string]string, legacy bool) *monitor.Inventory {
	facts := &monitor.Facts{Name: name, Resident: true}
	inv := &monitor.Inventory{HostUUID: uuid, Objects: map[monitor.Object]*monitor.Facts{{Class: rrd.ClassHost, UUID: uuid}: facts}}
	if !legacy {
		inv.Files = files
		return inv
	}
	text, known := files[rrd.ClassHost]
	if !known {
		return nil
	}
	facts.Config = text
	return inv
}
