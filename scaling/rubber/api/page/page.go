package page

import (
	"embed"
	"io/fs"
	"net/http"

	"perfmon/monitor/api/page/kit"
)

//go:embed assets
var embedded embed.FS

// New is the page: it serves / and what is under kit.Prefix, to GET and HEAD.
// version is that of the program, as the page shows it.
func New(version string) http.Handler {
	return kit.New(kit.Options{Files: files(), Version: version})
}

func files() fs.FS {
	own, err := fs.Sub(embedded, "assets")
	if err != nil {
		panic("BUG: " + err.Error()) // it is embedded
	}
	return own
}
