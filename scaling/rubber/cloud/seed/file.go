package seed

import (
	"encoding/base64"
	"errors"
	"fmt"
	"path"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// File is one that cloud-init writes on a machine.
type File struct {
	Path    string // absolute
	Content []byte
	Mode    uint32 // as chmod has it, up to 07777; 0: 0644
	Owner   string // "user:group"; "": root's
	Fill    bool   // Content is a template: see Fill
}

// check refuses what cannot be a file there.
func (f *File) check() error {
	switch {
	case !path.IsAbs(f.Path):
		return errors.New("its path is not absolute")
	case path.Clean(f.Path) != f.Path || f.Path == "/":
		return errors.New("its path is not that of a file; it has no . and .. in it, and no slash at its end")
	case !utf8.ValidString(f.Path) || strings.ContainsFunc(f.Path, unicode.IsControl):
		return errors.New("its path has a control character in it, or is not UTF-8")
	case f.Mode > 0o7777:
		return fmt.Errorf("its mode is 0%o; it may be up to 07777", f.Mode)
	case strings.ContainsFunc(f.Owner, func(r rune) bool { return r <= ' ' || r > '~' }) || strings.Count(f.Owner, ":") > 1:
		return fmt.Errorf("its owner is %q, not user or user:group", f.Owner)
	}
	return nil
}

// plain says whether a content can be in a text as it is: ASCII, in lines.
func plain(content []byte) bool {
	for _, b := range content {
		if (b < ' ' || b > '~') && b != '\n' && b != '\t' {
			return false
		}
	}
	return true
}

// appendLists has cloud-init add to lists that are there already, as it else
// would replace them: the files of two parts would be those of one.
const appendLists = "list(append)+dict(no_replace, recurse_list)+str()"

// filesPart is the cloud-config that writes files:
//
//	#cloud-config
//	write_files:
//	- path: "/etc/worker.conf"
//	  permissions: "0644"
//	  content: |
//	    queue = jobs
func filesPart(files []File) (Part, error) {
	var out strings.Builder
	out.WriteString("#cloud-config\nwrite_files:\n")
	seen := map[string]bool{}
	for _, f := range files {
		if err := f.check(); err != nil {
			return Part{}, fmt.Errorf("file %q: %w", f.Path, err)
		}
		if seen[f.Path] {
			return Part{}, fmt.Errorf("file %q: it is there twice", f.Path)
		}
		seen[f.Path] = true
		if f.Mode == 0 {
			f.Mode = 0o644
		}
		fmt.Fprintf(&out, "- path: %s\n", quote(f.Path))
		if f.Owner != "" {
			fmt.Fprintf(&out, "  owner: %s\n", quote(f.Owner))
		}
		fmt.Fprintf(&out, "  permissions: \"%04o\"\n", f.Mode)
		writeContent(&out, f.Content)
	}
	return Part{Name: "files.yaml", Type: "text/cloud-config", Content: []byte(out.String()), merge: appendLists}, nil
}

// writeContent adds a file's content such that whoever reads YAML reads the
// same.
func writeContent(out *strings.Builder, content []byte) {
	switch {
	case !plain(content):
		fmt.Fprintf(out, "  encoding: b64\n  content: %s\n", base64.StdEncoding.EncodeToString(content))
	case !block(string(content)):
		fmt.Fprintf(out, "  content: %s\n", quote(string(content)))
	default:
		out.WriteString("  content: |\n")
		for line := range strings.Lines(string(content)) {
			if line != "\n" {
				out.WriteString("    ")
			}
			out.WriteString(line)
		}
	}
}

// block says whether a text is such that all readers of YAML agree on it as a
// block of lines, which is what people can read best.
func block(text string) bool {
	return text != "" && text[0] != ' ' && text[0] != '\n' && !strings.Contains(text, "\t") &&
		strings.HasSuffix(text, "\n") && !strings.HasSuffix(text, "\n\n") && !strings.HasSuffix(text, " \n")
}

// quote is a text in double quotes. The escapes of Go are among those of YAML
// (YAML 1.1, 5.5).
func quote(text string) string { return strconv.QuoteToASCII(text) }
