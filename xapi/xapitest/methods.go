package xapitest

import "maps"

// method is an RPC that is served.
type method struct {
	args    int  // without the session
	more    bool // that many or more
	session bool // the first parameter is a session
	run     func(x *exchange, a args) (any, error)
}

// methods are all that are served.
var methods = func() map[string]method {
	m := map[string]method{
		"session.login_with_password":   {args: 2, more: true, run: loginWithPassword},
		"session.logout":                {session: true, run: logout},
		"event.from":                    {args: 3, session: true, run: eventFrom},
		"host.get_servertime":           {args: 1, session: true, run: getServertime},
		"PBD.get_host":                  {args: 1, session: true, run: getField(classPBD, "host")},
		"PBD.get_SR":                    {args: 1, session: true, run: getField(classPBD, "SR")},
		"PBD.get_currently_attached":    {args: 1, session: true, run: getField(classPBD, "currently_attached")},
		"pool.get_master":               {args: 1, session: true, run: getField(classPool, "master")},
		"message.create":                {args: 5, session: true, run: createMessage},
		"message.get":                   {args: 3, session: true, run: getMessages},
		"message.get_since":             {args: 1, session: true, run: getMessagesSince},
		"message.get_all_records":       {session: true, run: getAllMessages},
		"message.get_all_records_where": {args: 1, session: true, run: getMessagesWhere},
		"message.destroy": {args: 1, session: true, run: destroyMessages(func(a args) ([]string, error) {
			ref, err := a.string(0)
			return []string{ref}, err
		})},
		"message.destroy_many": {args: 1, session: true, run: destroyMessages(func(a args) ([]string, error) { return a.strings(0) })},
	}
	for class, name := range wireNames {
		m[name+".get_all"] = method{session: true, run: getAll(class)}
		m[name+".get_all_records"] = method{session: true, run: getAllRecords(class)}
		m[name+".get_all_records_where"] = method{args: 1, session: true, run: getAllRecordsWhere(class)}
		m[name+".get_by_uuid"] = method{args: 1, session: true, run: getByUUID(class)}
		m[name+".get_record"] = method{args: 1, session: true, run: getRecord(class)}
		for _, field := range []string{"uuid", "name_label", "other_config"} {
			if nameless[class] && field == "name_label" {
				continue
			}
			m[name+".get_"+field] = method{args: 1, session: true, run: getField(class, field)}
		}
		if !nameless[class] {
			m[name+".get_by_name_label"] = method{args: 1, session: true, run: getByName(class)}
		}
		if class == classPBD {
			continue
		}
		m[name+".set_other_config"] = method{args: 2, session: true, run: setOtherConfig(class)}
		m[name+".add_to_other_config"] = method{args: 3, session: true, run: addToOtherConfig(class)}
		m[name+".remove_from_other_config"] = method{args: 2, session: true, run: removeFromOtherConfig(class)}
	}
	maps.Copy(m, lifeMethods())
	return m
}()

// nameless are the classes whose objects have no name_label.
var nameless = map[string]bool{classPBD: true, classVBD: true, classVIF: true}

func getServertime(x *exchange, a args) (any, error) {
	if _, err := find(x, a, classHost); err != nil {
		return nil, err
	}
	return dateTime(x.s.clock().UTC().Format(timeLayout)), nil
}

// find looks the object up whose reference is the first argument.
func find(x *exchange, a args, class string) (*object, error) {
	ref, err := a.string(0)
	if err != nil {
		return nil, err
	}
	x.s.world.mu.Lock()
	defer x.s.world.mu.Unlock()
	return x.s.world.handle(class, ref)
}

// handle is called with the lock held.
func (w *world) handle(class, ref string) (*object, error) {
	o := w.byRef[ref]
	if o == nil || o.class != class {
		return nil, failure{"HANDLE_INVALID", wireNames[class], ref}
	}
	return o, nil
}

// each calls f for every object of a class, with the lock held.
func (w *world) each(class string, f func(o *object)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, o := range w.objects {
		if o.class == class {
			f(o)
		}
	}
}

