package api

import (
	"crypto/sha256"
	"encoding/base64"
	"html"
	"net/http"

	"github.com/prometheus/exporter-toolkit/web"
)

// pageCSS is all the style there is. The content policy names it by its
// hash, so that no other can take its place.
const pageCSS = `
:root { color-scheme: light dark; }
body { font-family: system-ui, sans-serif; line-height: 1.5; max-width: 46rem; margin: 0 auto; padding: 1rem; }
h1 { font-size: 1.6rem; margin: 0; }
h2 { font-size: 1rem; font-weight: normal; margin: 0 0 1rem; }
li { margin: .4rem 0; }
`

// contentPolicy lets a page of ours have that style and nothing else.
func contentPolicy() string {
	sum := sha256.Sum256([]byte(pageCSS))
	return "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
}

// landingPage is the first page: what there is, and where. The toolkit puts
// its texts into the page as they are, so they are escaped here.
func landingPage(version string, archive bool) (http.Handler, error) {
	links := []web.LandingLinks{{
		Address: "metrics", Text: "Metrics",
		Description: "the newest row of every data source, the triggers and the agent itself, in Prometheus's format",
	}}
	if archive {
		links = append(links, web.LandingLinks{
			Address: "rrd_updates?start=-300&amp;host=true", Text: "Rows of the last five minutes",
			Description: "what this host has archived, in the toolstack's format and with its parameters (start, interval, cf, host, json)",
		})
	}
	return web.NewLandingPage(web.LandingConfig{
		Name:        "perfmon",
		Description: "Samples in, alarms out: the performance agent of this host.",
		Version:     html.EscapeString(version),
		CSS:         pageCSS,
		Links:       links,
		Profiling:   "false",
		ExtraHTML:   "<p>Nothing can be changed here: triggers are set in the toolstack, or in the trigger files of a host without one.</p>",
	})
}
