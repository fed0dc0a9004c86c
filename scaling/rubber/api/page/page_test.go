package page

import (
	"net/http/httptest"
	"strings"
	"testing"

	"perfmon/monitor/api/page/pagetest"
)

func TestFiles(t *testing.T) {
	pagetest.Files(t, files(), New("1.0"), []string{"icon.svg", "icon-alarm.svg", "icon-away.svg"}, 80_000)
}

func TestVersionIsText(t *testing.T) {
	w := httptest.NewRecorder()
	New(`1 <b>"`).ServeHTTP(w, httptest.NewRequest("GET", "/", nil))
	if index := w.Body.String(); !strings.Contains(index, "1 &lt;b&gt;") || strings.Contains(index, "<b>") {
		t.Errorf("the version is not escaped:\n%s", index)
	}
}

// Paths that are none are not found, and nothing is taken.
func TestOnlyReading(t *testing.T) {
	h := New("1.0")
	for request, want := range map[string]int{"GET /nothing": 404, "GET /page/0123456789abcdef/app.js": 404, "POST /": 405, "HEAD /": 200} {
		method, path, _ := strings.Cut(request, " ")
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest(method, path, nil))
		if w.Code != want {
			t.Errorf("%s: %d, want %d", request, w.Code, want)
		}
	}
}