func getAll(class string) func(*exchange, args) (any, error) {
	return func(x *exchange, _ args) (any, error) {
		refs := []any{}
		x.s.world.each(class, func(o *object) { refs = append(refs, o.ref) })
		return refs, nil
	}
}

func getAllRecords(class string) func(*exchange, args) (any, error) {
	return func(x *exchange, _ args) (any, error) {
		w := &x.s.world
		out := map[string]any{}
		w.each(class, func(o *object) { out[o.ref] = w.recordOf(o) })
		return out, nil
	}
}

func getAllRecordsWhere(class string) func(*exchange, args) (any, error) {
	return func(x *exchange, a args) (any, error) {
		match, err := a.where(0)
		if err != nil {
			return nil, err
		}
		w := &x.s.world
		out := map[string]any{}
		w.each(class, func(o *object) {
			if r := w.recordOf(o); match(r) {
				out[o.ref] = r
			}
		})
		return out, nil
	}
}

func getByUUID(class string) func(*exchange, args) (any, error) {
	return func(x *exchange, a args) (any, error) {
		uuid, err := a.string(0)
		if err != nil {
			return nil, err
		}
		w := &x.s.world
		w.mu.Lock()
		defer w.mu.Unlock()
		o := w.byUUID[class+uuid]
		if o == nil {
			return nil, failure{"UUID_INVALID", wireNames[class], uuid}
		}
		return o.ref, nil
	}
}

func getByName(class string) func(*exchange, args) (any, error) {
	return func(x *exchange, a args) (any, error) {
		name, err := a.string(0)
		if err != nil {
			return nil, err
		}
		w := &x.s.world
		refs := []any{}
		w.each(class, func(o *object) {
			if w.recordOf(o)["name_label"] == name {
				refs = append(refs, o.ref)
			}
		})
		return refs, nil
	}
}

func getRecord(class string) func(*exchange, args) (any, error) {
	return func(x *exchange, a args) (any, error) {
		o, err := find(x, a, class)
		if err != nil {
			return nil, err
		}
		x.s.world.mu.Lock()
		defer x.s.world.mu.Unlock()
		return x.s.world.recordOf(o), nil
	}
}

func getField(class, field string) func(*exchange, args) (any, error) {
	record := getRecord(class)
	return func(x *exchange, a args) (any, error) {
		r, err := record(x, a)
		if err != nil {
			return nil, err
		}
		return r.(map[string]any)[field], nil
	}
}

// change applies f to the other_config of the object whose reference is the
// first argument. Nothing has changed when f returns an error.
func change(x *exchange, a args, class string, f func(o *object, m map[string]string) error) (any, error) {
	ref, err := a.string(0)
	if err != nil {
		return nil, err
	}
	w := &x.s.world
	w.mu.Lock()
	defer w.mu.Unlock()
	o, err := w.handle(class, ref)
	if err != nil {
		return nil, err
	}
	return "", w.changeOtherConfig(o, func(m map[string]string) error { return f(o, m) })
}

func setOtherConfig(class string) func(*exchange, args) (any, error) {
	return func(x *exchange, a args) (any, error) {
		value, err := a.stringMap(1)
		if err != nil {
			return nil, err
		}
		return change(x, a, class, func(_ *object, m map[string]string) error {
			clear(m)
			maps.Copy(m, value)
			return nil
		})
	}
}

func addToOtherConfig(class string) func(*exchange, args) (any, error) {
	return func(x *exchange, a args) (any, error) {
		key, err := a.string(1)
		if err != nil {
			return nil, err
		}
		value, err := a.string(2)
		if err != nil {
			return nil, err
		}
		return change(x, a, class, func(o *object, m map[string]string) error {
			if _, ok := m[key]; ok {
				return failure{"MAP_DUPLICATE_KEY", wireNames[class], "other_config", o.ref, key}
			}
			m[key] = value
			return nil
		})
	}
}

func removeFromOtherConfig(class string) func(*exchange, args) (any, error) {
	return func(x *exchange, a args) (any, error) {
		key, err := a.string(1)
		if err != nil {
			return nil, err
		}
		return change(x, a, class, func(_ *object, m map[string]string) error {
			delete(m, key)
			return nil
		})
	}
}
