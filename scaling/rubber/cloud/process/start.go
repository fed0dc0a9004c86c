package process

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"perfmon/scaling/rubber/cloud"
)

// program is a command that is ready to be started, but for what differs from
// one machine to the next.
type program struct {
	path string
	args []string
	env  []string
}

// replacer puts a machine's own words into commands and environments. Braces
// around anything else are left as they are.
func replacer(s cloud.Spec) *strings.Replacer {
	return strings.NewReplacer("{name}", s.Name, "{profile}", s.Profile, "{intent}", s.Intent, "{generation}", s.Generation, "{owner}", s.Owner)
}

// command checks and fills in what a spec wants to be started.
func (c *Cloud) command(s cloud.Spec) (*program, error) {
	if len(s.Command) == 0 || s.Command[0] == "" {
		return nil, refused(cloud.Invalid, "give profile "+fmt.Sprintf("%q", s.Profile)+" a command: the program and its arguments", "there is nothing to start")
	}
	words := replacer(s)
	env := map[string]string{"PATH": c.options.Path, "LANG": "C.UTF-8", "HOME": filepath.Join(c.folder(id(s.Owner, s.Intent)), "work"),
		"RUBBER_NAME": s.Name, "RUBBER_PROFILE": s.Profile, "RUBBER_INTENT": s.Intent}
	for name, value := range s.Env {
		if name == "" || strings.ContainsAny(name, "=\x00") || name == markName || strings.ContainsRune(value, 0) {
			return nil, refused(cloud.Invalid, "a name has no = in it and is not "+markName, "the environment has the name %q", name)
		}
		env[name] = words.Replace(value)
	}
	p := &program{}
	for _, name := range slices.Sorted(maps.Keys(env)) {
		p.env = append(p.env, name+"="+env[name])
	}
	for _, arg := range s.Command {
		if strings.ContainsRune(arg, 0) {
			return nil, refused(cloud.Invalid, "", "the command has a zero byte in it")
		}
		p.args = append(p.args, words.Replace(arg))
	}
	var err error
	p.path, err = find(p.args[0], env["PATH"])
	return p, err
}

// find is the file of a program.
func find(name, path string) (string, error) {
	folders := filepath.SplitList(path)
	if strings.Contains(name, "/") {
		if !filepath.IsAbs(name) {
			return "", refused(cloud.Invalid, "give its whole path, or its name alone to have it looked for in PATH", "the program %q is a relative path", name)
		}
		folders = []string{"/"}
	}
	for _, folder := range folders {
		if !filepath.IsAbs(folder) {
			continue
		}
		file := filepath.Join(folder, name)
		if info, err := os.Stat(file); err == nil && info.Mode().IsRegular() && info.Mode()&0o111 != 0 {
			return file, nil
		}
	}
	return "", refused(cloud.Invalid, "install it, or give its whole path", "there is no program %q in %s", name, strings.Join(folders, ":"))
}

// start runs the program of a machine whose record says that it is about to
// be, and writes down which process that is. If r.PID is 0 after an error,
// nothing has been started.
func (c *Cloud) start(ctx context.Context, r *record, s cloud.Spec) error {
	p, err := c.command(s)
	if err != nil {
		return err
	}
	id := id(r.Owner, r.Intent)
	work := filepath.Join(c.folder(id), "work")
	if err := os.MkdirAll(work, 0o700); err != nil {
		return err
	}
	files, err := c.files(ctx, id)
	if err != nil {
		return err
	}
	defer files.close()
	attributes := &syscall.SysProcAttr{Setsid: true}
	group, err := c.makeGroup(id)
	if err != nil {
		return err
	}
	if group != nil {
		defer group.Close()
		attributes.UseCgroupFD, attributes.CgroupFD = true, int(group.Fd())
	}
	child, err := os.StartProcess(p.path, p.args, &os.ProcAttr{Dir: work, Env: append(p.env, markName+"="+r.Mark),
		Files: []*os.File{files.in, files.out, files.err, aliveFile: files.alive}, Sys: attributes})
	if err != nil {
		if errors.Is(err, syscall.ENOENT) || errors.Is(err, syscall.ENOEXEC) || errors.Is(err, syscall.EACCES) || errors.Is(err, syscall.E2BIG) {
			return refused(cloud.Invalid, "see whether it starts by hand", "the program does not start: %w", err)
		}
		return fmt.Errorf("start %s: %w", p.path, err)
	}
	r.PID = child.Pid
	_ = child.Release() // it is known by its record from here on
	found, there, err := readStat(r.PID)
	if err == nil && !there {
		err = errors.New("the process is gone before anybody has waited for it")
	}
	if err == nil {
		r.Start = found.Start
		err = c.save(r)
	}
	if err != nil {
		// Nobody would know it: it must not live.
		err = fmt.Errorf("write down the process: %w", err)
		_ = syscall.Kill(-r.PID, syscall.SIGKILL)
		_, _ = syscall.Wait4(r.PID, nil, 0, nil)
		return errors.Join(err, c.endAll(context.WithoutCancel(ctx), r))
	}
	c.watch(r)
	return nil
}

// wake starts a machine that has ended.
func (c *Cloud) wake(ctx context.Context, r *record, s cloud.Spec) error {
	if err := c.settle(ctx, r); err != nil {
		return err
	}
	i, begun, err := c.look(r)
	if err != nil {
		return err
	}
	switch {
	case r.Want == wantGone:
		return refused(cloud.NotFound, "", "the machine is being deleted")
	case i.State == cloud.Running && r.Want == wantHalt:
		return refused(cloud.Transient, "ask again when it is halted", "the program has been told to end, and has not yet")
	case i.State == cloud.Running:
		return nil
	}
	// As it is marked; the spec may be of another intent by now.
	s.Intent, s.Owner, s.Name, s.Profile, s.Generation = r.Intent, r.Owner, r.Name, r.Profile, r.Generation
	if _, err := c.command(s); err != nil {
		return err
	}
	if begun { // what the program left behind
		if err := c.endAll(ctx, r); err != nil {
			return err
		}
	}
	if err := c.renew(ctx, r, s); err != nil {
		return err
	}
	err = c.start(ctx, r, s)
	if err != nil && r.PID == 0 { // parked still
		r.Want = wantHalt
		err = errors.Join(err, c.save(r))
	}
	return err
}

// renew writes the record of a machine that is about to be started, again.
func (c *Cloud) renew(ctx context.Context, r *record, s cloud.Spec) error {
	release, err := c.roomTurn(ctx)
	if err != nil {
		return err
	}
	defer release()
	used, _, err := c.used(id(r.Owner, r.Intent))
	if err != nil {
		return err
	}
	host, err := c.stay(r, s, used)
	if err != nil {
		return err
	}
	boot, err := bootID()
	if err != nil {
		return err
	}
	r.Host, r.Want, r.Boot, r.Mark, r.PID, r.Start = host, wantRun, boot, rand.Text(), 0, 0
	return c.save(r)
}

// stay is the host of a machine that wakes: where it was, unless that is to be
// avoided, has no room any more, or another one is preferred.
func (c *Cloud) stay(r *record, s cloud.Spec, used map[string]int) (string, error) {
	if !slices.ContainsFunc(c.options.Hosts, func(h Host) bool { return cloud.Listed(s.Prefer, append([]string{h.ID}, h.Names...)...) }) {
		s.Prefer = []string{r.Host}
	}
	host, err := c.choose(s, used)
	return host.ID, err
}
