package rubber

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	"perfmon/scaling/rubber/plan"
)

// recordVersion is the form in which records are written. A reader refuses
// those of a later one.
const recordVersion = 1

// Gone is the state of a machine that is no more: its record is deleted. The
// others are those of package plan.
const Gone plan.State = "gone"

// Record is what is remembered of one machine, from before it is asked for
// until it is seen to be gone.
type Record struct {
	Version int    `json:"version"`
	Intent  string `json:"intent"` // key of the record, and the mark on the machine

	Profile    string `json:"profile"`
	Queue      string `json:"queue"`
	Cloud      string `json:"cloud"` // name of the cloud, as configured
	Name       string `json:"name"`  // of the machine, and host part of its workers' names
	Generation string `json:"generation,omitempty"`

	ID      string   `json:"id,omitempty"` // the cloud's; "": not known (yet)
	Host    string   `json:"host,omitempty"`
	Storage []string `json:"storage,omitempty"`

	State    plan.State `json:"state"`
	Since    time.Time  `json:"since"`             // of State
	Deadline time.Time  `json:"deadline,omitzero"` // when patience with State ends; zero: never
	Created  time.Time  `json:"created"`           // when the machine was wanted
	Booted   time.Time  `json:"booted,omitzero"`   // when it was first seen to run, or woken last

	EverReady      bool      `json:"ever_ready,omitempty"`
	FirstHeartbeat time.Time `json:"first_heartbeat,omitzero"`

	// Where the plan would like it to be; kept, so that a request that is
	// repeated after a crash is the same.
	Avoid        []string `json:"avoid,omitempty"`
	Prefer       []string `json:"prefer,omitempty"`
	AvoidStorage []string `json:"avoid_storage,omitempty"`

	Attempts int       `json:"attempts,omitempty"` // times that the cloud was asked to make it
	Tried    time.Time `json:"tried,omitzero"`     // the last of them
	Slow     bool      `json:"slow,omitempty"`     // it was noted to build for too long
	Waking   bool      `json:"waking,omitempty"`   // parked, and the cloud is to be asked to start it

	Release   *Release            `json:"release,omitempty"`   // it is being let go, or rests
	Cancelled map[string][]string `json:"cancelled,omitempty"` // worker: queues that it was told to leave, written before it was told

	Ending  string    `json:"ending,omitempty"`  // why it is deleted
	Proven  bool      `json:"proven,omitempty"`  // it had nothing to do, and was told to take nothing more
	Stopped time.Time `json:"stopped,omitzero"`  // when its guest was asked to shut down
	Deleted time.Time `json:"deleted,omitzero"`  // when the cloud last took the request to delete it
	Forced  bool      `json:"forced,omitempty"`  // an operator wants it deleted whatever it does
	Adopt   string    `json:"adopt,omitempty"`   // name of a machine of the ancestor that is yet to be marked as ours
	Orphan  bool      `json:"orphan,omitempty"`  // found in the cloud without a record
	Protect string    `json:"protect,omitempty"` // why an operator wants it left alone
	Trouble *Trouble  `json:"trouble,omitempty"` // the last error
}

// Release is why and how a machine is let go.
type Release struct {
	Asked    time.Time      `json:"asked"`
	Reason   string         `json:"reason"`
	By       string         `json:"by"` // "plan", "operator" or "reconcile"
	Then     Then           `json:"then"`
	Shutdown time.Time      `json:"shutdown,omitzero"` // from then on there is no way back
	Told     map[string]int `json:"told,omitempty"`    // worker: PID of the process that was told to shut down
}

// Then is what becomes of a machine that was released.
type Then string

// What may become of it.
const (
	ThenDelete Then = "delete"
	ThenPark   Then = "park"
	ThenRest   Then = "rest" // it stays as it is
)

// Trouble is an error about a machine.
type Trouble struct {
	Kind string    `json:"kind"` // of cloud.Kind
	Text string    `json:"text"` // what could not be done, and why, in one sentence
	Hint string    `json:"hint,omitempty"`
	At   time.Time `json:"at"`
}

// NewerError is what a record of a later version gives. It is left as it is.
type NewerError struct {
	Key     string
	Version int
}

// Error is one sentence with the way out.
func (e *NewerError) Error() string {
	return fmt.Sprintf("record %q was written by a newer rubber (version %d, this one knows %d): run the newer one, or delete its machine and the key by hand",
		e.Key, e.Version, recordVersion)
}

// encode is the persisted form of a record.
func (r *Record) encode() ([]byte, error) {
	b, err := json.Marshal(r)
	if err != nil {
		return nil, fmt.Errorf("write record %q: %w", r.Intent, err)
	}
	return b, nil
}

