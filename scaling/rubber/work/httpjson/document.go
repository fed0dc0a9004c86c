package httpjson

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"time"

	"perfmon/scaling/rubber/work"
)

// What a document may say at most. More is a mistake of whoever wrote it.
const (
	maxTasks   = 1 << 40
	maxSeconds = 100 * 365 * 24 * 3600
)

// parse reads a document:
//
//	{"ready": 12, "unacked": 3, "consumers": 4, "oldest_seconds": 7.5}
//	{"absent": true}
func parse(body []byte) (work.Depth, error) {
	var doc *struct {
		Ready     *int     `json:"ready"`
		Unacked   *int     `json:"unacked"`
		Consumers *int     `json:"consumers"`
		Oldest    *float64 `json:"oldest_seconds"`
		Absent    bool     `json:"absent"`
	}
	if err := json.Unmarshal(body, &doc); err != nil {
		return work.Depth{}, fmt.Errorf("read the document: %w", err)
	}
	if doc == nil {
		return work.Depth{}, errors.New("read the document: null")
	}
	for _, field := range []struct {
		name string
		n    *int
	}{{"ready", doc.Ready}, {"unacked", doc.Unacked}, {"consumers", doc.Consumers}} {
		if field.n != nil && (*field.n < 0 || *field.n > maxTasks) {
			return work.Depth{}, fmt.Errorf("read the document: %s is %d, not from 0 to %d", field.name, *field.n, maxTasks)
		}
	}
	d := work.Depth{Ready: doc.Ready, Unacked: doc.Unacked, Consumers: doc.Consumers, Absent: doc.Absent}
	if doc.Oldest != nil {
		if math.IsNaN(*doc.Oldest) || *doc.Oldest < 0 || *doc.Oldest > maxSeconds {
			return work.Depth{}, fmt.Errorf("read the document: oldest_seconds is %v, not from 0 to %d", *doc.Oldest, maxSeconds)
		}
		age := time.Duration(*doc.Oldest * float64(time.Second))
		d.Oldest = &age
	}
	if d.Absent {
		if d.Ready != nil && *d.Ready > 0 || d.Unacked != nil && *d.Unacked > 0 {
			return work.Depth{}, errors.New("read the document: tasks in a queue that is absent")
		}
		var ready, unacked, consumers int
		var oldest time.Duration
		d.Ready, d.Unacked, d.Consumers, d.Oldest = &ready, &unacked, &consumers, &oldest
	}
	if d.Ready == nil && d.Unacked == nil && d.Consumers == nil && d.Oldest == nil {
		return work.Depth{}, errors.New(`read the document: none of "ready", "unacked", "consumers", "oldest_seconds" and "absent" is in it`)
	}
	return d, nil
}
