package openstack

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"perfmon/scaling/rubber/cloud"
)

const owner = "rubber-test"

func machine(id string) cloud.Spec { return spec(id, owner, "worker-"+id) }

// wantError is an error unless err is of a kind, is about what was tried, and
// has all parts in it.
func wantError(t *testing.T, err error, want cloud.Kind, parts ...string) *cloud.Error {
	t.Helper()
	var e *cloud.Error
	if !errors.As(err, &e) {
		t.Fatalf("got %v, want an error of kind %s", err, want)
	}
	if e.Kind != want || e.Op == "" {
		t.Errorf("got %q of kind %s, want one of kind %s that says what was tried", err, e.Kind, want)
	}
	for _, part := range parts {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("got %q, want %q in it", err, part)
		}
	}
	return e
}

// instead has requests whose path ends so be answered by f.
func (d *double) instead(method, suffix string, f http.HandlerFunc) (undo func()) {
	return d.intercept(func(w http.ResponseWriter, r *http.Request) bool {
		if r.Method != method || !strings.HasSuffix(r.URL.Path, suffix) {
			return false
		}
		f(w, r)
		return true
	})
}

func says(status int, body string, header ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		for i := 0; i+1 < len(header); i += 2 {
			w.Header().Set(header[i], header[i+1])
		}
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

func TestHalfListsAreErrors(t *testing.T) {
	d := newDouble(t, "rubber")
	c := d.connect(Options{Largest: 1 << 16})
	if _, err := c.List(t.Context(), owner); err != nil {
		t.Fatal(err)
	}
	server := `{"id": "a", "name": "a", "status": "ACTIVE", "metadata": {"rubber.owner": "rubber-test"}}`
	for what, answer := range map[string]http.HandlerFunc{
		"breaks off":      says(200, `{"servers": [`+server+`,`),
		"has no list":     says(200, `{}`),
		"has null":        says(200, `{"servers": null}`),
		"is a page":       says(200, `<html>Welcome</html>`),
		"is too large":    says(200, `{"servers": [{"id": "`+strings.Repeat("x", 1<<17)+`"}]}`),
		"is of one down":  says(200, `{"servers": [`+server+`, {"id": "b", "status": "UNKNOWN", "links": []}]}`),
		"never ends":      says(200, `{"servers": [`+server+`], "servers_links": [{"rel": "next", "href": "http://elsewhere/servers/detail?marker=a"}]}`),
		"links to itself": says(200, `{"servers": [`+server+`], "servers_links": [{"rel": "next", "href": ""}]}`),
		"has one twice":   says(200, `{"servers": [`+server+`, `+server+`]}`),
		"has one unnamed": says(200, `{"servers": [{"status": "ACTIVE"}]}`),
		"is an error":     says(500, `{"computeFault": {"code": 500, "message": "Unexpected API Error."}}`),
		"is of a proxy":   says(502, `<html><h1>502 Bad Gateway</h1></html>`),
		"ends in the second page": func(w http.ResponseWriter, r *http.Request) {
			if r.URL.RawQuery != "" {
				says(400, `{"badRequest": {"code": 400, "message": "marker [a] not found"}}`)(w, r)
				return
			}
			says(200, `{"servers": [`+server+`], "servers_links": [{"rel": "next", "href": "http://x/?marker=a"}]}`)(w, r)
		},
	} {
		undo := d.instead("GET", "/servers/detail", answer)
		list, err := c.List(t.Context(), owner)
		undo()
		if len(list) > 0 || err == nil {
			t.Errorf("an answer that %s: %v, %v", what, list, err)
			continue
		}
		wantError(t, err, cloud.Transient, "list")
	}
	if _, err := c.List(t.Context(), owner); err != nil {
		t.Errorf("after all that: %v", err)
	}
}

func TestRefusalsAreClassed(t *testing.T) {
	d := newDouble(t, "rubber")
	c := d.connect(Options{Settle: time.Millisecond})
	nova := func(name, message string) string {
		return fmt.Sprintf(`{%q: {"code": 0, "message": %q}}`, name, message)
	}
	for _, x := range []struct {
		status int
		body   string
		header []string
		kind   cloud.Kind
		wait   time.Duration
		part   string
	}{
		{400, nova("badRequest", "Flavor x could not be found."), nil, cloud.Invalid, 0, `"small"`},
		{400, nova("badRequest", "Network x could not be found."), nil, cloud.Invalid, 0, `"workers, storage"`},
		{404, nova("itemNotFound", "Image x could not be found."), nil, cloud.Invalid, 0, `"worker"`},
		{400, nova("badRequest", "The requested availability zone is not available"), nil, cloud.Invalid, 0, "availability zone"},
		{403, nova("forbidden", "Quota exceeded for instances: Requested 1, but already used 2 of 2 instances"), nil, cloud.Quota, 0, "already used 2"},
		{403, nova("forbidden", "Maximum number of ports exceeded"), nil, cloud.Quota, 0, ""},
		{403, nova("forbidden", "Only volume-backed servers are allowed for flavors with zero disk."), nil, cloud.Invalid, 0, "boot volume"},
		{403, nova("forbidden", "Policy doesn't allow os_compute_api:servers:create to be performed."), nil, cloud.Auth, 0, "role"},
		{409, nova("conflictingRequest", "Multiple possible networks found, use a Network ID to be more specific."), nil, cloud.Invalid, 0, "id"},
		{409, nova("conflictingRequest", "something else is under way"), nil, cloud.Transient, 0, ""},
		{413, nova("overLimit", "This request was rate-limited."), []string{"Retry-After", "17"}, cloud.Transient, 17 * time.Second, ""},
		{413, nova("badRequest", "Request is too large."), nil, cloud.Invalid, 0, "smaller"},
		{429, "", []string{"Retry-After", "99999999"}, cloud.Transient, time.Hour, ""},
		{429, "", []string{"Retry-After", "soon"}, cloud.Transient, 0, ""},
		{500, nova("computeFault", "Unexpected API Error."), nil, cloud.Transient, 0, ""},
		{503, "<html>away</html>", []string{"Retry-After", "3"}, cloud.Transient, 3 * time.Second, "away"},
		{418, "", nil, cloud.Transient, 0, "teapot"},
	} {
		undo := d.instead("POST", "/servers", says(x.status, x.body, x.header...))
		_, err := c.Create(t.Context(), machine("one"))
		undo()
		if e := wantError(t, err, x.kind, "create", x.part); e.RetryAfter != x.wait {
			t.Errorf("%d %v: wait %s, want %s", x.status, x.header, e.RetryAfter, x.wait)
		}
	}
	if d.asked["POST /compute/v2.1/servers"] != 17 {
		t.Errorf("it asked %d times for 17 machines: when to try again is not the driver's to say", d.asked["POST /compute/v2.1/servers"])
	}
}

// TestLostCreateIsWaitedFor: the answer of a create is lost, and the server
// is not in the list until a while later.
func TestLostCreateIsWaitedFor(t *testing.T) {
	d := newDouble(t, "rubber")
	c := d.connect(Options{Settle: time.Minute})
	var kept []byte
	looks := 0
	d.intercept(func(w http.ResponseWriter, r *http.Request) bool {
		switch {
		case r.Method == http.MethodPost && strings.HasSuffix(r.URL.Path, "/servers"):
			kept, _ = io.ReadAll(r.Body)
			panic(http.ErrAbortHandler)
		case strings.HasSuffix(r.URL.Path, "/servers/detail"):
			if looks++; looks == 3 {
				d.create(nowhere{}, kept)
			}
		}
		return false
	})
	_, err := c.Create(t.Context(), machine("one"))
	wantError(t, err, cloud.Transient, "create")
	made, err := c.Create(t.Context(), machine("one"))
	if err != nil {
		t.Fatal(err)
	}
	if len(d.list) != 1 || d.list[0].id != made.ID || looks < 3 {
		t.Errorf("after %d looks it is %s; there are %d servers", looks, made.ID, len(d.list))
	}
	if len(c.unsure) != 0 {
		t.Errorf("it still waits for %v", c.unsure)
	}
}

func TestSecretsStayOutOfErrors(t *testing.T) {
	d := newDouble(t, "rubber")
	const secret = "hunter2-and-more"
	c := d.connect(Options{File: d.cloudsFile(secret)})
	_, err := c.List(t.Context(), owner)
	wantError(t, err, cloud.Auth, "clouds.yaml")
	// A service that repeats what it was sent.
	d.instead("POST", "/auth/tokens", func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		w.WriteHeader(500)
		_, _ = w.Write(body)
	})
	_, again := c.List(t.Context(), owner)
	wantError(t, again, cloud.Transient, "500")
	for _, err := range []error{err, again} {
		if strings.Contains(err.Error(), secret) {
			t.Errorf("the secret is in %q", err)
		}
	}
	c = d.connect(Options{Secret: "user-secret", File: d.cloudsFile("not this")})
	d.intercept(nil)
	if _, err := c.List(t.Context(), owner); err != nil {
		t.Fatalf("with the secret from elsewhere: %v", err)
	}
	token := c.current.Load().compute.Token()
	d.instead("GET", "/servers/detail", says(500, `{"computeFault": {"message": "token `+token+` is odd"}}`))
	_, err = c.List(t.Context(), owner)
	if wantError(t, err, cloud.Transient, "***"); strings.Contains(err.Error(), token) {
		t.Errorf("the token is in %q", err)
	}
}

