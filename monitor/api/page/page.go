package page

import (
	"embed"
	"io/fs"
	"net/http"

	"perfmon/monitor/api/page/kit"
)

//go:embed assets
var embedded embed.FS

// Options of the page. The zero value will do.
type Options struct {
	// Version of the program, as the page shows it.
	Version string
	// Archive says that /rrd_updates has rows, and the page leads there.
	Archive bool
}

// New is the page: it serves / and what is under kit.Prefix, to GET and HEAD.
func New(o Options) http.Handler {
	files, err := fs.Sub(embedded, "assets")
	if err != nil {
		panic("BUG: " + err.Error()) // it is embedded
	}
	return kit.New(kit.Options{Files: files, Version: o.Version, Show: map[string]bool{"archive": o.Archive}})
}
