package page

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
	h := New(Options{Version: "1.0", Archive: true})
	return h
}

var reference = regexp.MustCompile(`(?:src|href|data-icon)="(page/[^"]+)"`)
var imported = regexp.MustCompile(`(?m)^import .*from '(\./[^']+)';$`)

// reached follows all references from the first page: what it has itself, and
// what its modules import. It fails where one leads nowhere.
func reached(t *testing.T, h http.Handler) map[string]bool {
	t.Helper()
	found := map[string]bool{}
	var visit func(p string)
	visit = func(p string) {
		if found[p] {
			return
		}
		found[p] = true
		resp := get(t, h, p)
		if resp.StatusCode != 200 {
			t.Errorf("%s: %s", p, resp.Status)
		}
		if got, want := resp.Header.Get("Content-Type"), kinds[path.Ext(p)]; got != want {
			t.Errorf("%s: content type %q, want %q", p, got, want)
		}
		if got := resp.Header.Get("Cache-Control"); !strings.Contains(got, "immutable") {
			t.Errorf("%s: Cache-Control %q", p, got)
		}
		if path.Ext(p) == ".js" {
			for _, m := range imported.FindAllStringSubmatch(body(t, resp), -1) {
				visit(path.Join(path.Dir(p), m[1]))
			}
		}
	}
	for _, m := range reference.FindAllStringSubmatch(body(t, get(t, h, "/")), -1) {
		if base, icon := strings.CutSuffix(m[1], "/icon"); icon {
			for _, name := range []string{"icon.svg", "icon-alarm.svg", "icon-away.svg"} {
				visit("/" + base + "/" + name)
			}
			continue
		}
		visit("/" + m[1])
	}
	return found
}

func TestEveryFileIsUsed(t *testing.T) {
	found := reached(t, mustPage(t))
	if len(found) < 20 {
		t.Fatalf("only %d files were found from the first page", len(found))
	}
	err := fs.WalkDir(embedded, "assets", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || name == "assets/index.html" || path.Ext(name) == ".md" {
			return err
		}
		used := false
		for p := range found {
			used = used || strings.HasSuffix(p, strings.TrimPrefix(name, "assets"))
		}
		if !used {
			t.Errorf("%s is used by nobody", name)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestNothingComesFromElsewhere(t *testing.T) {
	elsewhere := regexp.MustCompile(`(?i)(https?:)?//[a-z0-9-]+\.[a-z]|@import|url\(|\beval\(|new Function|innerHTML|outerHTML|insertAdjacentHTML|document\.write`)
	allowed := []string{"http://www.w3.org/2000/svg"}
	var size int
	err := fs.WalkDir(embedded, "assets", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || strings.HasPrefix(name, "assets/uplot/") {
			return err
		}
		text, err := fs.ReadFile(embedded, name)
		if err != nil {
			return err
		}
		size += len(text)
		plain := string(text)
		for _, a := range allowed {
			plain = strings.ReplaceAll(plain, a, "")
		}
		if found := elsewhere.FindString(plain); found != "" {
			t.Errorf("%s has %q", name, found)
		}
		if lines := strings.Count(plain, "\n"); lines > 400 {
			t.Errorf("%s has %d lines: split it by idea", name, lines)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if size > 150_000 {
		t.Errorf("the page has %d bytes beside uPlot, more than 150,000", size)
	}
	index := body(t, get(t, mustPage(t), "/"))
	for _, no := range []string{"<style", "style=", "onclick", "onload", "<script>"} {
		if strings.Contains(index, no) {
			t.Errorf("%s in the first page: its policy forbids that", no)
		}
	}
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
	readme, err := fs.ReadFile(embedded, "assets/uplot/README.md")
	if err != nil {
		t.Fatal(err)
	}
	lines := regexp.MustCompile(`(?m)^ {4}([0-9a-f]{64})  (\S+)$`).FindAllStringSubmatch(string(readme), -1)
	if len(lines) != 3 {
		t.Fatalf("%d checksums in the note, want 3", len(lines))
	}
	for _, l := range lines {
		text, err := fs.ReadFile(embedded, "assets/uplot/"+l[2])
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
		h, err := newPage(files(script), Options{})
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
	if _, err := newPage(fstest.MapFS{"index.html": {Data: []byte(`{{.Nothing}}`)}}, Options{}); err == nil {
		t.Error("a page that names what there is not was made")
	}
}

func TestVersionIsText(t *testing.T) {
	h := New(Options{Version: `1 <b>"`})
	index := body(t, get(t, h, "/"))
	if !strings.Contains(index, "1 &lt;b&gt;") || strings.Contains(index, "<b>") {
		t.Errorf("the version is not escaped:\n%s", index)
	}
	if strings.Contains(index, "rrd_updates") {
		t.Error("a link to rows that are not there")
	}
}
