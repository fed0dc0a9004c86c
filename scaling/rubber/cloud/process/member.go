package process

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
)

// members are the processes of a machine that have not ended. Those that were
// found before stay members under their start time: a session that loses its
// leader is still theirs.
func (c *Cloud) members(r *record, before map[int]stat) (map[int]stat, error) {
	boot, err := bootID()
	if err != nil {
		return nil, err
	}
	if r.Boot != boot {
		return nil, nil // all of them ended with that kernel
	}
	all, err := processes()
	if err != nil {
		return nil, err
	}
	inGroup, err := c.groupMembers(id(r.Owner, r.Intent))
	if err != nil {
		return nil, err
	}
	// As the kernel has it, which knows of no symbolic links.
	alive, err := filepath.EvalSymlinks(c.alivePath(id(r.Owner, r.Intent)))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	ours, sessions := map[int]stat{}, map[int]bool{}
	add := func(s stat) {
		ours[s.PID] = s
		// The number of a session is nobody else's as long as one of its processes
		// is there, so whoever has the same one is in it. A session that a member
		// came from outside with is not the machine's.
		if s.Session == r.PID && r.PID != 0 || s.Session == s.PID {
			sessions[s.Session] = true
		}
	}
	self := os.Getpid()
	for _, s := range all {
		if s.PID == self || s.PID == 1 {
			continue
		}
		known, was := before[s.PID]
		if s.PID == r.PID && s.Start == r.Start || was && known.Start == s.Start || inGroup[s.PID] ||
			marked(s.PID, r.Mark) || holds(s.PID, alive) {
			add(s)
		}
	}
	for grew := true; grew; {
		grew = false
		for _, s := range all {
			_, is := ours[s.PID]
			_, child := ours[s.Parent]
			if !is && s.PID != self && s.PID != 1 && (child || sessions[s.Session]) {
				add(s)
				grew = true
			}
		}
	}
	for pid, s := range ours {
		if s.ended() {
			c.reap(r, s)
			delete(ours, pid)
		}
	}
	return ours, nil
}

// send sends a signal to a process if it is still the one that we know.
func send(s stat, sig os.Signal) error {
	p, err := os.FindProcess(s.PID) // holds on to the process, where the kernel can
	if err != nil {
		return err
	}
	defer func() { _ = p.Release() }()
	now, there, err := readStat(s.PID)
	if err != nil || !there || now.Start != s.Start {
		return err
	}
	if err := p.Signal(sig); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	return nil
}