func TestTokensEnd(t *testing.T) {
	d := newDouble(t, "rubber")
	c := d.connect(Options{})
	list := func() error { _, err := c.List(t.Context(), owner); return err }
	if err := list(); err != nil {
		t.Fatal(err)
	}
	expire := func() {
		d.mu.Lock()
		defer d.mu.Unlock()
		clear(d.tokens)
	}
	expire()
	if err := list(); err != nil {
		t.Errorf("after the token ended: %v", err)
	}
	if n := d.asked["POST /identity/v3/auth/tokens"]; n != 2 {
		t.Errorf("it logged in %d times, want 2", n)
	}
	expire()
	undo := d.instead("POST", "/auth/tokens", says(503, ""))
	wantError(t, list(), cloud.Transient) // nothing is wrong with the password
	undo()
	if err := list(); err != nil {
		t.Errorf("when Keystone is back: %v", err)
	}
	expire()
	undo = d.instead("POST", "/auth/tokens", says(401, `{"error": {"code": 401, "message": "The request you have made requires authentication."}}`))
	wantError(t, list(), cloud.Auth)
	undo()
	if err := list(); err != nil {
		t.Errorf("when the password is right again: %v", err)
	}
}

func TestContextEndsLogin(t *testing.T) {
	d := newDouble(t, "rubber")
	for _, path := range []string{"/identity/v3/auth/tokens", "/compute/v2.1/", "/image/"} {
		c := d.connect(Options{})
		asked := make(chan struct{})
		hang := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == path {
				close(asked)
				_, _ = io.Copy(io.Discard, r.Body)
				<-r.Context().Done()
				return
			}
			d.ServeHTTP(w, r)
		}))
		c.wire = toward{hang.Listener.Addr().String()}
		ctx, cancel := context.WithCancel(t.Context())
		go func() { <-asked; cancel() }()
		_, err := c.List(ctx, owner)
		if wantError(t, err, cloud.Transient); !errors.Is(err, context.Canceled) {
			t.Errorf("%s hangs: %v", path, err)
		}
		hang.Close()
	}
}

