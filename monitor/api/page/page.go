package page

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"html"
	"io/fs"
	"net/http"
	"path"
	"strings"
	"sync"
)

//go:embed assets
var embedded embed.FS

// Prefix begins the paths of all assets; after it come the content's hash and
// the file's path: page/3f2a.../app.js. Modules name each other by relative
// paths, so one hash stands for all files, and they can be kept for ever.
const Prefix = "/page/"

// Policy is the content security policy of the page, and good for every
// answer of the web port: scripts, styles, images and data come from this
// port, and nothing comes from anywhere else. uPlot and the page set styles
// through the object model alone, which a policy without 'unsafe-inline' lets
// them, and neither makes elements out of text, so the browser is told to
// refuse that.
const Policy = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; " +
	"base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"

// Options of the page. The zero value will do.
type Options struct {
	// Version of the program, as the page shows it.
	Version string
	// Archive says that /rrd_updates has rows, and the page leads there.
	Archive bool
}

// kinds are the content types by a file's extension; others are not served.
var kinds = map[string]string{
	".html": "text/html; charset=utf-8",
	".css":  "text/css; charset=utf-8",
	".js":   "text/javascript; charset=utf-8",
	".svg":  "image/svg+xml",
	"":      "text/plain; charset=utf-8", // LICENSE
}

// New is the page: it serves / and what is under Prefix, to GET and HEAD. It
// is made when somebody first asks for it, since most agents are looked at
// through others.
func New(o Options) http.Handler {
	made := sync.OnceValues(func() (http.Handler, error) {
		files, err := fs.Sub(embedded, "assets")
		if err != nil {
			return nil, fmt.Errorf("open the page's files: %w", err)
		}
		return newPage(files, o)
	})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h, err := made()
		if err != nil { // a mistake in the embedded files, which tests would have found
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		h.ServeHTTP(w, r)
	})
}

// newPage makes the page of some files. An error is a mistake in them.
func newPage(files fs.FS, o Options) (http.Handler, error) {
	sources, hash, err := readAll(files)
	if err != nil {
		return nil, err
	}
	index, err := render(sources["index.html"], hash, o)
	if err != nil {
		return nil, fmt.Errorf("render index.html: %w", err)
	}
	delete(sources, "index.html")
	mux, pack := http.NewServeMux(), newPacker()
	first, err := pack.asset(index, kinds[".html"], "no-cache") // asked for each time, and hardly ever sent again
	if err != nil {
		return nil, err
	}
	mux.Handle("GET /{$}", first)
	for name, text := range sources {
		a, err := pack.asset(text, kinds[path.Ext(name)], "public, max-age=31536000, immutable")
		if err != nil {
			return nil, err
		}
		mux.Handle("GET "+Prefix+hash+"/"+name, a)
	}
	return mux, nil
}

// readAll reads the files that are served, and makes a hash of all of them.
func readAll(files fs.FS) (sources map[string][]byte, hash string, err error) {
	sources = make(map[string][]byte)
	sum := sha256.New()
	err = fs.WalkDir(files, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || kinds[path.Ext(name)] == "" {
			return err
		}
		text, err := fs.ReadFile(files, name)
		if err != nil {
			return err
		}
		sources[name] = text
		fmt.Fprintf(sum, "%s %d\n", name, len(text))
		sum.Write(text)
		return nil
	})
	if err != nil {
		return nil, "", fmt.Errorf("read the page's files: %w", err)
	}
	return sources, hex.EncodeToString(sum.Sum(nil))[:16], nil
}

// What index.html leaves open. Between the two last is what is shown of an
// agent that has an archive.
const (
	assetsMark  = "{{assets}}"
	versionMark = "{{version}}"
	archiveMark = "{{if archive}}"
	endMark     = "{{end}}"
)

// render fills in the page. A template of the standard library would do, and
// make the program larger by a quarter: it calls methods by name, so that
// the linker has to keep all that there are.
func render(text []byte, hash string, o Options) ([]byte, error) {
	before, rest, _ := strings.Cut(string(text), archiveMark)
	archive, after, _ := strings.Cut(rest, endMark)
	if !o.Archive {
		archive = ""
	}
	page := strings.NewReplacer(
		assetsMark, strings.TrimPrefix(Prefix, "/")+hash, // relative, so that a proxy may serve the page below a path
		versionMark, html.EscapeString(o.Version),
	).Replace(before + archive + after)
	if i := strings.Index(page, "{{"); i >= 0 && !strings.Contains(o.Version, "{{") {
		return nil, fmt.Errorf("unknown mark %.20q", page[i:])
	}
	return []byte(page), nil
}
