package strictyaml

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// MaxSecret bounds what is read of a secret's file, bytes.
const MaxSecret = 64 << 10

// Secret is a text that not everybody may know. Its keys say where it is:
// name_file a file, name_env a variable of the agent's environment.
type Secret struct {
	Name     string
	To       *string
	Text     string // what it means
	Inline   bool   // name itself is a key too: an address, which only sometimes is a secret
	Lines    bool   // more than one line, as a file has them; otherwise the line's end is not part of it
	Required bool
	StandIn  string // what a check takes for a text that it may not read
	Program  string // whose environment a variable is of: "the agent"
	Started  string // where that is set
	// Credential has name_credential be a key too: the name of one of those that
	// systemd hands to a service.
	Credential bool

	places map[string]Place // of the keys that were there
	values map[string]string
}

// Keys are the lines of the secret in a table.
func (s *Secret) Keys() []Key {
	s.places, s.values = map[string]Place{}, map[string]string{}
	here := Key{Name: s.Name, Value: SecretPart{s, "", "a text"}, Text: s.Text}
	if !s.Inline {
		here.Value, here.Refused = Misplaced{s}, true
	}
	one := "a file with " + s.Text + " in one line"
	if s.Lines {
		one = "a file with " + s.Text
	}
	list := []Key{
		here,
		{Name: s.Name + "_file", Value: SecretPart{s, "_file", "a file"}, Text: one},
		{Name: s.Name + "_env", Value: SecretPart{s, "_env", "a name"}, Text: "a variable of " + s.Program + "'s environment with it"},
	}
	if s.Credential {
		list = append(list, Key{Name: s.Name + credential, Value: SecretPart{s, credential, "a name"}, Text: "a credential of systemd's with it (LoadCredential=)"})
	}
	return list
}

// SecretPart is one of the keys of a secret.
type SecretPart struct {
	S    *Secret
	End  string // of the key
	What string
}

func (v SecretPart) Read(p Place) {
	value := ""
	Text{&value, v.What}.Read(p)
	v.S.places[v.End], v.S.values[v.End] = p, value
}

func (v SecretPart) Form() string    { return v.What }
func (v SecretPart) Initial() string { return "" }

// Misplaced is a secret where everybody may read it.
type Misplaced struct{ S *Secret }

func (v Misplaced) Read(p Place) {
	p.Problem("a secret is not written into this file, which others may read",
		fmt.Sprintf("write it into a file of its own, chmod 600, and name that with %s_file; or name a variable of %s's environment with %s_env", v.S.Name, v.S.Program, v.S.Name))
	v.S.places["misplaced"] = p // so that it is not missed as well
}

func (v Misplaced) Form() string    { return "" }
func (v Misplaced) Initial() string { return "" }

// Resolve fetches the secret. at is the section that it belongs to.
func (s *Secret) Resolve(at Place) {
	switch {
	case len(s.places) > 1:
		for _, end := range []string{credential, "_env", "_file", ""} {
			if p, ok := s.places[end]; ok {
				p.Problem(fmt.Sprintf("not the only one of %s", strings.Join(s.Names(), ", ")), "keep one")
				return
			}
		}
	case len(s.places) == 0 && s.Required:
		at.Problem("no "+s.Name, "write one of "+strings.Join(s.Names(), ", "))
	}
	if p, ok := s.places[""]; ok {
		*s.To = s.values[""]
		if s.Inline && userInfo.MatchString(*s.To) {
			p.Problem("a user or password does not belong into an address", "use the keys that there are for them, or "+s.Name+"_file")
		}
	}
	if p, ok := s.places["_file"]; ok && s.values["_file"] != "" {
		s.fromFile(p)
	}
	if p, ok := s.places["_env"]; ok && s.values["_env"] != "" {
		s.fromEnvironment(p)
	}
	if p, ok := s.places[credential]; ok && s.values[credential] != "" {
		s.fromCredential(p)
	}
}