// decodeRecord reads what encode wrote under a key:
//
//	{"version":1,"intent":"k3v…","profile":"ocr","queue":"ocr","cloud":"dc1","name":"ocr-k3v0aa","state":"booting",…}
func decodeRecord(key string, b []byte) (*Record, error) {
	var v struct {
		Version int `json:"version"`
	}
	if err := json.Unmarshal(b, &v); err != nil {
		return nil, fmt.Errorf("read record %q: %w (the store was changed by someone else: delete its machine and the key by hand)", key, err)
	}
	if v.Version > recordVersion {
		return nil, &NewerError{Key: key, Version: v.Version}
	}
	var r Record
	if err := json.Unmarshal(b, &r); err != nil {
		return nil, fmt.Errorf("read record %q: %w (the store was changed by someone else: delete its machine and the key by hand)", key, err)
	}
	switch r.State {
	case plan.Requested, plan.Building, plan.Booting, plan.Ready, plan.Resting, plan.Draining, plan.Deleting, plan.Warm:
	default:
		return nil, fmt.Errorf("read record %q: state %q is not known (delete its machine and the key by hand)", key, r.State)
	}
	if r.Version < 1 || r.Intent == "" || key != recordKey(r.Intent) {
		return nil, fmt.Errorf("read record %q: version %d and intent %q are not those of its key (delete its machine and the key by hand)", key, r.Version, r.Intent)
	}
	if r.State == plan.Draining && r.Release == nil {
		return nil, fmt.Errorf("read record %q: it is draining, and does not say why (delete its machine and the key by hand)", key)
	}
	return &r, nil
}

// recordKey is where the record of an intent is kept.
func recordKey(intent string) string { return machineKeys + intent }

// machineKeys is what the keys of records begin with.
const machineKeys = "machine."

// clone is a copy that shares nothing.
func (r *Record) clone() Record {
	c := *r
	c.Storage = append([]string(nil), r.Storage...)
	c.Avoid = append([]string(nil), r.Avoid...)
	c.Prefer = append([]string(nil), r.Prefer...)
	c.AvoidStorage = append([]string(nil), r.AvoidStorage...)
	if r.Cancelled != nil {
		c.Cancelled = make(map[string][]string, len(r.Cancelled))
		for w, queues := range r.Cancelled {
			c.Cancelled[w] = append([]string(nil), queues...)
		}
	}
	if r.Release != nil {
		release := *r.Release
		if r.Release.Told != nil {
			release.Told = make(map[string]int, len(r.Release.Told))
			for w, pid := range r.Release.Told {
				release.Told[w] = pid
			}
		}
		c.Release = &release
	}
	if r.Trouble != nil {
		trouble := *r.Trouble
		c.Trouble = &trouble
	}
	return c
}

// equal says whether nothing has changed. It is asked of every machine at every
// look, which is why it is not left to package reflect. A time that was read
// from another clock is another one, though it may be the same instant.
func (r *Record) equal(o *Record) bool {
	return r.Version == o.Version && r.Intent == o.Intent &&
		r.Profile == o.Profile && r.Queue == o.Queue && r.Cloud == o.Cloud && r.Name == o.Name && r.Generation == o.Generation &&
		r.ID == o.ID && r.Host == o.Host && slices.Equal(r.Storage, o.Storage) &&
		r.State == o.State && r.Since == o.Since && r.Deadline == o.Deadline && r.Created == o.Created && r.Booted == o.Booted &&
		r.EverReady == o.EverReady && r.FirstHeartbeat == o.FirstHeartbeat &&
		slices.Equal(r.Avoid, o.Avoid) && slices.Equal(r.Prefer, o.Prefer) && slices.Equal(r.AvoidStorage, o.AvoidStorage) &&
		r.Attempts == o.Attempts && r.Tried == o.Tried && r.Slow == o.Slow && r.Waking == o.Waking &&
		r.Release.equal(o.Release) && maps.EqualFunc(r.Cancelled, o.Cancelled, slices.Equal[[]string]) &&
		r.Ending == o.Ending && r.Proven == o.Proven && r.Stopped == o.Stopped && r.Deleted == o.Deleted &&
		r.Forced == o.Forced && r.Adopt == o.Adopt && r.Orphan == o.Orphan && r.Protect == o.Protect &&
		(r.Trouble == o.Trouble || r.Trouble != nil && o.Trouble != nil && *r.Trouble == *o.Trouble)
}

func (r *Release) equal(o *Release) bool {
	if r == nil || o == nil {
		return r == o
	}
	return r.Asked == o.Asked && r.Reason == o.Reason && r.By == o.By && r.Then == o.Then && r.Shutdown == o.Shutdown && maps.Equal(r.Told, o.Told)
}

// rebase makes the times of a record that was read at the start of this life
// plausible: none lies in the future, and no deadline passes before whoever
// lives had the time to be heard. The clock may have been changed while nobody
// looked, and so may the limits.
func (r *Record) rebase(now time.Time, l Limits) {
	for _, t := range []*time.Time{&r.Since, &r.Created, &r.Booted, &r.FirstHeartbeat, &r.Tried, &r.Stopped, &r.Deleted} {
		if t.After(now) {
			*t = now
		}
	}
	if rel := r.Release; rel != nil {
		if rel.Asked.After(now) {
			rel.Asked = now
		}
		if rel.Shutdown.After(now) {
			rel.Shutdown = now
		}
	}
	if r.Deadline.IsZero() {
		return
	}
	if latest := now.Add(l.of(r.State)); r.Deadline.After(latest) {
		r.Deadline = latest
	}
	if grace := now.Add(l.Restart); r.Deadline.Before(grace) {
		r.Deadline = grace
	}
}
