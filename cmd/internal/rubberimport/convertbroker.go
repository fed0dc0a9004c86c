package rubberimport

import (
	"net"
	"net/url"
	"slices"
	"strings"
)

// brokers makes the broker: CELERY's BROKER_URL, and the management plugin on the
// same machine.
func (c *converter) brokers() {
	const was = "CELERY.BROKER_URL"
	v, line := c.get("CELERY")
	d, _ := v.(*dict)
	if d != nil {
		v, line = d.items["BROKER_URL"], d.lines["BROKER_URL"]
	} else if v != nil {
		c.note(line, "CELERY", "%s is not carried over: write brokers.main.urls", describe(v))
		v = nil
	}
	if v == nil {
		if v, line = c.get("BROKER_URL"); v == nil {
			v = text("amqp://localhost//")
		}
	}
	broker := c.root.below("brokers", "").below("main", "")
	raw, ok := c.word(was, v, line)
	if !ok {
		raw = "amqp://localhost//"
	}
	address, user, password, err := splitBroker(raw)
	if err != "" {
		c.note(line, was, "%s: write brokers.main.urls", err)
		address = "amqp://localhost:5672"
	}
	broker.list("urls", []string{address}, was+". Its vhost counts now: the ancestor asked for queues of \"/\" whatever stood there.")
	if user != "" {
		broker.str("username", user, "")
		c.secret(broker, "password", "broker.password", "", was, text(password), line)
	}
	c.management(broker, address)
}

// splitBroker takes credentials out of an address, and brings the vhost into the
// form that rubber has. problem is "" if it is one of AMQP.
func splitBroker(raw string) (address, user, password, problem string) {
	u, err := url.Parse(strings.TrimSpace(raw))
	if err != nil || u.Host == "" && u.Scheme != "amqp" {
		return "", "", "", "it is no address that can be read"
	}
	switch u.Scheme {
	case "amqp", "pyamqp", "librabbitmq":
		u.Scheme = "amqp"
	case "amqps":
	default:
		return "", "", "", "it is no address of an AMQP broker"
	}
	if u.User != nil {
		user = u.User.Username()
		password, _ = u.User.Password()
		u.User = nil
	}
	host, port := u.Hostname(), u.Port()
	if host == "" {
		host = "localhost"
	}
	if port == "" {
		port = map[string]string{"amqp": "5672", "amqps": "5671"}[u.Scheme]
	}
	address = u.Scheme + "://" + net.JoinHostPort(host, port)
	vhost, err := url.PathUnescape(strings.TrimPrefix(u.EscapedPath(), "/"))
	if err != nil {
		return "", "", "", "its vhost cannot be read"
	}
	if vhost != "" && vhost != "/" {
		address += "/" + url.PathEscape(vhost)
	}
	return address, user, password, ""
}

// management makes the plugin's keys.
func (c *converter) management(broker *section, address string) {
	port, ok := c.number("BROKER_ADMIN_PORT", 1, 65535)
	if !ok {
		port = "15672"
	}
	host := "localhost"
	if u, err := url.Parse(address); err == nil {
		host = u.Hostname()
	}
	broker.list("management_urls", []string{"http://" + net.JoinHostPort(host, port)}, "BROKER_ADMIN_PORT, on the broker's machine.")
	name, line := c.get("BROKER_ADMIN_UNAME")
	password, at := c.get("BROKER_ADMIN_PASS")
	if e, ok := name.(env); ok && e.otherwise == nil {
		c.note(line, "BROKER_ADMIN_UNAME", "it came from the environment's %s: write it as brokers.main.management_username", e.name)
		name = nil
	}
	user, ok := c.word("BROKER_ADMIN_UNAME", name, line)
	if !ok && password != nil {
		user = "guest"
	}
	if user != "" {
		broker.str("management_username", user, "BROKER_ADMIN_UNAME and BROKER_ADMIN_PASS.")
		c.secret(broker, "management_password", "management.password", "", "BROKER_ADMIN_PASS", password, at)
	}
}

// opsConfig makes the clouds of OPS_CONFIG, one dictionary or several.
func (c *converter) opsConfig() {
	v, line := c.get("OPS_CONFIG")
	var all []*dict
	switch v := v.(type) {
	case *dict:
		all = []*dict{v}
		if v.items["auth_url"] == nil && v.items["name"] == nil { // of names to clouds
			all = nil
			for _, name := range v.keys {
				if d, ok := v.items[name].(*dict); ok {
					if d.items["name"] == nil {
						d.set("name", text(name), v.lines[name])
					}
					all = append(all, d)
				}
			}
		}
	case list:
		for _, one := range v {
			if d, ok := one.(*dict); ok {
				all = append(all, d)
			}
		}
	}
	if len(all) == 0 {
		what := "there is none"
		if v != nil {
			what = describe(v) + " is not carried over"
		}
		c.note(line, "OPS_CONFIG", "%s: write clouds", what)
		return
	}
	clouds, entries := c.root.below("clouds", ""), newSection()
	for _, d := range all {
		c.cloud(clouds, entries, d, line)
	}
	file := newSection()
	file.put("clouds", entries.node, "What OPS_CONFIG said, as OpenStack's own programs have it.")
	if content, err := file.encode(); err == nil {
		c.files = append(c.files, File{"clouds.yaml", 0o600, content})
	}
}

