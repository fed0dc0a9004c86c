package xapi

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
)

// otherConfig is what is kept of an other_config, "" for a key that is not
// there. Keys are compared exactly, which encoding/json would not do for the
// fields of a struct.
type otherConfig struct {
	perfmon  string // trigger XML
	defaults string // perfmon-defaults: of a pool, trigger XML that its objects inherit
	state    string // perfmon-state: what an agent leaves for the next one
}

func (c *otherConfig) UnmarshalJSON(raw []byte) error {
	var all map[string]json.RawMessage
	if err := json.Unmarshal(raw, &all); err != nil {
		return fmt.Errorf("read other_config: %w", err)
	}
	*c = otherConfig{}
	for key, to := range map[string]*string{"perfmon": &c.perfmon, "perfmon-defaults": &c.defaults, "perfmon-state": &c.state} {
		value, ok := all[key]
		if !ok {
			continue
		}
		if err := json.Unmarshal(value, to); err != nil {
			return fmt.Errorf("read other_config:%s: %w", key, err)
		}
	}
	return nil
}

// words is a set of strings, sorted; nil if it is empty. On the wire it is a
// list in any order:
//
//	["production","db"]
type words []string

func (w *words) UnmarshalJSON(raw []byte) error {
	var list []string
	if err := json.Unmarshal(raw, &list); err != nil {
		return fmt.Errorf("read a set of strings: %w", err)
	}
	*w = setOf(list)
	return nil
}

// operations are what the toolstack is doing with an object, as a set. On the
// wire each has its task:
//
//	{"OpaqueRef:0b1c…":"pool_migrate"}
type operations []string

func (o *operations) UnmarshalJSON(raw []byte) error {
	var byTask map[string]string
	if err := json.Unmarshal(raw, &byTask); err != nil {
		return fmt.Errorf("read current_operations: %w", err)
	}
	*o = setOf(slices.Collect(maps.Values(byTask)))
	return nil
}

func setOf(list []string) []string {
	slices.Sort(list)
	if list = slices.Compact(list); len(list) == 0 {
		return nil
	}
	return list
}