// toward has everything go to one address.
type toward struct{ address string }

func (to toward) RoundTrip(req *http.Request) (*http.Response, error) {
	req = req.Clone(req.Context())
	req.URL.Host = to.address
	return http.DefaultTransport.RoundTrip(req)
}

func TestRedirectionElsewhere(t *testing.T) {
	got := make(chan http.Header, 1)
	elsewhere := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { got <- r.Header }))
	defer elsewhere.Close()
	d := newDouble(t, "rubber")
	c := d.connect(Options{})
	d.instead("GET", "/servers/detail", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, elsewhere.URL+"/", http.StatusTemporaryRedirect)
	})
	_, err := c.List(t.Context(), owner)
	wantError(t, err, cloud.Transient, "redirects")
	select {
	case h := <-got:
		t.Errorf("it went there with %v", h)
	default:
	}
}

func TestNamesAreBelievedForAWhile(t *testing.T) {
	d := newDouble(t, "rubber")
	c := d.connect(Options{NamesFor: time.Minute})
	now := time.Now()
	c.names.now = func() time.Time { return now }
	looks := func() int { return d.asked["GET /image/v2/images"] }
	check := func(want int) {
		t.Helper()
		if err := c.Check(t.Context(), machine("one")); err != nil {
			t.Fatal(err)
		}
		if looks() != want {
			t.Errorf("it looked %d times for the image, want %d", looks(), want)
		}
	}
	check(1)
	now = now.Add(time.Minute - time.Nanosecond)
	check(1)
	now = now.Add(time.Nanosecond)
	check(2)
	// What Nova does not know is looked up anew.
	d.instead("POST", "/servers", says(400, `{"badRequest": {"message": "Can not find requested image"}}`))
	_, err := c.Create(t.Context(), machine("one"))
	wantError(t, err, cloud.Invalid, `"worker"`)
	check(3)
	// A name that is not there is not remembered.
	wrong := machine("one")
	wrong.Image = "nonesuch"
	for range 2 {
		wantError(t, c.Check(t.Context(), wrong), cloud.Invalid, "nonesuch")
	}
	if looks() != 5 {
		t.Errorf("it looked %d times, want 5", looks())
	}
}

