package kit

import (
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
)

func get(t *testing.T, h http.Handler, path string, headers ...string) *http.Response {
	t.Helper()
	r := httptest.NewRequest("GET", path, nil)
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Result()
}

func body(t *testing.T, resp *http.Response) string {
	t.Helper()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func mustPage(t *testing.T) http.Handler {
	t.Helper()
	return New(Options{Version: "1.0", Files: fstest.MapFS{"index.html": {Data: []byte("<p>{{version}}</p>" + strings.Repeat("<p>long</p>", 50))}}})
}

func TestPolicyIsStrict(t *testing.T) {
	for _, want := range []string{
		"default-src 'none'", "script-src 'self'", "style-src 'self'", "connect-src 'self'", "img-src 'self'",
		"frame-ancestors 'none'", "base-uri 'none'", "form-action 'none'", "require-trusted-types-for 'script'", "trusted-types 'none'",
	} {
		if !slices.Contains(strings.Split(Policy, "; "), want) {
			t.Errorf("the policy %q has no %q", Policy, want)
		}
	}
	if strings.Contains(Policy, "unsafe") {
		t.Errorf("the policy is %q", Policy)
	}
}

func TestUPlotIsAsReleased(t *testing.T) {
	readme, err := fs.ReadFile(Files(), "uplot/README.md")
	if err != nil {
		t.Fatal(err)
	}
	lines := regexp.MustCompile(`(?m)^ {4}([0-9a-f]{64})  (\S+)$`).FindAllStringSubmatch(string(readme), -1)
	if len(lines) != 3 {
		t.Fatalf("%d checksums in the note, want 3", len(lines))
	}
	for _, l := range lines {
		text, err := fs.ReadFile(Files(), "uplot/"+l[2])
		if err != nil {
			t.Fatal(err)
		}
		if sum := sha256.Sum256(text); hex.EncodeToString(sum[:]) != l[1] {
			t.Errorf("%s is %x, the note says %s", l[2], sum, l[1])
		}
	}
}

func TestFirstPageIsAskedForAgain(t *testing.T) {
	h := mustPage(t)
	resp := get(t, h, "/")
	if got := resp.Header.Get("Cache-Control"); got != "no-cache" {
		t.Errorf("Cache-Control %q", got)
	}
	etag := resp.Header.Get("ETag")
	for header, want := range map[string]int{etag: 304, "W/" + etag: 304, `"x", ` + etag: 304, "*": 304, `"x"`: 200, "": 200} {
		resp := get(t, h, "/", "If-None-Match", header)
		if resp.StatusCode != want {
			t.Errorf("If-None-Match %s: %s, want %d", header, resp.Status, want)
		}
		if text := body(t, resp); (want == 304) != (text == "") {
			t.Errorf("If-None-Match %s: a body of %d bytes", header, len(text))
		}
	}
}

func TestGzipForThoseWhoAsk(t *testing.T) {
	h := mustPage(t)
	plain := get(t, h, "/")
	want := body(t, plain)
	f := func(accept string, packed bool) {
		t.Helper()
		resp := get(t, h, "/", "Accept-Encoding", accept)
		if got := resp.Header.Get("Content-Encoding") == "gzip"; got != packed {
			t.Errorf("Accept-Encoding %q: gzip is %t", accept, got)
		}
		if resp.Header.Get("Vary") != "Accept-Encoding" {
			t.Errorf("Accept-Encoding %q: Vary is %q", accept, resp.Header.Get("Vary"))
		}
		var from io.Reader = resp.Body
		if packed {
			if resp.Header.Get("ETag") == plain.Header.Get("ETag") {
				t.Error("two forms have one ETag")
			}
			unpacked, err := gzip.NewReader(resp.Body)
			if err != nil {
				t.Fatal(err)
			}
			from = unpacked
		}
		if text, err := io.ReadAll(from); err != nil || string(text) != want {
			t.Errorf("Accept-Encoding %q: %v, %d bytes, want %d", accept, err, len(text), len(want))
		}
	}
	f("gzip", true)
	f("deflate, GZIP;q=0.5, br", true)
	f("gzip; q=1.0", true)
	f("gzip;q=0", false)
	f("gzip;q=nonsense", false)
	f("br", false)
	f("", false)
}

func TestHead(t *testing.T) {
	w := httptest.NewRecorder()
	mustPage(t).ServeHTTP(w, httptest.NewRequest("HEAD", "/", nil))
	if w.Code != 200 || w.Body.Len() != 0 || w.Header().Get("Content-Length") == "" {
		t.Errorf("%d, %d bytes, Content-Length %q", w.Code, w.Body.Len(), w.Header().Get("Content-Length"))
	}
}

// Other files have another hash, so that nobody keeps half of the old ones.
func TestHashIsOfAllFiles(t *testing.T) {
	files := func(script string) fstest.MapFS {
		return fstest.MapFS{"index.html": {Data: []byte(`<script src="{{assets}}/a.js"></script>`)}, "a.js": {Data: []byte(script)}, "notes.md": {Data: []byte("not served")}}
	}
	first := func(script string) string {
		h, err := newPage(fstest.MapFS{"b.js": {Data: []byte("common")}}, Options{Files: files(script)})
		if err != nil {
			t.Fatal(err)
		}
		index := body(t, get(t, h, "/"))
		name := "/" + strings.TrimSuffix(strings.TrimPrefix(index, `<script src="`), `"></script>`)
		if got := body(t, get(t, h, name)); got != script {
			t.Errorf("%s is %q, want %q", name, got, script)
		}
		for _, none := range []string{path.Dir(name) + "/notes.md", path.Dir(name) + "/index.html", "/page/0123456789abcdef/a.js", Prefix} {
			if resp := get(t, h, none); resp.StatusCode != 404 {
				t.Errorf("%s: %s", none, resp.Status)
			}
		}
		return index
	}
	if first("1") == first("2") {
		t.Error("two texts have one hash")
	}
	if _, err := newPage(fstest.MapFS{}, Options{Files: fstest.MapFS{"index.html": {Data: []byte(`{{.Nothing}}`)}}}); err == nil {
		t.Error("a page that names what there is not was made")
	}
}

// A page has files of its own in place of the kit's, and parts that are shown
// or not.
func TestPagesDiffer(t *testing.T) {
	index := `<a href="{{assets}}/a.js">{{if more}}more{{end}}{{if less}}less{{end}}</a>`
	h, err := newPage(fstest.MapFS{"a.js": {Data: []byte("common")}, "b.js": {Data: []byte("common")}},
		Options{Files: fstest.MapFS{"index.html": {Data: []byte(index)}, "a.js": {Data: []byte("own")}}, Show: map[string]bool{"more": true}})
	if err != nil {
		t.Fatal(err)
	}
	first := body(t, get(t, h, "/"))
	name, found := strings.CutPrefix(first, `<a href="`)
	name, shown, _ := strings.Cut(name, `">`)
	if !found || shown != "more</a>" {
		t.Fatalf("the page is %q", first)
	}
	for file, want := range map[string]string{"a.js": "own", "b.js": "common"} {
		if got := body(t, get(t, h, "/"+path.Dir(name)+"/"+file)); got != want {
			t.Errorf("%s is %q, want %q", file, got, want)
		}
	}
	if _, err := newPage(fstest.MapFS{}, Options{Files: fstest.MapFS{"index.html": {Data: []byte(`{{if more}}`)}}}); err == nil {
		t.Error("a part without an end was taken")
	}
}
