package main

import (
	"context"
	"errors"
	"math"
	"strings"

	"perfmon/alarm"
	"perfmon/alarm/shadow"
	"perfmon/monitor"
	"perfmon/monitor/config"
)

// watchedBy are the objects of which alarms are compared: this host, the VMs
// on it, the SRs whose alarms it raises, and all that it has rows of, by which
// the stock daemon goes.
func watchedBy(inv *monitor.Inventory, snapshot *monitor.Snapshot) map[shadow.Object]shadow.Facts {
	hasRows := map[monitor.Object]bool{}
	if snapshot != nil && snapshot.Legend != nil {
		for _, e := range snapshot.Legend.Entries {
			hasRows[monitor.Object{Class: e.Class, UUID: e.UUID}] = true
		}
	}
	watched := map[shadow.Object]shadow.Facts{}
	for key, f := range inv.Objects {
		here := f.Resident
		if f.SR != nil {
			here = f.SR.RaisedHere
		}
		if here || hasRows[key] {
			watched[shadow.Object(key)] = shadow.Facts{Name: f.Name, Config: f.Config}
		}
	}
	return watched
}

// circumstances asks the loop, and where that has ended its last picture.
func circumstances(ctx context.Context, m *monitor.Monitor, id alarm.ID) *shadow.Circumstances {
	ctx, cancel := context.WithTimeout(ctx, shadowExplain)
	defer cancel()
	x, err := m.Explain(ctx, monitor.Object{Class: id.Class, UUID: id.UUID}, id.Variable)
	var missing *monitor.NotFoundError
	switch {
	case errors.As(err, &missing):
		return &shadow.Circumstances{}
	case err != nil:
		return inPicture(m.Snapshot(), id)
	}
	known := &shadow.Circumstances{InForce: true, Muted: x.Muted, Columns: x.Columns}
	if !strings.HasPrefix(x.From, config.OwnOrigin) {
		known.From = x.From
	}
	for _, r := range x.Rows {
		row := shadow.Row{Time: r.T, Value: math.NaN()}
		if r.Value != nil {
			row.Value = *r.Value
		}
		known.Rows = append(known.Rows, row)
	}
	return known
}

func inPicture(snapshot *monitor.Snapshot, id alarm.ID) *shadow.Circumstances {
	if snapshot == nil {
		return nil
	}
	for _, v := range snapshot.Variables {
		if v.ID == id {
			return &shadow.Circumstances{InForce: true}
		}
	}
	return &shadow.Circumstances{}
}