// sent is the body of the next create.
func (d *double) sent() func() map[string]any {
	var body []byte
	d.instead("POST", "/servers", func(w http.ResponseWriter, r *http.Request) {
		body, _ = io.ReadAll(r.Body)
		d.create(w, body)
	})
	return func() map[string]any {
		var v struct{ Server map[string]any }
		if err := json.Unmarshal(body, &v); err != nil {
			d.t.Fatal(err)
		}
		return v.Server
	}
}

func TestWhatIsAskedFor(t *testing.T) {
	d := newDouble(t, "rubber")
	agent := ""
	c := d.connect(Options{Program: "rubber/7", BootVolume: BootVolume{Size: 20, Type: "fast"}, AvailabilityZone: "az1", ConfigDrive: true})
	sent := d.sent()
	next := d.before
	d.intercept(func(w http.ResponseWriter, r *http.Request) bool { agent = r.UserAgent(); return next(w, r) })
	s := machine("one")
	s.UserData = []byte("abcd") // which is base64 as well
	s.Networks = []string{"none"}
	// The double wants an image; Nova wants none beside a volume.
	_, _ = c.Create(t.Context(), s)
	d.failed = nil
	body := sent()
	if body["user_data"] != base64.StdEncoding.EncodeToString([]byte("abcd")) || body["networks"] != "none" || body["availability_zone"] != "az1" || body["config_drive"] != true || body["imageRef"] != "" {
		t.Errorf("it sends %v", body)
	}
	volume := body["block_device_mapping_v2"].([]any)[0].(map[string]any)
	if volume["delete_on_termination"] != true || volume["volume_size"] != 20.0 || volume["volume_type"] != "fast" || volume["source_type"] != "image" || volume["destination_type"] != "volume" {
		t.Errorf("the volume is %v", volume)
	}
	if !strings.HasPrefix(agent, "rubber/7 ") {
		t.Errorf("it calls itself %q", agent)
	}
	s.UserData = make([]byte, maxUserData)
	_, err := c.Create(t.Context(), s)
	wantError(t, err, cloud.Invalid, "user data")
}

