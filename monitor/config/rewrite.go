package config

import (
	"slices"

	"github.com/beevik/etree"
)

// Lost is an element that somebody's editor has dropped.
type Lost struct {
	Variable string
	Tag      string // such as alarm_clear_level, or disable
	Value    string // as it was, so that Set can put it back; "" of a disable
}

// Key is the key of the assignment with which Set puts the element back, ""
// for one that Set does not write.
func (l Lost) Key() string {
	for _, s := range settings {
		if s.tag == l.Tag {
			return s.key
		}
	}
	return ""
}

// guiTags are the tags that XenCenter has in a variable. It writes those and
// no others when a user edits an alert, whatever was there before
// (xenadmin, XenModel/Alerts):
//
//	<config><variable><name value="cpu_usage"/><alarm_trigger_level value="0.9"/><alarm_trigger_period value="60"/><alarm_auto_inhibit_period value="3600"/></variable></config>
var guiTags = []string{tagName, tagLevel, tagPeriod, tagInhibit}

// LostElements compares an object's own XML with what it was before, and says
// what seems to have been lost to XenCenter: tags of a variable of which it
// has left its own four and nothing else, and a <disable> where all variables
// are so. There is nothing where either text cannot be read; a variable that
// has gone as a whole may well be meant to.
func LostElements(before, after string) []Lost {
	old, problem := readVariables(before)
	if problem != nil {
		return nil
	}
	now, problem := readVariables(after)
	if problem != nil {
		return nil
	}
	rewritten := make(map[string]bool)
	wholly := true
	for _, v := range variableElements(now.root) {
		only := onlyGUITags(v)
		wholly = wholly && only
		if name := firstBelow(v, tagName); name != nil {
			rewritten[value(name)] = only
		}
	}
	var lost []Lost
	for _, v := range variableElements(old.root) {
		name := firstBelow(v, tagName)
		if name == nil || !rewritten[value(name)] {
			continue
		}
		for _, tag := range knownTags {
			if e := firstBelow(v, tag); e != nil && !slices.Contains(guiTags, tag) {
				lost = append(lost, Lost{value(name), tag, value(e)})
			}
		}
	}
	if wholly && len(rewritten) > 0 && len(disableElements(now.root)) == 0 {
		for _, d := range disableElements(old.root) {
			if name, ok := attribute(d, "name"); ok {
				lost = append(lost, Lost{Variable: name, Tag: disableTag})
			}
		}
	}
	return lost
}

func onlyGUITags(v *etree.Element) bool {
	only := true
	walk(v, func(e *etree.Element) {
		only = only && (e == v || slices.Contains(guiTags, e.FullTag()))
	})
	return only
}