// Where is the key that says where the secret is, with what it says; "" if there
// is none. It is for who has read a file without a mistake: what stands at the
// wrong key may be the secret itself.
func (s *Secret) Where() (key, value string) {
	for end, value := range s.values {
		if end == "_file" {
			value = s.places[end].R.Absolute(value)
		}
		return s.Name + end, value
	}
	return "", ""
}

// Names are the keys that can say where it is.
func (s *Secret) Names() []string {
	names := []string{s.Name + "_file", s.Name + "_env"}
	if s.Credential {
		names = append(names, s.Name+credential)
	}
	if s.Inline {
		names = append([]string{s.Name}, names...)
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
func (s *Secret) fromEnvironment(p Place) {
	name := s.values["_env"]
	if !variableName.MatchString(name) {
		p.Problem("not the name of a variable", "write letters, digits and _, without $")
		return
	}
	value := p.R.Env(name)
	if value == "" {
		if p.R.Checking {
			p.Warning("there is no such variable here; "+s.Program+" needs it", s.whereSet())
			*s.To = s.StandIn
			return
		}
		p.Problem("there is no such variable, or it is empty", s.whereSet())
		return
	}
	s.take(p, value)
}

func (s *Secret) whereSet() string {
	return "set it where " + s.Program + " is started, as " + s.Started
}

// credential ends the key of one that systemd hands over.
const credential = "_credential"

// fromCredential reads a file in the folder that systemd names in the
// environment.
func (s *Secret) fromCredential(p Place) {
	name, dir := s.values[credential], p.R.Env("CREDENTIALS_DIRECTORY")
	switch {
	case name != filepath.Base(name) || name == "." || name == "..":
		p.Problem("not the name of a credential", "write the name that stands behind LoadCredential=, without a path")
	case dir != "":
		s.readFrom(p, filepath.Join(dir, name))
	case p.R.Checking:
		p.Warning("systemd hands no credentials over here; "+s.Program+" needs it", "check again in the unit")
		*s.To = s.StandIn
	default:
		p.Problem("systemd hands no credentials over", "start "+s.Program+" as a unit with LoadCredential="+Shown(name)+":<file>")
	}
}

func (s *Secret) fromFile(p Place) {
	name := p.R.Absolute(s.values["_file"])
	s.readFrom(p, name)
}

func (s *Secret) readFrom(p Place, name string) {
	value, err := readSecret(name)
	if errors.Is(err, fs.ErrPermission) && p.R.Checking {
		p.Warning(fmt.Sprintf("not checked: %v", err), "check again as root")
		*s.To = s.StandIn
		return
	}
	if err != nil {
		p.Problem(fmt.Sprintf("read the secret: %v", err), "")
		return
	}
	p.WarnIfOpen(name)
	s.take(p, string(value))
}

// take checks the text, which no message repeats.
func (s *Secret) take(p Place, value string) {
	if !s.Lines {
		value = strings.TrimSuffix(strings.TrimSuffix(value, "\n"), "\r")
	}
	other := strings.IndexFunc(value, func(c rune) bool { return c < ' ' && !(s.Lines && strings.ContainsRune("\t\r\n", c)) || c == 0x7f })
	switch {
	case strings.TrimSpace(value) == "":
		p.Problem("nothing is in it", "put the secret there")
	case other >= 0 && s.Lines:
		p.Problem("what is in it is no text", "name the right one")
	case other >= 0:
		p.Problem("what is in it is more than one line, or no text", "put the secret there alone; 'openssl rand -hex 32' makes one")
	default:
		*s.To = value
		return
	}
	*s.To = cmp.Or(*s.To, s.StandIn) // one problem is enough
}

// WarnIfOpen says when everybody on this host may read or change a file.
func (p Place) WarnIfOpen(name string) {
	info, err := os.Stat(name)
	if err == nil && info.Mode().Perm()&0o006 != 0 {
		p.Warning(fmt.Sprintf("everybody may read or change %s", name), "chmod o= "+name)
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
	b, err := io.ReadAll(io.LimitReader(f, MaxSecret+1))
	if err == nil && len(b) > MaxSecret {
		err = fmt.Errorf("%s has more than %d bytes", name, MaxSecret)
	}
	return b, err
}
