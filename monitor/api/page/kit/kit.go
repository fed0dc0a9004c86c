// Package kit is what the web pages of the house share: style, modules, plots,
// and how a page of such files is served. A page is HTML, style and JavaScript
// modules without a build step, all of it part of the program; it asks the
// program that it came from and nobody else.
//
// The files are in assets, and a page's modules name them as if they were
// beside them. assets/uplot is the plotting library, as it was released:
// assets/uplot/README.md says which.
package kit

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"html"
	"io/fs"
	"maps"
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

// Policy is the content security policy of a page, and good for every answer
// of its port: scripts, styles, images and data come from this port, and
// nothing comes from anywhere else. uPlot and the pages set styles through the
// object model alone, which a policy without 'unsafe-inline' lets them, and
// neither makes elements out of text, so the browser is told to refuse that.
const Policy = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; " +
	"base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"

// Options of a page. Files is needed, with index.html in it.
type Options struct {
	// Files are the page's own. They and the kit's are served as one folder;
	// of two of a name the page's own counts.
	Files fs.FS
	// Version of the program, as the page shows it.
	Version string
	// Show says which parts of index.html are shown, by their names:
	// {{if name}} … {{end}}.
	Show map[string]bool
}

// kinds are the content types by a file's extension; others are not served.
var kinds = map[string]string{
	".html": "text/html; charset=utf-8",
	".css":  "text/css; charset=utf-8",
	".js":   "text/javascript; charset=utf-8",
	".svg":  "image/svg+xml",
	"":      "text/plain; charset=utf-8", // LICENSE
}

// New is a page: it serves / and what is under Prefix, to GET and HEAD. It is
// made when somebody first asks for it, since most programs are looked at
// through others.
func New(o Options) http.Handler {
	made := sync.OnceValues(func() (http.Handler, error) { return newPage(Files(), o) })
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h, err := made()
		if err != nil { // a mistake in the embedded files, which tests would have found
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		h.ServeHTTP(w, r)
	})
}

// Files are the kit's own.
func Files() fs.FS {
	files, err := fs.Sub(embedded, "assets")
	if err != nil {
		panic("BUG: " + err.Error()) // it is embedded
	}
	return files
}

// newPage makes a page of common files and its own. An error is a mistake in
// them.
func newPage(common fs.FS, o Options) (http.Handler, error) {
	sources, hash, err := readAll(common, o.Files)
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
func readAll(folders ...fs.FS) (sources map[string][]byte, hash string, err error) {
	sources = make(map[string][]byte)
	sum := sha256.New()
	for _, files := range folders {
		one := make(map[string][]byte)
		err = fs.WalkDir(files, ".", func(name string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || kinds[path.Ext(name)] == "" {
				return err
			}
			text, err := fs.ReadFile(files, name)
			if err != nil {
				return err
			}
			one[name] = text
			fmt.Fprintf(sum, "%s %d\n", name, len(text))
			sum.Write(text)
			return nil
		})
		if err != nil {
			return nil, "", fmt.Errorf("read the page's files: %w", err)
		}
		maps.Copy(sources, one)
	}
	return sources, hex.EncodeToString(sum.Sum(nil))[:16], nil
}

// What index.html leaves open. Between the two last is what is shown or not.
const (
	assetsMark  = "{{assets}}"
	versionMark = "{{version}}"
	ifMark      = "{{if "
	endMark     = "{{end}}"
)

// render fills in the page. A template of the standard library would do, and
// make the program larger by a quarter: it calls methods by name, so that
// the linker has to keep all that there are.
func render(text []byte, hash string, o Options) ([]byte, error) {
	var out strings.Builder
	rest := string(text)
	for {
		before, after, found := strings.Cut(rest, ifMark)
		out.WriteString(before)
		if !found {
			break
		}
		name, part, named := strings.Cut(after, "}}")
		part, rest, found = strings.Cut(part, endMark)
		if !named || !found {
			return nil, fmt.Errorf("%s without an end: %.20q", ifMark, after)
		}
		if o.Show[name] {
			out.WriteString(part)
		}
	}
	page := strings.NewReplacer(
		assetsMark, strings.TrimPrefix(Prefix, "/")+hash, // relative, so that a proxy may serve the page below a path
		versionMark, html.EscapeString(o.Version),
	).Replace(out.String())
	if i := strings.Index(page, "{{"); i >= 0 && !strings.Contains(o.Version, "{{") {
		return nil, fmt.Errorf("unknown mark %.20q", page[i:])
	}
	return []byte(page), nil
}
