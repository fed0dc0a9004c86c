package local

import (
	"bytes"
	"errors"
)

// nicTotals are those of one network device since it came up.
type nicTotals struct {
	name               []byte // eth0
	rx, tx             uint64
	rxErrors, txErrors uint64
}

// parseNetDev reads /proc/net/dev into nics. Their names are part of data. A
// name may touch the number behind it.
//
//	Inter-|   Receive                                                |  Transmit
//	 face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed
//	    lo:     500     100    0    0    0     0          0         0      500     200    0    0    0     0       0          0
//	  eth0:    1000     100    0    0    0     0          0         0     2000     200    0    0    0     0       0          0
func parseNetDev(data []byte, nics []nicTotals) ([]nicTotals, error) {
	l := newLines(data)
	for {
		line, ok := l.next()
		if !ok {
			break
		}
		if l.n <= 2 {
			continue // the head
		}
		// Linux before 4.12 lets a name have a colon.
		colon := bytes.LastIndexByte(line, ':')
		if colon < 0 {
			return nil, l.malformed("no name of a NIC", line)
		}
		name, more := word(line[:colon])
		if len(name) == 0 || len(more) > 0 {
			return nil, l.malformed("no name of a NIC", line)
		}
		var c [11]uint64 // the first three of transmit are the last that count
		n, ok := numbers(line[colon+1:], c[:])
		if !ok || n < len(c) {
			return nil, l.malformed("not the counters of a NIC", line)
		}
		nics = append(nics, nicTotals{name: name, rx: c[0], tx: c[8], rxErrors: c[2], txErrors: c[10]})
	}
	if l.n < 2 {
		return nil, errors.New("line 1: no head of two lines")
	}
	return nics, nil
}
