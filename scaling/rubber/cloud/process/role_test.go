package process

import (
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"syscall"
	"time"
)

// playDeaf takes no notice of SIGTERM, and says when it does not.
func playDeaf() error {
	signal.Ignore(syscall.SIGTERM)
	fmt.Println("deaf")
	time.Sleep(10 * time.Minute) // and then ends, whatever becomes of the test
	return nil
}

// playParent starts children who try to get away in all the ways there are,
// says their numbers, and waits, or leaves them alone if LEAVE is set.
func playParent() error {
	f := func(how string, change func(*exec.Cmd)) error {
		cmd := exec.Command("/bin/sleep", "600")
		change(cmd)
		if err := cmd.Start(); err != nil {
			return fmt.Errorf("%s: %w", how, err)
		}
		fmt.Println(how, cmd.Process.Pid)
		return nil
	}
	alive := os.NewFile(aliveFile, "alive")
	syscall.CloseOnExec(aliveFile) // as programs do that care
	for how, change := range map[string]func(*exec.Cmd){
		"plain":   func(*exec.Cmd) {},
		"group":   func(c *exec.Cmd) { c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} },
		"session": func(c *exec.Cmd) { c.SysProcAttr = &syscall.SysProcAttr{Setsid: true} },
		"bare":    func(c *exec.Cmd) { c.Env = []string{} },
		"file": func(c *exec.Cmd) {
			c.Env, c.ExtraFiles, c.SysProcAttr = []string{}, []*os.File{alive}, &syscall.SysProcAttr{Setsid: true}
		},
		"utterly": func(c *exec.Cmd) { c.Env, c.SysProcAttr = []string{}, &syscall.SysProcAttr{Setsid: true} },
	} {
		if how == "utterly" && os.Getenv("UTTERLY") == "" {
			continue // without a control group, and with its parent gone, nothing tells of it
		}
		if err := f(how, change); err != nil {
			return err
		}
	}
	fmt.Println("all")
	if os.Getenv("LEAVE") != "" {
		return nil
	}
	return playDeaf()
}
