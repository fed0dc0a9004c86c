package rubberimport

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// Note is something that was not carried over as it was, or cannot be.
type Note struct {
	Line int    // of the ancestor's file; 0: of none
	Key  string // may be ""
	Text string // what, and what to do; never has a secret in it
}

// String is one line.
func (n Note) String() string {
	s := n.Text
	if n.Key != "" {
		s = n.Key + ": " + s
	}
	if n.Line > 0 {
		s = fmt.Sprintf("line %d: %s", n.Line, s)
	}
	return s
}

// File is one that was made. Those with a secret are for their owner alone.
type File struct {
	Name    string // within the folder
	Mode    uint32
	Content []byte
}

// String is its name; what is in it may be a secret.
func (f File) String() string { return f.Name }

// GoString is its name.
func (f File) GoString() string { return f.Name }

// Result is what became of the ancestor's configuration.
type Result struct {
	Files []File // rubber.yaml is the first
	Notes []Note // what was not carried over as it was, in the order of the ancestor's file
}

// ConfigName is the name of the configuration among the files.
const ConfigName = "rubber.yaml"

// Config is the text of rubber.yaml.
func (r *Result) Config() []byte { return r.Files[0].Content }

// Write puts the files into a folder, which is made with mode 0750 if it is not
// there. It writes over nothing: if one of the files is there, none is written.
func (r *Result) Write(dir string) error {
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return fmt.Errorf("make the folder for the configuration: %w", err)
	}
	for _, f := range r.Files {
		name := filepath.Join(dir, f.Name)
		if _, err := os.Lstat(name); err == nil {
			return fmt.Errorf("write the configuration: %s is there already: move it away, or name another folder", name)
		}
	}
	for _, f := range r.Files {
		if err := writeNew(filepath.Join(dir, f.Name), f.Content, os.FileMode(f.Mode)); err != nil {
			return fmt.Errorf("write the configuration: %w", err)
		}
	}
	return nil
}

func writeNew(name string, content []byte, mode os.FileMode) error {
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		return err
	}
	_, err = f.Write(content)
	if err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}
