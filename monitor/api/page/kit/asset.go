package kit

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"strconv"
	"strings"
)

// asset is one file as it is sent, plain and compressed.
type asset struct {
	plain, packed []byte
	etag, kind    string
	caching       string
}

// packer compresses one file after the other.
type packer struct{ w *gzip.Writer }

func newPacker() packer {
	w, err := gzip.NewWriterLevel(nil, gzip.BestCompression)
	if err != nil {
		panic("BUG: " + err.Error()) // there is this level
	}
	return packer{w}
}

// asset compresses a file once, for all who ask.
func (p packer) asset(text []byte, kind, caching string) (*asset, error) {
	sum := sha256.Sum256(text)
	a := &asset{plain: text, etag: hex.EncodeToString(sum[:8]), kind: kind, caching: caching}
	var b bytes.Buffer
	p.w.Reset(&b)
	if _, err := p.w.Write(text); err != nil {
		return nil, fmt.Errorf("compress a file of the page: %w", err)
	}
	if err := p.w.Close(); err != nil {
		return nil, fmt.Errorf("compress a file of the page: %w", err)
	}
	if b.Len() < len(text) {
		a.packed = bytes.Clone(b.Bytes())
	}
	return a, nil
}

func (a *asset) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, etag := a.plain, `"`+a.etag+`"`
	h := w.Header()
	h.Set("Vary", "Accept-Encoding")
	if a.packed != nil && acceptsGzip(r.Header.Get("Accept-Encoding")) {
		body, etag = a.packed, `"`+a.etag+`-gzip"`
		h.Set("Content-Encoding", "gzip")
	}
	h.Set("ETag", etag)
	h.Set("Cache-Control", a.caching)
	if matchesTag(r.Header.Get("If-None-Match"), etag) {
		h.Del("Content-Encoding")
		w.WriteHeader(http.StatusNotModified)
		return
	}
	h.Set("Content-Type", a.kind)
	h.Set("Content-Length", strconv.Itoa(len(body)))
	if r.Method == http.MethodHead {
		return
	}
	_, _ = w.Write(body) // who asked may have gone
}

// acceptsGzip reads Accept-Encoding: "gzip, deflate;q=0.5, br". What names
// gzip with a weight of 0 does not want it; nor does what does not name it.
func acceptsGzip(header string) bool {
	for item := range strings.SplitSeq(header, ",") {
		coding, params, _ := strings.Cut(item, ";")
		if !strings.EqualFold(strings.TrimSpace(coding), "gzip") {
			continue
		}
		name, weight, found := strings.Cut(params, "=")
		if !found || !strings.EqualFold(strings.TrimSpace(name), "q") {
			return true
		}
		q, err := strconv.ParseFloat(strings.TrimSpace(weight), 64)
		return err == nil && q > 0
	}
	return false
}

// matchesTag says whether If-None-Match names the tag. Weak ones count: a
// proxy may have made ours weak.
func matchesTag(header, etag string) bool {
	for item := range strings.SplitSeq(header, ",") {
		item = strings.TrimSpace(item)
		if item == "*" || strings.TrimPrefix(item, "W/") == etag {
			return true
		}
	}
	return false
}
