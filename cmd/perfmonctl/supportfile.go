package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"io"
	"os"
	"path"
	"slices"
	"strings"
	"time"
)

// entry is a file in a bundle.
type entry struct {
	Name  string `json:"name"`
	Bytes int64  `json:"bytes"`
	What  string `json:"what"`
}

// bundle is what a support bundle will have in it. All is kept in memory until
// all names and secrets are known that must not be in it.
type bundle struct {
	anonymous bool
	scrubber
	files   []bundleFile
	missing []string
}

type bundleFile struct {
	name, what string
	text       []byte
}

// put adds a file.
func (b *bundle) put(name, what string, text []byte) {
	b.files = append(b.files, bundleFile{name, what, text})
}

// miss notes what could not be had.
func (b *bundle) miss(what string, err error) {
	b.missing = append(b.missing, what+": "+firstLine(err.Error()))
}

func firstLine(text string) string {
	line, _, _ := strings.Cut(text, "\n")
	return line
}

// entries are the files by name, those in folders last.
func (b *bundle) entries() []entry {
	var list []entry
	for _, f := range b.files {
		list = append(list, entry{f.name, int64(len(f.text)), f.what})
	}
	return list
}

// write takes out what must not be in it and writes it, and says how many
// bytes that were.
func (b *bundle) write(f *os.File, title string, now time.Time) (int64, error) {
	for i := range b.files {
		b.files[i].text = b.scrub(b.files[i].text)
	}
	for i := range b.missing {
		b.missing[i] = string(b.scrub([]byte(b.missing[i])))
	}
	slices.SortStableFunc(b.files, func(x, y bundleFile) int {
		if d := strings.Count(x.name, "/") - strings.Count(y.name, "/"); d != 0 {
			return d
		}
		return strings.Compare(x.name, y.name)
	})
	if len(b.missing) > 0 {
		b.put("missing.txt", "what could not be had, and why", []byte(strings.Join(b.missing, "\n")+"\n"))
	}
	counted := &counter{w: f}
	z := gzip.NewWriter(counted)
	t := tar.NewWriter(z)
	for _, file := range b.files {
		header := &tar.Header{Name: path.Join(title, file.name), Mode: 0o600, Size: int64(len(file.text)), ModTime: now.Truncate(time.Second), Format: tar.FormatPAX}
		if err := t.WriteHeader(header); err != nil {
			return 0, err
		}
		if _, err := io.Copy(t, bytes.NewReader(file.text)); err != nil {
			return 0, err
		}
	}
	if err := t.Close(); err != nil {
		return 0, err
	}
	if err := z.Close(); err != nil {
		return 0, err
	}
	return counted.n, f.Sync()
}

// counter counts what is written.
type counter struct {
	w io.Writer
	n int64
}

func (c *counter) Write(b []byte) (int, error) {
	n, err := c.w.Write(b)
	c.n += int64(n)
	return n, err
}
