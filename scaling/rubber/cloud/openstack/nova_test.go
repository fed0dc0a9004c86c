//go:build nova

package openstack

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"perfmon/alarm/sink/sinktest"
)

var (
	novaDir = flag.String("dir", "", "where the servers of Nova keep what they write")
	hold    = flag.Bool("hold", false, "let Nova run until the standard input ends, and test nothing")
	joined  = flag.Bool("joined", false, "test the Nova that another process holds in the same namespaces")
)

// Ports are those that everybody uses: the network namespace is Nova's own.
const (
	keystoneURL  = "http://127.0.0.1:5000/v3"
	computeURL   = "http://127.0.0.1:8774/v2.1"
	imageURL     = "http://127.0.0.1:9292"
	placementURL = "http://127.0.0.1:8778"
	networkURL   = "http://127.0.0.1:9696"

	servicePassword = "service-secret"
	adminPassword   = "admin-secret"
	userPassword    = "user-secret"
)

// startLimit is how long a server may take until it answers, on a machine
// that has other things to do.
const startLimit = 10 * time.Minute

// realNova is a Nova with everything that it needs.
type realNova struct {
	t   *testing.T
	dir string
	env []string

	mu    sync.Mutex
	ended []string // programs that were to run on
}

func startNova(t *testing.T) *realNova {
	t.Helper()
	if *novaDir == "" {
		t.Skip("make nova runs it: it needs namespaces of its own")
	}
	n := &realNova{t: t, dir: *novaDir}
	n.env = append(os.Environ(), "LC_ALL=C.UTF-8", "PYTHONWARNINGS=ignore", "PATH=/usr/sbin:/usr/bin:/sbin:/bin",
		"OS_KEYSTONE_CONFIG_DIR="+n.dir, "OS_PLACEMENT_CONFIG_DIR="+n.dir, "OS_GLANCE_CONFIG_DIR="+n.dir, "OS_NOVA_CONFIG_DIR="+n.dir)
	if *joined {
		return n
	}
	began := time.Now()
	broker := sinktest.StartRabbit(t)
	n.database()
	n.configure("rabbit://" + broker.User + ":" + broker.Password + "@" + strings.TrimPrefix(broker.URL, "amqp://") + "/")
	n.schemas()
	t.Logf("%.0f s: databases are made", time.Since(began).Seconds())

	n.wsgi("keystone", "5000", "/usr/bin/keystone-wsgi-public", "1", "4")
	n.until("keystone", func() bool { return n.answers(keystoneURL) })
	n.catalogue()
	startNetwork(t, "127.0.0.1:9696")
	n.wsgi("placement", "8778", "/usr/bin/placement-api", "1", "4")
	n.wsgi("glance", "9292", "/usr/bin/glance-wsgi-api", "1", "4")
	n.until("placement", func() bool { return n.answers(placementURL) })
	n.wsgi("nova-api", "8774", "/usr/bin/nova-api-wsgi", "3", "1")
	n.run("nova-conductor", "/usr/bin/nova-conductor", "--config-file", n.dir+"/nova.conf")
	n.run("nova-scheduler", "/usr/bin/nova-scheduler", "--config-file", n.dir+"/nova.conf")
	for _, host := range []string{"compute-a", "compute-b"} {
		n.run("nova-"+host, "/usr/bin/nova-compute", "--config-file", n.dir+"/nova.conf", "--config-file", n.dir+"/"+host+".conf")
	}
	n.until("glance", func() bool { return n.answers(imageURL) })
	n.until("nova-api", func() bool { return n.answers("http://127.0.0.1:8774/") })
	t.Logf("%.0f s: all servers answer", time.Since(began).Seconds())
	n.furnish()
	t.Logf("%.0f s: images and flavors are made", time.Since(began).Seconds())
	n.untilBuilds()
	t.Logf("%.0f s: servers become active", time.Since(began).Seconds())
	return n
}

// run starts a program that ends with the test.
func (n *realNova) run(name string, args ...string) {
	n.t.Helper()
	log, err := os.OpenFile(n.log(name), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		n.t.Fatal(err)
	}
	defer log.Close()
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Dir, cmd.Env, cmd.Stdout, cmd.Stderr = n.dir, n.env, log, log
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		n.t.Fatalf("start %s; make nova installs it: %v", name, err)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = cmd.Wait()
		n.mu.Lock()
		defer n.mu.Unlock()
		n.ended = append(n.ended, name)
	}()
	n.t.Cleanup(func() {
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
		<-ended
	})
}

