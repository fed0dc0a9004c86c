package process

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// logs are the names of a machine's two logs.
var logs = [...]string{"stdout.log", "stderr.log"}

// openFiles are what a program starts with.
type openFiles struct{ in, out, err, alive *os.File }

// files opens what a program starts with. The file "alive" is locked: as long
// as it is, something of the machine lives.
func (c *Cloud) files(ctx context.Context, id string) (files *openFiles, err error) {
	files = &openFiles{}
	defer func() {
		if err != nil {
			files.close()
			files = nil
		}
	}()
	if files.in, err = os.Open(os.DevNull); err != nil {
		return files, err
	}
	for n, to := range []**os.File{&files.out, &files.err} {
		// Appended to, so that it can be cut while the program writes.
		if *to, err = os.OpenFile(filepath.Join(c.folder(id), logs[n]), os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600); err != nil {
			return files, err
		}
	}
	// Whoever just looks at it has it for a moment.
	limited, cancel := context.WithTimeout(ctx, startLimit)
	defer cancel()
	if files.alive, err = take(limited, c.alivePath(id)); err != nil && ctx.Err() == nil && limited.Err() != nil {
		err = errors.New("something of the machine lives still, and is not to be found; delete it")
	}
	return files, err
}

func (f *openFiles) close() {
	for _, f := range []*os.File{f.in, f.out, f.err, f.alive} {
		if f != nil {
			f.Close()
		}
	}
}

// trim keeps a machine's logs within their bounds: one that is too long
// becomes the older one, and begins anew. What is written between the two is
// lost.
func (c *Cloud) trim(id string) error {
	for _, name := range logs {
		path := filepath.Join(c.folder(id), name)
		info, err := os.Stat(path)
		if errors.Is(err, fs.ErrNotExist) || err == nil && info.Size() <= c.options.MaxLog {
			continue
		}
		if err != nil {
			return err
		}
		tail, err := readTail(path, c.options.MaxLog)
		if err == nil {
			err = os.WriteFile(path+".1", tail, 0o600)
		}
		if err == nil {
			err = os.Truncate(path, 0)
		}
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

// maxLine is how much of what a program said last goes into an error.
const maxLine = 300

// lastLine is what a machine's program has said last to its stderr; "" if it
// has said nothing.
func (c *Cloud) lastLine(id string) string {
	tail, err := readTail(filepath.Join(c.folder(id), "stderr.log"), maxLine)
	if err != nil {
		return ""
	}
	tail = bytes.TrimSpace(tail)
	return string(tail[bytes.LastIndexByte(tail, '\n')+1:])
}

// readTail is the end of a file.
func readTail(path string, size int64) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	return io.ReadAll(io.NewSectionReader(f, max(0, info.Size()-size), size))
}
