package xapi

// joint is one PBD: a host joined to an SR.
type joint struct {
	hostRef  string
	host     hostRecord
	attached bool
}

// jointsOf sorts the PBDs by SR. A PBD whose host is not known is left out.
func jointsOf(r *records) map[string][]joint {
	bySR := make(map[string][]joint, len(r.srs))
	for _, p := range r.pbds {
		if h, ok := r.hosts[p.Host]; ok {
			bySR[p.SR] = append(bySR[p.SR], joint{hostRef: p.Host, host: h, attached: p.Attached})
		}
	}
	return bySR
}

// whyNotRaised says why the host with reference here does not raise alarms
// from the record of an SR, or "" if it does. A record is the same on every
// host of the pool, so exactly one raises: the coordinator if the SR is
// attached to it, else the enabled host with the lowest uuid among those that
// the SR is attached to. Every host comes to the same answer by itself.
func whyNotRaised(s srRecord, joints []joint, here, coordinator string) NotRaised {
	if s.ContentType == "iso" || s.Type == "iso" || s.Type == "udev" {
		return NotRaisedISO
	}
	var attached bool
	var owner, lowest string // reference and uuid
	for _, j := range joints {
		if !j.attached {
			continue
		}
		attached = true
		if j.hostRef == coordinator {
			owner, lowest = coordinator, "" // no uuid is lower
		} else if j.host.Enabled && (owner == "" || j.host.UUID < lowest) {
			owner, lowest = j.hostRef, j.host.UUID
		}
	}
	switch {
	case !attached:
		return NotRaisedUnplugged
	case s.PhysicalSize <= 0:
		return NotRaisedNoSize
	case owner == "":
		return NotRaisedNoHost
	case owner != here:
		return NotRaisedOtherHost
	}
	return ""
}
