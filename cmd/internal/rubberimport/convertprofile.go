package rubberimport

import (
	"fmt"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

var notInName = regexp.MustCompile(`[^a-z0-9_-]+`)

// sectionName makes a name that a section may have.
func (c *converter) sectionName(key, name, otherwise string, taken []string, line int) string {
	made := strings.Trim(notInName.ReplaceAllString(strings.ToLower(name), "-"), "-_")
	if len(made) > 40 {
		made = strings.Trim(made[:40], "-_")
	}
	if made == "" {
		made = otherwise
	}
	for base, i := made, 2; slices.Contains(taken, made); i++ {
		made = fmt.Sprintf("%.36s-%d", base, i)
	}
	if name != "" && made != name {
		c.note(line, key, "%q is called %s now", name, made)
	}
	return made
}

// profiles makes those of WORKER_SERVICES.
func (c *converter) profiles() {
	v, line := c.get("WORKER_SERVICES")
	services, ok := v.(*dict)
	if !ok || len(services.keys) == 0 {
		what := "there is none"
		if v != nil {
			what = describe(v) + " is not carried over"
		}
		c.note(line, "WORKER_SERVICES", "%s: write profiles", what)
		return
	}
	threshold, given := c.number("RUBBER_BACKORDER_THRESHOLD", 0, 1_000_000)
	if !given {
		threshold = "3"
	}
	profiles := c.root.below("profiles", "WORKER_SERVICES. The machines of max_machines are shared in equal parts, as before. With mode\nnormal others may have what one profile does not need.")
	var taken []string
	for _, name := range services.keys {
		at := services.lines[name]
		was := "WORKER_SERVICES." + name
		d, ok := services.items[name].(*dict)
		if !ok {
			c.note(at, was, "%s is not carried over", describe(services.items[name]))
			continue
		}
		queue, ok := c.word(was+".celery_queue_name", d.items["celery_queue_name"], d.lines["celery_queue_name"])
		if !ok {
			c.note(at, was, "it has no celery_queue_name: it is left out")
			continue
		}
		made := c.sectionName(was, name, "profile", taken, at)
		taken = append(taken, made)
		if other, twice := c.queues[queue]; twice {
			c.note(at, was, "the queue %q is served by the profile %s as well", queue, other)
		} else {
			c.queues[queue] = made
		}
		p := profiles.below(made, "")
		p.str("queue", queue, "celery_queue_name")
		if len(c.clouds) > 1 {
			p.str("cloud", c.clouds[0], "The first that has room was tried before: write a profile for each other cloud.")
		}
		o := &machineOptions{c: c, p: p, was: was + ".os_args", name: made}
		o.convert(d.items["os_args"], d.lines["os_args"])
		ratio := "0.2"
		if params, ok := d.items["rubber_params"].(*dict); ok {
			if r, ok := c.numberOf(was+".rubber_params.spawn_ratio", params.items["spawn_ratio"], params.lines["spawn_ratio"], 0, 1000); ok {
				ratio = r
			}
		}
		p.plain("spawn_ratio", ratio, "Of the mode ancestor: machines for each task that waits. Parts are rounded up now, and running tasks do\nnot count as waiting.")
		p.plain("backorder_threshold", threshold, "RUBBER_BACKORDER_THRESHOLD. With no worker at all the first task counts, too.")
		for _, key := range d.keys {
			if key != "celery_queue_name" && key != "os_args" && key != "rubber_params" {
				c.note(d.lines[key], was+"."+key, "left out: rubber needs nothing of it")
			}
		}
	}
}

// machineOptions are the os_args of a profile: what vm_create got.
type machineOptions struct {
	c   *converter
	p   *section
	was string
	d   *dict

	name string // of the profile
}

// machineGone are os_args that have nothing to correspond to, and why.
var machineGone = map[string]string{
	"vm_user": "user data names the users", "vm_storage": "the flavor says it", "vm_keepalive": "it was not used", "job_per_core": "workers say how many tasks they run",
	"use_cloud_init": "it was not used", "name": "rubber makes names",
}

func (o *machineOptions) get(key string) (value, int) { return o.d.items[key], o.d.lines[key] }

// of is the value of the first of some keys, in a dictionary of clouds that of
// the first cloud.
func (o *machineOptions) of(keys ...string) (value, string, int) {
	for _, key := range keys {
		v, line := o.get(key)
		if d, ok := v.(*dict); ok && len(d.keys) > 0 {
			if len(d.keys) > 1 {
				o.c.note(line, o.was+"."+key, "the value of %q is taken, of %d clouds", d.keys[0], len(d.keys))
			}
			v = d.items[d.keys[0]]
		}
		if v != nil {
			return v, o.was + "." + key, line
		}
	}
	return nil, "", 0
}

func (o *machineOptions) convert(v value, line int) {
	d, ok := v.(*dict)
	if !ok {
		if v != nil {
			o.c.note(line, o.was, "%s is not carried over: write image and flavor", describe(v))
		}
		d = newDict()
	}
	o.d = d
	word := func(key, comment string, was ...string) {
		if v, name, at := o.of(was...); v != nil {
			if w, ok := o.c.word(name, v, at); ok {
				o.p.str(key, w, comment)
			}
		}
	}
	word("image", "image or vm_image", "image", "vm_image")
	word("flavor", "instance_type or vm_type", "instance_type", "vm_type")
	o.lists()
	o.sizes()
	o.userData()
	known := []string{"image", "vm_image", "instance_type", "vm_type", "vm_networkassoc", "securitygroup", "key_name", "vm_mem", "vm_cores", "pre_customization", "customization", "extra_userdata"}
	for _, key := range d.keys {
		if why, ok := machineGone[key]; ok {
			o.c.note(d.lines[key], o.was+"."+key, "left out: %s", why)
		} else if !slices.Contains(known, key) {
			o.c.note(d.lines[key], o.was+"."+key, "not known: it is not carried over")
		}
	}
}

func (o *machineOptions) lists() {
	networks := o.c.networks
	if v, name, at := o.of("vm_networkassoc"); v != nil {
		networks = o.c.words(name, v, at)
		o.p.list("networks", networks, "vm_networkassoc")
	} else if len(networks) > 0 {
		o.p.list("networks", networks[:1], "The first of OPS_CONFIG's networks.")
	}
	groups := o.c.group
	if v, name, at := o.of("securitygroup"); v != nil {
		groups = o.c.words(name, v, at)
	}
	if len(groups) > 0 {
		o.p.list("security_groups", groups, "securitygroup, or OPS_CONFIG's security_group. One that does not exist was left out before; it is an error now.")
	}
	key := o.c.keyName
	if v, name, at := o.of("key_name"); v != nil {
		key, _ = o.c.word(name, v, at)
	}
	if key != "" {
		o.p.str("key", key, "key_name. One that does not exist was left out before; it is an error now.")
	}
}

func (o *machineOptions) sizes() {
	if v, name, at := o.of("vm_mem"); v != nil {
		if n, ok := o.c.numberOf(name, v, at, 1, 1<<24); ok {
			o.p.plain("memory", n+"MiB", "vm_mem; of clouds without flavors.")
		}
	}
	if v, name, at := o.of("vm_cores"); v != nil {
		if n, ok := o.c.numberOf(name, v, at, 1, 4096); ok {
			o.p.plain("cpus", n, "vm_cores; of clouds without flavors.")
		}
	}
}

// userData makes what the machine does when it boots for the first time.
func (o *machineOptions) userData() {
	u := newSection()
	if v, name, at := o.of("pre_customization"); v != nil {
		texts := o.c.words(name, v, at)
		slices.Reverse(texts) // each was put in front of those before it
		if len(texts) > 0 {
			o.template(name, strings.Join(texts, "\n"), at)
			u.str("template_file", o.file("user-data", strings.Join(texts, "\n")+"\n"), "pre_customization, in the order in which it came out: the last one first. {QUEUE_NAME} is filled in.")
		}
	}
	o.writeFiles(u)
	if v, name, at := o.of("extra_userdata"); v != nil {
		parts := newSection().node
		for _, one := range o.c.words(name, v, at) {
			file, kind, ok := strings.Cut(one, ":")
			if !ok {
				o.c.note(at, name, "an entry that is not \"file : type\" is left out")
				continue
			}
			part := newSection()
			part.str("file", strings.TrimSpace(file), "")
			part.str("type", strings.TrimPrefix(strings.TrimSpace(kind), "text/"), "")
			parts.Content = append(parts.Content, part.node)
		}
		if len(parts.Content) > 0 {
			parts.Kind = sequence
			u.put("parts", parts, "extra_userdata")
		}
	}
	if !u.empty() {
		o.p.put("user_data", u.node, "")
	}
}

// inTemplate is a variable as rubber fills it in.
var inTemplate = regexp.MustCompile(`\$\{?([A-Z][A-Z0-9_]*)\b`)

// template notes where a template means something else now.
func (o *machineOptions) template(name, content string, at int) {
	var names []string
	for _, m := range inTemplate.FindAllStringSubmatch(content, -1) {
		if !slices.Contains(names, m[1]) {
			names = append(names, m[1])
		}
	}
	if len(names) > 0 {
		o.c.note(at, name, "%s in it: rubber fills such variables in, so name those of its environment in env_from, and write $$ for $ where the machine is to do it", "$"+strings.Join(names, ", $"))
	}
	if strings.Contains(content, "{{") || strings.Contains(content, "}}") {
		o.c.note(at, name, "doubled braces in it, which became single ones: they stay as they are now, but for {{QUEUE_NAME}}")
	}
}

// file makes a file of a text for machines, which may have secrets in it.
func (o *machineOptions) file(end, content string) string {
	name := o.name + "." + end
	o.c.files = append(o.c.files, File{name, 0o600, []byte(content)})
	return name
}

// writeFiles makes those of customization: (content, path[, mode]).
func (o *machineOptions) writeFiles(u *section) {
	v, name, at := o.of("customization")
	if v == nil {
		return
	}
	all, ok := v.(list)
	if !ok {
		o.c.note(at, name, "%s is not carried over: write user_data.write_files", describe(v))
		return
	}
	files := newSection().node
	for _, one := range all {
		entry, ok := one.(list)
		if !ok || len(entry) < 2 {
			o.c.note(at, name, "an entry that is not (content, path, mode) is left out")
			continue
		}
		content, ok1 := o.c.word(name, entry[0], at)
		where, ok2 := o.c.word(name, entry[1], at)
		if !ok1 || !ok2 || !path.IsAbs(where) {
			o.c.note(at, name, "the file %q is left out: it has no content, or no absolute path, as before", where)
			continue
		}
		file := newSection()
		file.str("path", path.Clean(where), "")
		file.str("file", o.file(fmt.Sprintf("file-%d", len(files.Content)+1), content), "")
		if len(entry) > 2 {
			if mode, ok := o.mode(entry[2]); ok {
				file.str("mode", mode, "")
			} else {
				o.c.note(at, name, "the mode of %q is not understood: it is 0644", where)
			}
		}
		files.Content = append(files.Content, file.node)
	}
	if len(files.Content) > 0 {
		files.Kind = sequence
		u.put("write_files", files, "customization")
	}
}

func (o *machineOptions) mode(v value) (string, bool) {
	switch v := v.(type) {
	case text:
		n, err := strconv.ParseUint(strings.TrimPrefix(string(v), "0o"), 8, 32)
		return fmt.Sprintf("%04o", n), err == nil && n <= 0o777
	case number:
		return fmt.Sprintf("%04o", int(v.value)), v.value >= 0 && v.value <= 0o777
	}
	return "", false
}
