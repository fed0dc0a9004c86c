package api

import (
	"cmp"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"

	"perfmon/monitor"
	"perfmon/rrd"
)

// thisHost is the word for the host that the agent runs on.
const thisHost = "host"

// maxKnown is how many names a refusal lists at most.
const maxKnown = 100

// ObjectRef is an object and its name.
type ObjectRef struct {
	Class string `json:"class"`
	UUID  string `json:"uuid"`
	Name  string `json:"name_label"`
}

// String is the object as Resolve reads it, and its name.
func (o ObjectRef) String() string {
	if o.Name == "" {
		return o.Class + ":" + o.UUID
	}
	return fmt.Sprintf("%s:%s %s", o.Class, o.UUID, o.Name)
}

func (o ObjectRef) key() monitor.Object { return monitor.Object{Class: o.Class, UUID: o.UUID} }

var uuidPrefix = regexp.MustCompile(`^[0-9a-fA-F-]{4,}$`)

// Resolve finds the object of this host that a person means:
//
//	host                                    this host
//	5c2bd0d2-2d5a-4d0e-a1c6-0e8f2e0b9c11    by uuid
//	5c2b                                    by the beginning of it, at least four digits
//	web-07                                  by name
//	vm:5c2b, sr:local                       the same, among those of a class
//
// The error is a *Refusal that lists what could be meant.
func Resolve(s *monitor.Snapshot, text string) (ObjectRef, error) {
	if s == nil {
		return ObjectRef{}, notYet()
	}
	here, elsewhere := objectsOf(s)
	if text == "" {
		return ObjectRef{}, badRequest(`say which object: host, class:uuid, a uuid or the first digits of it, or a name`, "no object is named")
	}
	if text == thisHost {
		for _, o := range here {
			if o.Class == rrd.ClassHost && (s.Inventory == nil || o.UUID == s.Inventory.HostUUID) {
				return o, nil
			}
		}
	}
	switch found := meant(here, text); len(found) {
	case 1:
		return found[0], nil
	case 0:
	default:
		return ObjectRef{}, &Refusal{
			status: http.StatusConflict, Message: fmt.Sprintf("%q can be %d objects", text, len(found)),
			Fix: "name one of them as class:uuid", Known: inWords(found),
		}
	}
	if found := meant(elsewhere, text); len(found) > 0 {
		return ObjectRef{}, &Refusal{
			status: http.StatusNotFound, Message: fmt.Sprintf("%v is not on this host", found[0]), Fix: "ask the agent of the host that it is on",
		}
	}
	return ObjectRef{}, &Refusal{
		status: http.StatusNotFound, Message: fmt.Sprintf("there is no object %q on this host", text),
		Fix: "name one that it has", Known: inWords(alike(here, text)),
	}
}

// meant lists the objects that a text can stand for. A whole uuid stands for
// nothing else.
func meant(objects []ObjectRef, text string) []ObjectRef {
	class, rest := cutClass(text)
	var whole, found []ObjectRef
	for _, o := range objects {
		if o.Name != "" && o.Name == text {
			found = append(found, o)
			continue
		}
		if class != "" && o.Class != class {
			continue
		}
		switch {
		case strings.EqualFold(o.UUID, rest):
			whole = append(whole, o)
		case o.Name != "" && o.Name == rest, uuidPrefix.MatchString(rest) && strings.HasPrefix(o.UUID, strings.ToLower(rest)):
			found = append(found, o)
		}
	}
	if len(whole) > 0 {
		return whole
	}
	return found
}

// cutClass takes a class off a text that begins with one and a colon.
func cutClass(text string) (class, rest string) {
	class, rest, ok := strings.Cut(text, ":")
	if !ok || !slices.Contains([]string{rrd.ClassVM, rrd.ClassHost, rrd.ClassSR}, class) {
		return "", text
	}
	return class, rest
}

// alike lists the objects, among those of the class if the text has one, whose
// names have the text in them; if none has, all of the class, or all.
func alike(objects []ObjectRef, text string) []ObjectRef {
	class, rest := cutClass(text)
	rest = strings.ToLower(rest)
	var all, close []ObjectRef
	for _, o := range objects {
		if class != "" && o.Class != class {
			continue
		}
		all = append(all, o)
		if strings.Contains(strings.ToLower(o.Name), rest) {
			close = append(close, o)
		}
	}
	for _, list := range [][]ObjectRef{close, all} {
		if len(list) > 0 {
			return list
		}
	}
	return objects
}

func inWords(objects []ObjectRef) []string {
	words := make([]string, 0, min(len(objects), maxKnown))
	for _, o := range objects[:min(len(objects), maxKnown)] {
		words = append(words, o.String())
	}
	return words
}

// objectsOf lists the objects that are this host's business, and those of the
// pool that are not: this host first, then VMs, then SRs, each by name.
func objectsOf(s *monitor.Snapshot) (here, elsewhere []ObjectRef) {
	mine := map[monitor.Object]bool{}
	for _, v := range s.Variables {
		mine[monitor.Object{Class: v.Class, UUID: v.UUID}] = true
	}
	if s.Legend != nil {
		for _, e := range s.Legend.Entries {
			mine[monitor.Object{Class: e.Class, UUID: e.UUID}] = true
		}
	}
	names := map[monitor.Object]string{}
	if s.Inventory != nil {
		for key, facts := range s.Inventory.Objects {
			names[key] = facts.Name
			mine[key] = mine[key] || facts.Resident
		}
	}
	for key, resident := range mine {
		o := ObjectRef{key.Class, key.UUID, names[key]}
		if resident {
			here = append(here, o)
		} else {
			elsewhere = append(elsewhere, o)
		}
	}
	slices.SortFunc(here, byClassAndName)
	slices.SortFunc(elsewhere, byClassAndName)
	return here, elsewhere
}

var classOrder = map[string]int{rrd.ClassHost: 1, rrd.ClassVM: 2, rrd.ClassSR: 3}

func byClassAndName(a, b ObjectRef) int {
	return cmp.Or(cmp.Compare(classOrder[a.Class], classOrder[b.Class]), strings.Compare(a.Name, b.Name), strings.Compare(a.UUID, b.UUID))
}
