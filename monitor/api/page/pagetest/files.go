package pagetest

import (
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"path"
	"regexp"
	"strings"
	"testing"
)

var (
	reference = regexp.MustCompile(`(?:src|href|data-icon)="(page/[^"]+)"`)
	imported  = regexp.MustCompile(`(?m)^import .*from '(\./[^']+)';$`)
	kinds     = map[string]string{".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml", "": "text/plain"}
)

// Files looks at the files of a page without a browser: each of its own is
// used, whatever is named is there, and nothing comes from elsewhere or
// against the page's policy. Icons are what data-icon begins the names of.
// most bounds the bytes of its own files.
func Files(t *testing.T, own fs.FS, h http.Handler, icons []string, most int) {
	t.Helper()
	found := reached(t, h, icons)
	size := 0
	err := fs.WalkDir(own, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := fs.ReadFile(own, name)
		if err != nil {
			return err
		}
		size += len(text)
		Foreign(t, name, string(text))
		used := name == "index.html"
		for p := range found {
			used = used || strings.HasSuffix(p, "/"+name)
		}
		if !used {
			t.Errorf("%s is used by nobody", name)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if size > most {
		t.Errorf("the page has %d bytes of its own, more than %d", size, most)
	}
	_, index := get(t, h, "/")
	for _, no := range []string{"<style", "style=", "onclick", "onload", "<script>"} {
		if strings.Contains(index, no) {
			t.Errorf("%s in the first page: its policy forbids that", no)
		}
	}
}

var elsewhere = regexp.MustCompile(`(?i)(https?:)?//[a-z0-9-]+\.[a-z]|@import|url\(|\beval\(|new Function|innerHTML|outerHTML|insertAdjacentHTML|document\.write`)

// Foreign fails if the text of a file leads elsewhere or makes elements of
// text, or is long.
func Foreign(t *testing.T, name, text string) {
	t.Helper()
	if found := elsewhere.FindString(strings.ReplaceAll(text, "http://www.w3.org/2000/svg", "")); found != "" {
		t.Errorf("%s has %q", name, found)
	}
	if lines := strings.Count(text, "\n"); lines > 400 {
		t.Errorf("%s has %d lines: split it by idea", name, lines)
	}
}

// reached follows all references from the first page: what it has itself, and
// what its modules import. It fails where one leads nowhere.
func reached(t *testing.T, h http.Handler, icons []string) map[string]bool {
	t.Helper()
	found := map[string]bool{}
	var visit func(p string)
	visit = func(p string) {
		if found[p] {
			return
		}
		found[p] = true
		resp, text := get(t, h, p)
		if resp.StatusCode != 200 {
			t.Errorf("%s: %s", p, resp.Status)
		}
		if got, want := resp.Header.Get("Content-Type"), kinds[path.Ext(p)]; want == "" || !strings.HasPrefix(got, want) {
			t.Errorf("%s: content type %q, want %q", p, got, want)
		}
		if got := resp.Header.Get("Cache-Control"); !strings.Contains(got, "immutable") {
			t.Errorf("%s: Cache-Control %q", p, got)
		}
		if path.Ext(p) == ".js" {
			for _, m := range imported.FindAllStringSubmatch(text, -1) {
				visit(path.Join(path.Dir(p), m[1]))
			}
		}
	}
	_, index := get(t, h, "/")
	for _, m := range reference.FindAllStringSubmatch(index, -1) {
		if base, icon := strings.CutSuffix(m[1], "/icon"); icon {
			for _, name := range icons {
				visit("/" + base + "/" + name)
			}
			continue
		}
		visit("/" + m[1])
	}
	if len(found) < 10 {
		t.Fatalf("only %d files were found from the first page", len(found))
	}
	return found
}

func get(t *testing.T, h http.Handler, path string) (*http.Response, string) {
	t.Helper()
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest("GET", path, nil))
	resp := w.Result()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp, string(text)
}
