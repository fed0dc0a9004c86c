package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
)

// linkedPackage is what the go command says of a package: its folder, what it
// embeds, and the module that it is of; none for the standard library.
//
//	{"Dir": "/root/go/pkg/mod/github.com/beevik/etree@v1.8.1",
//	 "Module": {"Path": "github.com/beevik/etree", "Version": "v1.8.1", "Dir": "…"}}
type linkedPackage struct {
	Dir        string
	EmbedFiles []string
	Standard   bool
	Module     *struct {
		Path, Version, Dir string
		Main               bool
	}
}

// list asks what is linked into the programs. The packages are in the order
// of the go command, and those of the standard library have a module that is
// made up: its root.
func list(command, arch string, programs []string) ([]linkedPackage, error) {
	root, err := output(command, arch, "env", "GOROOT", "GOVERSION")
	if err != nil {
		return nil, err
	}
	lines := bytes.Split(bytes.TrimSpace(root), []byte("\n"))
	if len(lines) != 2 {
		return nil, fmt.Errorf("ask go for its root and version: it says %q", root)
	}
	text, err := output(command, arch, append([]string{"list", "-deps", "-json=Dir,EmbedFiles,Standard,Module"}, programs...)...)
	if err != nil {
		return nil, err
	}
	var linked []linkedPackage
	for d := json.NewDecoder(bytes.NewReader(text)); ; {
		var p linkedPackage
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			return linked, nil
		} else if err != nil {
			return nil, fmt.Errorf("read what go list says: %w", err)
		}
		if p.Standard {
			if err := json.Unmarshal(fmt.Appendf(nil, `{"Path": "Go", "Version": %q, "Dir": %q}`, lines[1], lines[0]), &p.Module); err != nil {
				return nil, fmt.Errorf("describe the standard library: %w", err)
			}
			p.Dir = p.Module.Dir // what it has taken over from others is in its own folder of vendors, under the same licence
		}
		if p.Module == nil || p.Module.Dir == "" || p.Dir == "" {
			return nil, fmt.Errorf("go list names a package without module or folder: %+v", p)
		}
		p.Dir, p.Module.Dir = filepath.Clean(p.Dir), filepath.Clean(p.Module.Dir)
		linked = append(linked, p)
	}
}

// output runs the go command as the build of the package does.
func output(command, arch string, args ...string) ([]byte, error) {
	cmd := exec.Command(command, args...)
	cmd.Env = append(os.Environ(), "GOOS=linux", "GOARCH="+arch, "CGO_ENABLED=0")
	var complaints bytes.Buffer
	cmd.Stderr = &complaints
	text, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("%s %s: %w: %s", command, args[0], err, bytes.TrimSpace(complaints.Bytes()))
	}
	return text, nil
}
