package httpjson

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"
	"unicode"
	"unicode/utf8"
)

// What a list of workers may have at most. More is a mistake of whoever wrote
// it.
const (
	maxList    = 16 << 20  // bytes
	maxListed  = 100_000   // workers
	maxProcess = 1<<53 - 1 // what every JSON library keeps whole
	maxQueues  = 1000      // of a worker
	maxSlots   = 1 << 20
	maxSilence = 3600 // seconds
)

const defaultSilence = 10 * time.Second

// listing is a list of workers as it was answered.
type listing struct {
	complete bool // whoever lives is in it, says the server
	silence  time.Duration
	workers  []entry
	bad      int   // entries that make no sense, and are not among the workers
	err      error // what is wrong with the first of them
}

// entry is one worker in a list. What is nil is not known.
type entry struct {
	name     string
	process  int
	seen     time.Duration // ago
	queues   []string      // sorted
	slots    int           // 0: not known
	active   *int
	reserved *int
	begun    *int64
}

// parseList reads a list of workers:
//
//	{"complete": true, "silence_seconds": 10, "workers": [
//	  {"name": "worker@vm-a", "process": 1763820729, "seen_seconds": 0.8,
//	   "queues": ["fast"], "slots": 4, "active": 2, "reserved": 0, "begun": 118}]}
//
// An entry that makes no sense is left out, and counted.
func parseList(body []byte) (listing, error) {
	var doc *struct {
		Complete bool            `json:"complete"`
		Silence  *float64        `json:"silence_seconds"`
		Workers  json.RawMessage `json:"workers"`
	}
	if err := json.Unmarshal(body, &doc); err != nil {
		return listing{}, fmt.Errorf("read the list of workers: %w", err)
	}
	if doc == nil || doc.Workers == nil {
		return listing{}, errors.New(`read the list of workers: there is no "workers" in it; nobody is []`)
	}
	l := listing{complete: doc.Complete, silence: defaultSilence}
	if doc.Silence != nil {
		if !(*doc.Silence >= 1 && *doc.Silence <= maxSilence) {
			return listing{}, fmt.Errorf("read the list of workers: silence_seconds is %v, not from 1 to %d", *doc.Silence, maxSilence)
		}
		l.silence = time.Duration(*doc.Silence * float64(time.Second))
	}
	d := json.NewDecoder(bytes.NewReader(doc.Workers))
	if begin, err := d.Token(); err != nil || begin != json.Delim('[') {
		return listing{}, errors.New(`read the list of workers: "workers" is no list`)
	}
	there := map[process]bool{}
	for i := 1; d.More(); i++ {
		var raw json.RawMessage
		if err := d.Decode(&raw); err != nil {
			return listing{}, fmt.Errorf("read the list of workers: %w", err)
		}
		if i > maxListed {
			return listing{}, fmt.Errorf("read the list of workers: more than %d", maxListed)
		}
		e, err := parseEntry(raw)
		id := process{e.name, e.process}
		if err == nil && there[id] {
			err = fmt.Errorf("%q with the process %d is there twice", e.name, e.process)
		}
		if err == nil {
			there[id] = true
			l.workers = append(l.workers, e)
			continue
		}
		if l.bad++; l.err == nil {
			l.err = fmt.Errorf("read worker %d of the list: %w", i, err)
		}
	}
	return l, nil
}

// process is one life of a worker.
type process struct {
	name   string
	number int
}

func parseEntry(raw []byte) (entry, error) {
	var doc *struct {
		Name     string   `json:"name"`
		Process  *int64   `json:"process"`
		Seen     *float64 `json:"seen_seconds"`
		Queues   []string `json:"queues"`
		Slots    *int     `json:"slots"`
		Active   *int     `json:"active"`
		Reserved *int     `json:"reserved"`
		Begun    *int64   `json:"begun"`
	}
	if err := json.Unmarshal(raw, &doc); err != nil {
		return entry{}, err
	}
	if doc == nil || !isName(doc.Name) {
		return entry{}, errors.New("it has no name that can be one")
	}
	wrong := func(field string, value any, from, to int64) (entry, error) {
		return entry{}, fmt.Errorf("%s of %q is %v, not from %d to %d", field, doc.Name, value, from, to)
	}
	switch {
	case doc.Process == nil:
		return entry{}, fmt.Errorf("%q has no process", doc.Name)
	case *doc.Process < 0 || *doc.Process > maxProcess:
		return wrong("process", *doc.Process, 0, maxProcess)
	case doc.Seen == nil:
		return entry{}, fmt.Errorf("%q has no seen_seconds", doc.Name)
	case !(*doc.Seen >= 0 && *doc.Seen <= maxSeconds):
		return wrong("seen_seconds", *doc.Seen, 0, maxSeconds)
	case doc.Slots != nil && (*doc.Slots < 1 || *doc.Slots > maxSlots):
		return wrong("slots", *doc.Slots, 1, maxSlots)
	case doc.Active != nil && (*doc.Active < 0 || *doc.Active > maxTasks):
		return wrong("active", *doc.Active, 0, maxTasks)
	case doc.Reserved != nil && (*doc.Reserved < 0 || *doc.Reserved > maxTasks):
		return wrong("reserved", *doc.Reserved, 0, maxTasks)
	case doc.Begun != nil && (*doc.Begun < 0 || *doc.Begun > maxProcess):
		return wrong("begun", *doc.Begun, 0, maxProcess)
	case len(doc.Queues) > maxQueues:
		return entry{}, fmt.Errorf("%q has more than %d queues", doc.Name, maxQueues)
	}
	for _, q := range doc.Queues {
		if q == "" || len(q) > 255 {
			return entry{}, fmt.Errorf("%.300q in queues of %q is no queue", q, doc.Name)
		}
	}
	slices.Sort(doc.Queues)
	e := entry{
		name: doc.Name, process: int(*doc.Process), seen: time.Duration(*doc.Seen * float64(time.Second)),
		queues: slices.Compact(doc.Queues), active: doc.Active, reserved: doc.Reserved, begun: doc.Begun,
	}
	if doc.Slots != nil {
		e.slots = *doc.Slots
	}
	return e, nil
}

// isName says whether a worker can be called so.
func isName(name string) bool {
	return name != "" && len(name) <= 240 && utf8.ValidString(name) && !bytes.ContainsFunc([]byte(name), unicode.IsControl)
}