func TestUnwelcomeHost(t *testing.T) {
	d := newDouble(t, "rubber")
	hosts := []string{"compute-a", "compute-b"}
	c := d.connect(Options{Hosts: hosts})
	s := machine("one")
	s.Avoid = hosts
	made, err := c.Create(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	got, err := c.Wait(t.Context(), made.ID, cloud.Running)
	if err != nil || got.State != cloud.Running || got.Host == "" {
		t.Fatalf("it is %+v: %v", got, err)
	}
	wantError(t, got.Fault, cloud.Capacity, got.Host, "avoided")
	if err := c.Park(t.Context(), made.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Wait(t.Context(), made.ID, cloud.Halted); err != nil {
		t.Fatal(err)
	}
	wantError(t, c.Wake(t.Context(), made.ID, s), cloud.Capacity, got.Host)
	if err := c.Wake(t.Context(), made.ID, cloud.Spec{}); err != nil {
		t.Errorf("wake when it is not to be avoided any more: %v", err)
	}
	// Who is not told the names of hosts knows nothing of them.
	other, err := d.connect(Options{}).List(t.Context(), owner)
	if err != nil || len(other) != 1 || other[0].Host != "" || other[0].Fault != nil {
		t.Errorf("without names: %+v %v", other, err)
	}
}

func TestOneIsFailed(t *testing.T) {
	d := newDouble(t, "rubber")
	c := d.connect(Options{})
	s := machine("one")
	s.Flavor = "huge"
	made, err := c.Create(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	_, err = c.Wait(t.Context(), made.ID, cloud.Running) // returns, though no deadline is set
	wantError(t, err, cloud.Capacity, "No valid host")
	again, err := c.Create(t.Context(), s)
	if err != nil || again.ID != made.ID || again.State != cloud.Failed || cloud.KindOf(again.Fault) != cloud.Capacity {
		t.Errorf("create again: %+v %v", again, err)
	}
	list, err := c.List(t.Context(), owner)
	if err != nil || len(list) != 1 {
		t.Fatal(list, err)
	}
	wantError(t, list[0].Fault, cloud.Capacity, "No valid host")
}

func TestForeignServersAreLeftAlone(t *testing.T) {
	d := newDouble(t, "rubber")
	untouched := d.foreign()
	c := d.connect(Options{})
	plain := d.list[1].id
	for what, err := range map[string]error{"delete": c.Delete(t.Context(), plain), "stop": c.Stop(t.Context(), plain), "park": c.Park(t.Context(), plain), "wake": c.Wake(t.Context(), plain, cloud.Spec{})} {
		wantError(t, err, cloud.Invalid, what, "not marked")
	}
	if err := untouched(); err != nil {
		t.Error(err)
	}
}

// TestKeptAfterDeletion: some clouds keep what was deleted, for days.
func TestKeptAfterDeletion(t *testing.T) {
	d := newDouble(t, "rubber")
	c := d.connect(Options{})
	var forced string
	d.intercept(func(w http.ResponseWriter, r *http.Request) bool {
		switch {
		case strings.HasSuffix(r.URL.Path, "/servers/a"):
			says(200, `{"server": {"id": "a", "name": "a", "status": "SOFT_DELETED", "metadata": {"rubber.owner": "rubber-test"}}}`)(w, r)
		case strings.HasSuffix(r.URL.Path, "/servers/a/action"):
			body, _ := io.ReadAll(r.Body)
			forced = string(body)
			w.WriteHeader(202)
		default:
			return false
		}
		return true
	})
	if err := c.Delete(t.Context(), "a"); err != nil || !strings.Contains(forced, "forceDelete") {
		t.Errorf("delete: %v, with %q", err, forced)
	}
}

func TestClosed(t *testing.T) {
	d := newDouble(t, "rubber")
	c := d.connect(Options{})
	asked, goOn := make(chan struct{}), make(chan struct{})
	d.instead("POST", "/servers", func(w http.ResponseWriter, r *http.Request) {
		close(asked)
		<-goOn
		body, _ := io.ReadAll(r.Body)
		d.create(w, body)
	})
	ctx, cancel := context.WithCancel(t.Context())
	go func() { <-asked; cancel() }()
	if _, err := c.Create(ctx, machine("one")); !errors.Is(err, context.Canceled) {
		t.Errorf("create: %v", err)
	}
	closed := make(chan error)
	go func() { closed <- c.Close() }()
	close(goOn) // what was asked for is waited for
	if err := <-closed; err != nil {
		t.Error(err)
	}
	if len(d.list) != 1 {
		t.Errorf("there are %d servers, want 1", len(d.list))
	}
	_, err := c.Create(t.Context(), machine("two"))
	wantError(t, err, cloud.Transient, "closed")
}

func TestCertificates(t *testing.T) {
	d := newDouble(t, "rubber")
	d.Server.Close()
	d.Server = httptest.NewUnstartedServer(d)
	d.Server.Config.ErrorLog = log.New(io.Discard, "", 0)
	d.Server.StartTLS()
	c := d.connect(Options{})
	_, err := c.List(t.Context(), owner)
	wantError(t, err, cloud.Transient, "certificate")

	file := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: d.Certificate().Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	clouds := d.cloudsFile("user-secret")
	text, err := os.ReadFile(clouds)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(clouds, append(text, "    cacert: "+file+"\n"...), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := d.connect(Options{File: clouds}).List(t.Context(), owner); err != nil {
		t.Errorf("with the right cacert: %v", err)
	}
}
