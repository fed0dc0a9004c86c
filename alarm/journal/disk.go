package journal

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"runtime/debug"
	"time"

	"go.etcd.io/bbolt"
)

// maxFile bounds the file. What it holds is bounded by MaxTotal; the rest is
// room for pages that are free.
const maxFile = 4 * MaxTotal

// growBy is how much a file grows at a time once it is larger than that.
const growBy = 512 << 10

// disk is an open journal file, whose lock it holds. It is not safe for
// concurrent use. After an error of apply it can only be closed.
type disk struct {
	db     *bbolt.DB
	file   *os.File // the one that db works on
	path   string   // where the file has to be found
	faulty bool     // db has panicked: who knows which of its locks it holds
}

// guard turns a panic, or a fault in memory that is mapped from a file, into
// an error. bbolt panics at what it finds damaged, and a file that somebody
// cuts short, or a disk that cannot be read, shows as a fault.
func guard(f func() error) (err error, panicked bool) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if p := recover(); p != nil {
			err, panicked = fmt.Errorf("bbolt stopped: %v", p), true
		}
	}()
	return f(), false
}

// newDisk opens the database in f, which is locked, empty or checked, and now
// belongs to the disk, also after an error. path is where it has, or will
// have, its name.
func newDisk(f *os.File, path string, readOnly bool) (*disk, error) {
	d := &disk{file: f, path: path}
	err, _ := guard(func() (err error) {
		d.db, err = bbolt.Open(f.Name(), fileMode, &bbolt.Options{
			Timeout: time.Second, ReadOnly: readOnly, MaxSize: maxFile, NoStatistics: true,
			OpenFile: func(string, int, os.FileMode) (*os.File, error) { return f, nil },
		})
		return err
	})
	if err != nil {
		f.Close()
		return nil, fmt.Errorf("open database: %w", err)
	}
	d.db.AllocSize = growBy
	return d, nil
}

// load reads the whole content.
func (d *disk) load() (tables, error) {
	t := tables{}
	err, panicked := guard(func() error {
		return d.db.View(func(tx *bbolt.Tx) error {
			return tx.ForEach(func(name []byte, b *bbolt.Bucket) error {
				table := string(name)
				t[table] = map[string][]byte{}
				return b.ForEach(func(k, v []byte) error {
					value, err := unseal(table, string(k), v)
					t[table][string(k)] = value
					return err
				})
			})
		})
	})
	d.faulty = d.faulty || panicked
	return t, err
}

// errTaken is a file that has lost its name while we had it open.
var errTaken = errors.New("somebody removed or replaced the file")

// apply makes changes in one transaction. They are on the disk when it
// returns nil; after an error nobody knows.
func (d *disk) apply(changes []change) error {
	if !sameFile(d.file, d.path) {
		return errTaken
	}
	return d.write(changes)
}

func (d *disk) write(changes []change) error {
	err, panicked := guard(func() error {
		return d.db.Update(func(tx *bbolt.Tx) error {
			for _, c := range changes {
				if err := put(tx, c); err != nil {
					return fmt.Errorf("put %q into table %q: %w", c.key, c.table, err)
				}
			}
			return nil
		})
	})
	d.faulty = d.faulty || panicked
	return err
}

// fill is how full a page becomes that is split. Values keep their sizes, so
// little room is needed for them to grow.
const fill = 0.8

func put(tx *bbolt.Tx, c change) error {
	b, err := tx.CreateBucketIfNotExists([]byte(c.table))
	if err != nil {
		return err
	}
	b.FillPercent = fill
	if c.value == nil {
		return b.Delete([]byte(c.key))
	}
	return b.Put([]byte(c.key), seal(c.table, c.key, c.value))
}

// size is the file's, in bytes.
func (d *disk) size() int64 {
	info, err := d.file.Stat()
	if err != nil {
		return 0
	}
	return info.Size()
}

// close gives the file and its lock back.
func (d *disk) close() error {
	if !d.faulty {
		err, panicked := guard(d.db.Close)
		if !panicked {
			return err
		}
	}
	// Whatever db still has mapped is lost to us; the lock must not be.
	unlock(d.file)
	if err := d.file.Close(); err != nil && !errors.Is(err, fs.ErrClosed) {
		return err
	}
	return nil
}
