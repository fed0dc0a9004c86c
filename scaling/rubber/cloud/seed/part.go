package seed

import (
	"bytes"
	"errors"
	"fmt"
	"mime"
	"strings"
)

// Part is one of the things that a machine is told.
type Part struct {
	Name    string // of its file, for logs of cloud-init; "": by its place
	Type    string // MIME type: "text/cloud-config"; "": by its first line
	Content []byte
	Fill    bool // Content is a template: see Fill

	merge string // how a cloud-config is merged with those before it; "": as cloud-init does
}

// types are the first lines by which cloud-init knows what something is, the
// longest first. See https://docs.cloud-init.io/en/latest/explanation/format.html
var types = []struct{ start, mime string }{
	{"#cloud-config-archive", "text/cloud-config-archive"},
	{"#cloud-config-jsonp", "text/cloud-config-jsonp"},
	{"#cloud-boothook", "text/cloud-boothook"},
	{"## template: jinja", "text/jinja2"},
	{"#part-handler", "text/part-handler"},
	{"#cloud-config", "text/cloud-config"},
	{"#include-once", "text/x-include-once-url"},
	{"#include", "text/x-include-url"},
	{"#!", "text/x-shellscript"},
}

// mimeType is what a part is.
func (p *Part) mimeType() (string, error) {
	if p.Type != "" {
		kind, params, err := mime.ParseMediaType(p.Type)
		if err != nil || !strings.Contains(kind, "/") || len(params) > 0 {
			return "", fmt.Errorf("the type %q is not one such as text/cloud-config", p.Type)
		}
		return kind, nil
	}
	for _, t := range types {
		if bytes.HasPrefix(p.Content, []byte(t.start)) {
			return t.mime, nil
		}
	}
	line, _, _ := bytes.Cut(p.Content, []byte("\n"))
	return "", fmt.Errorf("its first line, %.40q, does not say what it is; begin it with #cloud-config or #!, or give its type", line)
}

// ParseExtra reads an entry of the ancestor's extra_userdata, "path :
// subtype": a file, and the MIME type of text that it is.
func ParseExtra(entry string) (path, mimeType string, err error) {
	path, subtype, ok := strings.Cut(entry, ":")
	path, subtype = strings.TrimSpace(path), strings.TrimSpace(subtype)
	if !ok || path == "" || subtype == "" {
		return "", "", fmt.Errorf("%q is not a file and its type, such as \"setup.sh : x-shellscript\"", entry)
	}
	kind, _, err := mime.ParseMediaType("text/" + subtype)
	if err != nil {
		return "", "", fmt.Errorf("%q: the type %q: %w", entry, subtype, err)
	}
	return path, kind, nil
}

// InFront puts texts in front of another one as the ancestor did with its
// pre_customization: each in front of what is there, so that the last one given
// comes first.
func InFront(text string, pre ...string) string {
	for _, p := range pre {
		text = p + "\n" + text
	}
	return text
}

// partName checks a name for a part, or makes one.
func partName(p *Part, place int) (string, error) {
	if p.Name == "" {
		return fmt.Sprintf("part-%03d", place), nil
	}
	for _, r := range p.Name {
		if r < ' ' || r > '~' || r == '"' || r == '\\' || r == '/' {
			return "", errors.New("a name of a part is printable ASCII without quotes and slashes")
		}
	}
	return p.Name, nil
}