// Keys of OPS_CONFIG that have become others, or nothing.
var (
	cloudKnown = []string{"name", "cloud_type", "networks", "network_pools", "security_group", "username", "password", "tenant_name", "auth_url", "key_name",
		"user_domain_name", "project_domain_name", "regions", "placement_zone", "enabled"}
	cloudGone = map[string]string{
		"vm_slots": "the cloud's quota holds", "storage": "the cloud's quota holds", "memory": "the cloud's quota holds", "max_vm_mem": "the flavor says it",
		"cpu_cores": "the flavor says it", "hypervisor": "it was not used", "boot_timeout": "write limits.booting", "secure_connection": "the address says it",
		"vm_domain_name": "it was not used", "reverse_dns_lookup": "it was not used", "priority": "it was not used",
	}
)

func (c *converter) cloud(clouds, entries *section, d *dict, line int) {
	get := func(key string) (value, int) { return d.items[key], d.lines[key] }
	word := func(key string) string {
		v, at := get(key)
		w, _ := c.word("OPS_CONFIG."+key, v, at)
		return w
	}
	name := c.sectionName("OPS_CONFIG.name", word("name"), "cloud", c.clouds, line)
	if v, at := get("enabled"); v == false {
		c.note(at, "OPS_CONFIG.enabled", "the cloud %s was switched off: it is left out", name)
		return
	}
	if kind := word("cloud_type"); kind != "" && !strings.EqualFold(kind, "openstack") {
		c.note(d.lines["cloud_type"], "OPS_CONFIG.cloud_type", "a cloud of the type %q is not known: it is left out", kind)
		return
	}
	c.clouds = append(c.clouds, name)
	cloud := clouds.below(name, "")
	cloud.str("driver", "openstack", "")
	stack := cloud.below("openstack", "OPS_CONFIG; address and user are in clouds.yaml.")
	stack.str("cloud", name, "")
	stack.str("clouds_file", "clouds.yaml", "")
	v, at := get("password")
	c.secret(stack, "secret", name+".password", "", "OPS_CONFIG.password", v, at)
	if zone := word("placement_zone"); zone != "" {
		stack.str("availability_zone", zone, "placement_zone")
	}
	if v, at := get("regions"); v != nil {
		if all := c.words("OPS_CONFIG.regions", v, at); len(all) > 0 {
			stack.str("region", all[0], "regions")
			if len(all) > 1 {
				c.note(at, "OPS_CONFIG.regions", "the first of %d is taken: write a cloud for each other one", len(all))
			}
		}
	}

	auth := entries.below(name, "").below("auth", "")
	address := word("auth_url")
	if old := strings.TrimSuffix(strings.TrimRight(address, "/"), "/v2.0"); old != strings.TrimRight(address, "/") {
		c.note(d.lines["auth_url"], "OPS_CONFIG.auth_url", "version 2.0 of Keystone's API is no more: it is version 3 of the same address now, with the domains in clouds.yaml")
		address = old + "/v3"
	}
	auth.str("auth_url", address, "auth_url")
	auth.str("username", word("username"), "")
	auth.str("project_name", word("tenant_name"), "tenant_name")
	for _, key := range []string{"user_domain_name", "project_domain_name"} {
		domain := word(key)
		if domain == "" {
			domain = "Default"
		}
		auth.str(key, domain, "")
	}
	for _, key := range []string{"networks", "network_pools"} {
		if v, at := get(key); v != nil {
			c.networks = append(c.networks, c.words("OPS_CONFIG."+key, v, at)...)
		}
	}
	if v, at := get("security_group"); v != nil {
		c.group = c.words("OPS_CONFIG.security_group", v, at)
	}
	if key := word("key_name"); key != "" {
		c.keyName = key
	}
	for _, key := range d.keys {
		if why, ok := cloudGone[key]; ok {
			c.note(d.lines[key], "OPS_CONFIG."+key, "left out: %s", why)
		} else if !slices.Contains(cloudKnown, key) {
			c.note(d.lines[key], "OPS_CONFIG."+key, "not known: it is not carried over")
		}
	}
}