// wsgi starts one of OpenStack's applications in uwsgi, in so many processes
// and threads: Nova's API takes no threads, it comes to a standstill when several
// servers are created at once; Keystone's cache is of one process.
func (n *realNova) wsgi(name, port, file, processes, threads string) {
	n.run(name, "/usr/bin/uwsgi", "--plugin", "python3", "--http-socket", "127.0.0.1:"+port, "--wsgi-file", file,
		"--master", "--processes", processes, "--threads", threads, "--enable-threads", "--lazy-apps", "--die-on-term",
		"--buffer-size", "65535", "--rem-header", "Content-Length", "--add-header", "Connection: close", // it closes, and would not say so
		"--need-app", "--procname-master", name)
}

func (n *realNova) log(name string) string { return filepath.Join(n.dir, name+".log") }

// until waits for a server that has no way to say that it is there.
func (n *realNova) until(what string, holds func() bool) {
	n.t.Helper()
	for deadline := time.Now().Add(startLimit); time.Now().Before(deadline); time.Sleep(200 * time.Millisecond) {
		if holds() {
			return
		}
		n.mu.Lock()
		ended := len(n.ended) > 0
		n.mu.Unlock()
		if ended {
			break
		}
	}
	logs, _ := filepath.Glob(n.dir + "/*.log")
	for _, name := range logs {
		text, _ := os.ReadFile(name)
		n.t.Logf("%s ends with:\n%s", filepath.Base(name), text[max(0, len(text)-3000):])
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.t.Fatalf("%s is not there, after %s at most; these have ended: %q", what, startLimit, n.ended)
}

// faults shows what Nova's API did not expect itself.
func (n *realNova) faults() {
	text, err := os.ReadFile(n.log("nova-api"))
	if err != nil {
		n.t.Error(err)
	}
	const most = 20
	shown := 0
	for line := range strings.Lines(string(text)) {
		_, said, is := strings.Cut(line, " ERROR ")
		if is && strings.Contains(said, "Error: ") && shown < most {
			n.t.Log("nova-api:", strings.TrimSpace(said))
			shown++
		}
	}
}

func (n *realNova) answers(url string) bool {
	resp, err := http.Get(url)
	if err != nil {
		return false
	}
	resp.Body.Close()
	return resp.StatusCode < 500
}

func (n *realNova) database() {
	n.t.Helper()
	data, socket := n.dir+"/db", n.dir+"/db.sock"
	n.tool("mariadb-install", "/usr/bin/mariadb-install-db", "--no-defaults", "--user=root", "--auth-root-authentication-method=normal", "--skip-test-db", "--datadir="+data)
	n.run("mariadb", "/usr/sbin/mariadbd", "--no-defaults", "--user=root", "--datadir="+data, "--socket="+socket, "--bind-address=127.0.0.1", "--port=3306",
		"--innodb-flush-log-at-trx-commit=0", "--innodb-doublewrite=0", "--skip-name-resolve", "--character-set-server=utf8", "--max-connections=500")
	n.until("mariadb", func() bool {
		c, err := net.Dial("unix", socket)
		if err == nil {
			c.Close()
		}
		return err == nil
	})
	sql := "CREATE USER 'nova'@'127.0.0.1' IDENTIFIED BY 'db-secret'; GRANT ALL ON *.* TO 'nova'@'127.0.0.1';"
	for _, name := range []string{"keystone", "placement", "glance", "nova_api", "nova", "nova_cell0"} {
		sql += " CREATE DATABASE " + name + ";"
	}
	n.tool("mariadb-users", "/usr/bin/mariadb", "--no-defaults", "--user=root", "--socket="+socket, "--execute="+sql)
}

// tool runs a program to its end.
func (n *realNova) tool(name string, args ...string) {
	n.t.Helper()
	if err := n.try(name, args...); err != nil {
		n.t.Fatal(err)
	}
}

func (n *realNova) try(name string, args ...string) error {
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Dir, cmd.Env = n.dir, n.env
	out, err := cmd.CombinedOutput()
	if err != nil {
		return fmt.Errorf("%s: %w\n%s", name, err, out[max(0, len(out)-4000):])
	}
	return nil
}

func (n *realNova) configure(broker string) {
	n.t.Helper()
	database := func(name string) string {
		return "connection = mysql+pymysql://nova:db-secret@127.0.0.1:3306/" + name + "?charset=utf8\nmax_pool_size = 5\n"
	}
	account := func(user string) string {
		return "auth_type = password\nauth_url = " + keystoneURL + "\nusername = " + user + "\npassword = " + servicePassword +
			"\nproject_name = service\nuser_domain_id = default\nproject_domain_id = default\nregion_name = RegionOne\n"
	}
	// A token that is revoked is refused at once.
	middleware := func(user string) string {
		return "[keystone_authtoken]\n" + account(user) + "www_authenticate_uri = " + keystoneURL + "\ntoken_cache_time = -1\n"
	}
	paste, err := os.ReadFile("/etc/nova/api-paste.ini")
	if err != nil {
		n.t.Fatal(err)
	}
	glancePaste, err := os.ReadFile("/etc/glance/glance-api-paste.ini")
	if err != nil {
		n.t.Fatal(err)
	}
	for name, text := range map[string]string{
		"keystone.conf": "[database]\n" + database("keystone") + "[token]\nprovider = fernet\n[fernet_tokens]\nkey_repository = " + n.dir + "/fernet\n" +
			"[credential]\nkey_repository = " + n.dir + "/credential\n[cache]\nenabled = true\nbackend = dogpile.cache.memory\n",
		"placement.conf":       "[placement_database]\n" + database("placement") + "[api]\nauth_strategy = keystone\n" + middleware("placement"),
		"glance-api-paste.ini": string(glancePaste),
		"glance-api.conf": "[DEFAULT]\nworkers = 1\n[database]\n" + database("glance") + "[paste_deploy]\nflavor = keystone\n" + middleware("glance") +
			"[glance_store]\nstores = file\ndefault_store = file\nfilesystem_store_datadir = " + n.dir + "/images\n[oslo_concurrency]\nlock_path = " + n.dir + "/lock\n",
		"api-paste.ini": string(paste),
		"nova.conf": "[DEFAULT]\nmy_ip = 127.0.0.1\nstate_path = " + n.dir + "/state\ntransport_url = " + broker + "\ncompute_driver = fake.MediumFakeDriver\n" +
			"report_interval = 5\nservice_down_time = 60\nosapi_compute_workers = 1\nmetadata_workers = 1\nrpc_response_timeout = 120\nshutdown_timeout = 2\n" +
			"[api_database]\n" + database("nova_api") + "[database]\n" + database("nova") + "[oslo_concurrency]\nlock_path = " + n.dir + "/lock\n" +
			middleware("nova") + "[placement]\n" + account("placement") + "[neutron]\n" + account("neutron") + "[glance]\n" + account("glance") +
			"[cinder]\n" + account("cinder") + "os_region_name = RegionOne\n[service_user]\nsend_service_user_token = false\n" +
			"[conductor]\nworkers = 1\n[scheduler]\nworkers = 1\ndiscover_hosts_in_cells_interval = 2\n" +
			"[filter_scheduler]\nenabled_filters = ComputeFilter,ComputeCapabilitiesFilter,ImagePropertiesFilter,ServerGroupAntiAffinityFilter,ServerGroupAffinityFilter,JsonFilter\n" +
			"[vnc]\nenabled = false\n[workarounds]\ndisable_rootwrap = true\n[api]\nmax_limit = 3\n",
		"compute-a.conf": "[DEFAULT]\nhost = compute-a\nstate_path = " + n.dir + "/state-a\n",
		"compute-b.conf": "[DEFAULT]\nhost = compute-b\nstate_path = " + n.dir + "/state-b\n",
	} {
		if err := os.WriteFile(filepath.Join(n.dir, name), []byte(text), 0o600); err != nil {
			n.t.Fatal(err)
		}
	}
	for _, name := range []string{"fernet", "credential", "images", "lock", "state", "state-a", "state-b"} {
		if err := os.MkdirAll(filepath.Join(n.dir, name), 0o700); err != nil {
			n.t.Fatal(err)
		}
	}
}

// schemas makes the tables: those of each service one after the other, the
// services beside each other.
func (n *realNova) schemas() {
	n.t.Helper()
	keystone := []string{"/usr/bin/keystone-manage", "--config-file", n.dir + "/keystone.conf"}
	nova := []string{"/usr/bin/nova-manage", "--config-file", n.dir + "/nova.conf"}
	with := func(tool []string, args ...string) []string { return append(append([]string{}, tool...), args...) }
	errs := make(chan error)
	var wait sync.WaitGroup
	for _, steps := range [][][]string{
		{
			with(keystone, "db_sync"),
			with(keystone, "fernet_setup", "--keystone-user", "root", "--keystone-group", "root"),
			with(keystone, "credential_setup", "--keystone-user", "root", "--keystone-group", "root"),
			with(keystone, "bootstrap", "--bootstrap-password", adminPassword, "--bootstrap-region-id", "RegionOne",
				"--bootstrap-public-url", keystoneURL, "--bootstrap-internal-url", keystoneURL, "--bootstrap-admin-url", keystoneURL),
			{"/usr/bin/placement-manage", "--config-file", n.dir + "/placement.conf", "db", "sync"},
			{"/usr/bin/glance-manage", "--config-file", n.dir + "/glance-api.conf", "db_sync"},
		},
		{
			with(nova, "api_db", "sync"),
			with(nova, "cell_v2", "map_cell0", "--database_connection", "mysql+pymysql://nova:db-secret@127.0.0.1:3306/nova_cell0?charset=utf8"),
			with(nova, "cell_v2", "create_cell", "--name", "cell1"),
			with(nova, "db", "sync"),
		},
	} {
		wait.Go(func() {
			for _, args := range steps {
				if err := n.try(strings.Join(args, " "), args...); err != nil {
					errs <- err
					return
				}
			}
		})
	}
	go func() { wait.Wait(); close(errs) }()
	failed := false
	for err := range errs {
		n.t.Error(err)
		failed = true
	}
	if failed {
		n.t.FailNow()
	}
}

// call is a request of an administrator, apart from the driver that is
// tested. It returns the answer, which may have been an error.
func call(ctx context.Context, method, url, token string, body any) (status int, header http.Header, answer map[string]any, err error) {
	var text io.Reader
	contentType := "application/json"
	switch body := body.(type) {
	case nil:
	case []byte:
		text, contentType = bytes.NewReader(body), "application/octet-stream"
	default:
		raw, err := json.Marshal(body)
		if err != nil {
			return 0, nil, nil, err
		}
		text = bytes.NewReader(raw)
	}
	req, err := http.NewRequestWithContext(ctx, method, url, text)
	if err != nil {
		return 0, nil, nil, err
	}
	req.Header.Set("Content-Type", contentType)
	req.Header.Set("OpenStack-API-Version", "compute 2.79")
	if token != "" {
		req.Header.Set("X-Auth-Token", token)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, nil, nil, err
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(io.LimitReader(resp.Body, 1<<24))
	if err == nil && len(raw) > 0 {
		_ = json.Unmarshal(raw, &answer) // some are plain text
	}
	return resp.StatusCode, resp.Header, answer, err
}

// token logs in, as anybody, to a project.
func (n *realNova) token(user, password, project string) string {
	n.t.Helper()
	domain := map[string]any{"id": "default"}
	status, header, answer, err := call(n.t.Context(), "POST", keystoneURL+"/auth/tokens", "", map[string]any{"auth": map[string]any{
		"identity": map[string]any{"methods": []string{"password"}, "password": map[string]any{"user": map[string]any{"name": user, "domain": domain, "password": password}}},
		"scope":    map[string]any{"project": map[string]any{"name": project, "domain": domain}},
	}})
	if err != nil || status != http.StatusCreated {
		n.t.Fatalf("log in as %s: %d %v %v", user, status, answer, err)
	}
	return header.Get("X-Subject-Token")
}

// must is a call that has to succeed. Dots lead into the answer.
func (n *realNova) must(token, method, url string, body any) map[string]any {
	n.t.Helper()
	status, _, answer, err := call(n.t.Context(), method, url, token, body)
	if err != nil || status >= 300 {
		n.t.Fatalf("%s %s: %d %v %v", method, url, status, answer, err)
	}
	return answer
}

func idOf(answer map[string]any, kind string) string {
	if inner, ok := answer[kind].(map[string]any); ok {
		answer = inner
	}
	return fmt.Sprint(answer["id"])
}

// catalogue makes users, and says where the services are: nova-scheduler and
// nova-compute end if placement is not there when they start.
func (n *realNova) catalogue() {
	n.t.Helper()
	admin := n.token("admin", adminPassword, "admin")
	v3 := func(method, path string, body any) map[string]any {
		return n.must(admin, method, keystoneURL+path, body)
	}
	roles := map[string]string{}
	for _, r := range v3("GET", "/roles", nil)["roles"].([]any) {
		role := r.(map[string]any)
		roles[role["name"].(string)] = role["id"].(string)
	}
	if roles["service"] == "" {
		roles["service"] = idOf(v3("POST", "/roles", map[string]any{"role": map[string]any{"name": "service"}}), "role")
	}
	project := func(name string) string {
		return idOf(v3("POST", "/projects", map[string]any{"project": map[string]any{"name": name, "domain_id": "default"}}), "project")
	}
	user := func(name, password, project string, with ...string) {
		id := idOf(v3("POST", "/users", map[string]any{"user": map[string]any{"name": name, "password": password, "domain_id": "default"}}), "user")
		for _, role := range with {
			v3("PUT", "/projects/"+project+"/users/"+id+"/roles/"+roles[role], nil)
		}
	}
	service := project("service")
	for _, name := range []string{"nova", "placement", "glance", "neutron", "cinder"} {
		user(name, servicePassword, service, "admin", "service")
	}
	user("rubber", userPassword, project("workers"), "member", "reader")
	for _, s := range [][3]string{{"nova", "compute", computeURL}, {"placement", "placement", placementURL}, {"glance", "image", imageURL}, {"neutron", "network", networkURL}} {
		id := idOf(v3("POST", "/services", map[string]any{"service": map[string]any{"name": s[0], "type": s[1]}}), "service")
		for _, face := range []string{"public", "internal", "admin"} {
			v3("POST", "/endpoints", map[string]any{"endpoint": map[string]any{"service_id": id, "interface": face, "region_id": "RegionOne", "url": s[2]}})
		}
	}
}

// furnish makes what machines are made of.
func (n *realNova) furnish() {
	n.t.Helper()
	admin := n.token("admin", adminPassword, "admin")
	for _, name := range []string{"worker", "twice", "twice"} {
		id := idOf(n.must(admin, "POST", imageURL+"/v2/images", map[string]any{"name": name, "disk_format": "raw", "container_format": "bare", "visibility": "public"}), "")
		n.must(admin, "PUT", imageURL+"/v2/images/"+id+"/file", bytes.Repeat([]byte{1}, 1024))
	}
	for _, f := range []map[string]any{
		{"name": "small", "ram": 512, "vcpus": 1, "disk": 1},
		{"name": "huge", "ram": 1 << 20, "vcpus": 4, "disk": 1},
	} {
		n.must(admin, "POST", computeURL+"/flavors", map[string]any{"flavor": f})
	}
	// The projects' limit of memory is not to be the first that is met.
	for _, p := range n.must(admin, "GET", keystoneURL+"/projects", nil)["projects"].([]any) {
		n.must(admin, "PUT", computeURL+"/os-quota-sets/"+idOf(p.(map[string]any), ""), map[string]any{"quota_set": map[string]any{"ram": -1, "force": true}})
	}
	user := n.token("rubber", userPassword, "workers")
	n.must(user, "POST", computeURL+"/os-keypairs", map[string]any{"keypair": map[string]any{"name": "operator", "type": "ssh",
		"public_key": "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIIHGeqyHRBvRxbSgcSvISIZ9CzKPu4ZgwGtt4I1uTTQb operator"}})
}

// untilBuilds waits until both hosts take servers. That all services are up
// is not enough: the scheduler has to know of their hosts as well.
func (n *realNova) untilBuilds() {
	n.t.Helper()
	admin := n.token("admin", adminPassword, "admin")
	flavor, image := n.find(admin, computeURL+"/flavors", "flavors", "small"), n.find(admin, imageURL+"/v2/images", "images", "worker")
	for _, host := range []string{"compute-a", "compute-b"} {
		n.until("a server on "+host, func() bool {
			status, _, answer, err := call(n.t.Context(), "POST", computeURL+"/servers", admin, map[string]any{"server": map[string]any{
				"name": "probe", "imageRef": image, "flavorRef": flavor, "networks": "none", "host": host}})
			if err != nil || status != http.StatusAccepted {
				return false
			}
			url := computeURL + "/servers/" + idOf(answer, "server")
			state := ""
			n.until("an end of the probe's building", func() bool {
				state, _ = n.must(admin, "GET", url, nil)["server"].(map[string]any)["status"].(string)
				return state != "BUILD"
			})
			n.must(admin, "DELETE", url, nil)
			n.until("the probe's end", func() bool {
				status, _, _, err := call(n.t.Context(), "GET", url, admin, nil)
				return err == nil && status == http.StatusNotFound
			})
			return state == "ACTIVE"
		})
	}
}

// find is the id of what has a name.
func (n *realNova) find(token, url, list, name string) string {
	n.t.Helper()
	for _, item := range n.must(token, "GET", url, nil)[list].([]any) {
		if item.(map[string]any)["name"] == name {
			return idOf(item.(map[string]any), "")
		}
	}
	n.t.Fatalf("no %q in %s", name, url)
	return ""
}

// TestNovaHold is for those who want to look at it by hand.
func TestNovaHold(t *testing.T) {
	if !*hold {
		t.Skip("without -hold")
	}
	startNova(t)
	t.Log("it runs; the end of the standard input ends it")
	_, _ = io.Copy(io.Discard, os.Stdin)
}
