package xapitest

import (
	"fmt"
	"maps"
)

// SetOtherConfig sets a key of an object's other_config.
func (s *Server) SetOtherConfig(class, uuid, key, value string) error {
	return s.changeOtherConfig(class, uuid, func(m map[string]string) error {
		m[key] = value
		return nil
	})
}

// RemoveOtherConfig removes a key of an object's other_config.
func (s *Server) RemoveOtherConfig(class, uuid, key string) error {
	return s.changeOtherConfig(class, uuid, func(m map[string]string) error {
		delete(m, key)
		return nil
	})
}

func (s *Server) changeOtherConfig(class, uuid string, change func(map[string]string) error) error {
	w := &s.world
	w.mu.Lock()
	defer w.mu.Unlock()
	o := w.byUUID[class+uuid]
	if o == nil {
		return fmt.Errorf("change other_config: there is no %s with uuid %q", class, uuid)
	}
	return w.changeOtherConfig(o, change)
}

// changeOtherConfig is called with the lock held. Nothing has changed when
// change returns an error.
func (w *world) changeOtherConfig(o *object, change func(map[string]string) error) error {
	m := maps.Clone(otherConfig(o.v))
	if m == nil {
		m = map[string]string{}
	}
	if err := change(m); err != nil {
		return err
	}
	o.v = withOtherConfig(o.v, m)
	o.modified = w.next()
	return nil
}

func otherConfig(v any) map[string]string {
	switch v := v.(type) {
	case Host:
		return v.OtherConfig
	case VM:
		return v.OtherConfig
	case SR:
		return v.OtherConfig
	case Pool:
		return v.OtherConfig
	case VDI:
		return v.OtherConfig
	case VBD:
		return v.OtherConfig
	case VIF:
		return v.OtherConfig
	case Network:
		return v.OtherConfig
	case Task:
		return v.OtherConfig
	}
	return nil
}

func withOtherConfig(v any, m map[string]string) any {
	switch v := v.(type) {
	case Host:
		v.OtherConfig = m
		return v
	case VM:
		v.OtherConfig = m
		return v
	case SR:
		v.OtherConfig = m
		return v
	case Pool:
		v.OtherConfig = m
		return v
	case VDI:
		v.OtherConfig = m
		return v
	case VBD:
		v.OtherConfig = m
		return v
	case VIF:
		v.OtherConfig = m
		return v
	case Network:
		v.OtherConfig = m
		return v
	case Task:
		v.OtherConfig = m
		return v
	}
	return v
}
