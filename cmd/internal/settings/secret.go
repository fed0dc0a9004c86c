package settings

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"regexp"
	"strings"
)

// maxSecret bounds what is read of a secret's file, bytes.
const maxSecret = 64 << 10

// secret is a text that not everybody may know. Its keys say where it is:
// name_file a file, name_env a variable of the agent's environment.
type secret struct {
	name     string
	to       *string
	text     string // what it means
	inline   bool   // name itself is a key too: an address, which only sometimes is a secret
	lines    bool   // more than one line, as a file has them; otherwise the line's end is not part of it
	required bool
	standIn  string // what a check takes for a text that it may not read

	places map[string]place // of the keys that were there
	values map[string]string
}

// keys are the lines of the secret in a table.
func (s *secret) keys() []key {
	s.places, s.values = map[string]place{}, map[string]string{}
	here := key{name: s.name, value: secretPart{s, "", "a text"}, text: s.text}
	if !s.inline {
		here.value, here.refused = misplaced{s}, true
	}
	one := "a file with " + s.text + " in one line"
	if s.lines {
		one = "a file with " + s.text
	}
	return []key{
		here,
		{name: s.name + "_file", value: secretPart{s, "_file", "a file"}, text: one},
		{name: s.name + "_env", value: secretPart{s, "_env", "a name"}, text: "a variable of the agent's environment with it"},
	}
}

// secretPart is one of the keys of a secret.
type secretPart struct {
	s    *secret
	end  string // of the key
	what string
}

func (v secretPart) read(p place) {
	value := ""
	text{&value, v.what}.read(p)
	v.s.places[v.end], v.s.values[v.end] = p, value
}

func (v secretPart) form() string    { return v.what }
func (v secretPart) initial() string { return "" }

// misplaced is a secret where everybody may read it.
type misplaced struct{ s *secret }

func (v misplaced) read(p place) {
	p.problem("a secret is not written into this file, which others may read",
		fmt.Sprintf("write it into a file of its own, chmod 600, and name that with %s_file; or name a variable of the agent's environment with %s_env", v.s.name, v.s.name))
	v.s.places["misplaced"] = p // so that it is not missed as well
}

func (v misplaced) form() string    { return "" }
func (v misplaced) initial() string { return "" }

// resolve fetches the secret. at is the section that it belongs to.
func (s *secret) resolve(at place) {
	switch {
	case len(s.places) > 1:
		for _, end := range []string{"_env", "_file", ""} {
			if p, ok := s.places[end]; ok {
				p.problem(fmt.Sprintf("not the only one of %s", strings.Join(s.names(), ", ")), "keep one")
				return
			}
		}
	case len(s.places) == 0 && s.required:
		at.problem("no "+s.name, "write one of "+strings.Join(s.names(), ", "))
	}
	if p, ok := s.places[""]; ok {
		*s.to = s.values[""]
		if s.inline && userInfo.MatchString(*s.to) {
			p.problem("a user or password does not belong into an address", "use the keys that there are for them, or "+s.name+"_file")
		}
	}
	if p, ok := s.places["_file"]; ok && s.values["_file"] != "" {
		s.fromFile(p)
	}
	if p, ok := s.places["_env"]; ok && s.values["_env"] != "" {
		s.fromEnvironment(p)
	}
}

func (s *secret) names() []string {
	names := []string{s.name + "_file", s.name + "_env"}
	if s.inline {
		names = append([]string{s.name}, names...)
	}
	return names
}

var (
	// userInfo is the user in an address: https://user:password@host
	userInfo = regexp.MustCompile(`^[A-Za-z0-9+.-]+://[^/?#]*@`)
	// variableName is what a shell takes for one.
	variableName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)
)

// fromEnvironment never repeats the name: it may be the secret itself.
func (s *secret) fromEnvironment(p place) {
	name := s.values["_env"]
	if !variableName.MatchString(name) {
		p.problem("not the name of a variable", "write letters, digits and _, without $")
		return
	}
	value := p.r.env(name)
	if value == "" {
		if p.r.checking {
			p.warning("there is no such variable here; the agent needs it", "set it where the agent is started, as /etc/sysconfig/perfmon")
			*s.to = s.standIn
			return
		}
		p.problem("there is no such variable, or it is empty", "set it where the agent is started, as /etc/sysconfig/perfmon")
		return
	}
	s.take(p, value)
}

func (s *secret) fromFile(p place) {
	name := p.r.absolute(s.values["_file"])
	value, err := readSecret(name)
	if errors.Is(err, fs.ErrPermission) && p.r.checking {
		p.warning(fmt.Sprintf("not checked: %v", err), "check again as root")
		*s.to = s.standIn
		return
	}
	if err != nil {
		p.problem(fmt.Sprintf("read the secret: %v", err), "")
		return
	}
	p.warnIfOpen(name)
	s.take(p, string(value))
}

// take checks the text, which no message repeats.
func (s *secret) take(p place, value string) {
	if !s.lines {
		value = strings.TrimSuffix(strings.TrimSuffix(value, "\n"), "\r")
	}
	other := strings.IndexFunc(value, func(c rune) bool { return c < ' ' && !(s.lines && strings.ContainsRune("\t\r\n", c)) || c == 0x7f })
	switch {
	case strings.TrimSpace(value) == "":
		p.problem("nothing is in it", "put the secret there")
	case other >= 0 && s.lines:
		p.problem("what is in it is no text", "name the right one")
	case other >= 0:
		p.problem("what is in it is more than one line, or no text", "put the secret there alone; 'openssl rand -hex 32' makes one")
	default:
		*s.to = value
		return
	}
	*s.to = cmp.Or(*s.to, s.standIn) // one problem is enough
}

// warnIfOpen says when everybody on this host may read or change a file.
func (p place) warnIfOpen(name string) {
	info, err := os.Stat(name)
	if err == nil && info.Mode().Perm()&0o006 != 0 {
		p.warning(fmt.Sprintf("everybody may read or change %s", name), "chmod o= "+name)
	}
}

func readSecret(name string) ([]byte, error) {
	// A pipe would be waited for, for ever.
	info, err := os.Stat(name)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is not a file", name)
	}
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, maxSecret+1))
	if err == nil && len(b) > maxSecret {
		err = fmt.Errorf("%s has more than %d bytes", name, maxSecret)
	}
	return b, err
}
