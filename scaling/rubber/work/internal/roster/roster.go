// Package roster has what every table of workers does alike, whoever tells of
// them: a worker's host by its name, room for a new name, and copies that share
// nothing.
package roster

import (
	"slices"
	"strings"

	"perfmon/scaling/rubber/work"
)

// HostOf is the part of a worker's name behind the last @, or all of it:
//
//	worker@vm-a
func HostOf(name string) string { return name[strings.LastIndexByte(name, '@')+1:] }

// Room makes room for one name more in a table of at most so many. Of those that
// are gone, who was seen last the longest ago gives way. It is false if there is
// no room and nobody is gone. worker is that of an entry.
func Room[S any](table map[string]S, most int, worker func(S) *work.Worker) bool {
	if len(table) < most {
		return true
	}
	var oldest *work.Worker
	key := ""
	for name, s := range table {
		if w := worker(s); w.Gone && (oldest == nil || w.LastSeen.Before(oldest.LastSeen)) {
			oldest, key = w, name
		}
	}
	if oldest == nil {
		return false
	}
	delete(table, key)
	return true
}

// Copy is a worker that shares nothing with the first.
func Copy(w work.Worker) work.Worker {
	w.Queues = slices.Clone(w.Queues)
	w.Active, w.Reserved = clone(w.Active), clone(w.Reserved)
	return w
}

func clone(n *int) *int {
	if n == nil {
		return nil
	}
	copied := *n
	return &copied
}

// Sort orders workers by their names.
func Sort(list []work.Worker) {
	slices.SortFunc(list, func(a, b work.Worker) int { return strings.Compare(a.Name, b.Name) })
}
