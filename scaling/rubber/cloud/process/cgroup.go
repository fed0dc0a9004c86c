package process

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"perfmon/scaling/rubber/cloud"
)

// group is the folder of a machine's control group; "" if there are none.
func (c *Cloud) group(id string) string {
	if c.options.Cgroup == "" {
		return ""
	}
	return filepath.Join(c.options.Cgroup, id)
}

// makeGroup makes a machine's control group and opens it; nil if there are
// none.
func (c *Cloud) makeGroup(id string) (*os.File, error) {
	path := c.group(id)
	if path == "" {
		return nil, nil
	}
	if err := os.Mkdir(path, 0o755); err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, refused(cloud.Auth, "give the process cloud a control group of the unified tree that is delegated to rubber, or none", "make a control group: %w", err)
	}
	return os.Open(path)
}

// groupMembers are the processes in a machine's control group.
func (c *Cloud) groupMembers(id string) (map[int]bool, error) {
	path := c.group(id)
	if path == "" {
		return nil, nil
	}
	members := map[int]bool{}
	// A program may make groups below its own.
	err := filepath.WalkDir(path, func(path string, e fs.DirEntry, err error) error {
		if err != nil || !e.IsDir() {
			return gone(err)
		}
		data, err := os.ReadFile(filepath.Join(path, "cgroup.procs"))
		if err != nil {
			return gone(err)
		}
		for line := range strings.FieldsSeq(string(data)) {
			if pid, err := strconv.Atoi(line); err == nil {
				members[pid] = true
			}
		}
		return nil
	})
	return members, err
}

// killGroup has the kernel kill a control group at once, where it can (since
// 5.14). Whoever is left is killed one by one.
func (c *Cloud) killGroup(id string) error {
	path := c.group(id)
	if path == "" {
		return nil
	}
	f, err := os.OpenFile(filepath.Join(path, "cgroup.kill"), os.O_WRONLY, 0)
	if err != nil {
		return gone(err)
	}
	defer f.Close()
	_, err = f.WriteString("1")
	return gone(err)
}

// removeGroup removes a control group whose processes have ended, and those
// below it.
func (c *Cloud) removeGroup(ctx context.Context, id string) error {
	path := c.group(id)
	if path == "" {
		return nil
	}
	var folders []string
	err := filepath.WalkDir(path, func(path string, e fs.DirEntry, err error) error {
		if err == nil && e.IsDir() {
			folders = append(folders, path)
		}
		return gone(err)
	})
	for n := len(folders) - 1; n >= 0 && err == nil; n-- {
		// Busy for a moment after its last process has ended.
		for err = gone(os.Remove(folders[n])); errors.Is(err, syscall.EBUSY); err = gone(os.Remove(folders[n])) {
			if err := sleep(ctx, pause); err != nil {
				return err
			}
		}
	}
	return err
}

// gone takes an error for none if it says that something is not there.
func gone(err error) error {
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENODEV) {
		return nil
	}
	return err
}
