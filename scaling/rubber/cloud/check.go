package cloud

import (
	"errors"
	"fmt"
	"strings"
)

// maxID is how long an intent or an owner may be.
const maxID = 40

// Check says whether intent, owner and name are such as every driver needs
// them; the error is of kind Invalid. What else a spec has to have differs from
// cloud to cloud, and is the driver's to check.
func (s Spec) Check() error {
	for _, id := range []struct{ what, value string }{{"intent", s.Intent}, {"owner", s.Owner}} {
		if err := checkID(id.value); err != nil {
			return &Error{Kind: Invalid, Op: "create", Name: s.Name, Err: fmt.Errorf("%s %q: %w", id.what, id.value, err),
				Hint: "1 to 40 of a-z, 0-9 and -"}
		}
	}
	if s.Name == "" || strings.ContainsFunc(s.Name, func(r rune) bool { return r <= ' ' || r == 0x7f || r == '/' }) {
		return &Error{Kind: Invalid, Op: "create", Name: s.Name, Err: errors.New("not a name for a machine"),
			Hint: "a name has at least one character, and no spaces and slashes"}
	}
	return nil
}

// checkID refuses what does not fit where tags, folders and names of files are
// made of it.
func checkID(id string) error {
	switch {
	case id == "":
		return errors.New("it is missing")
	case len(id) > maxID:
		return fmt.Errorf("it is longer than %d characters", maxID)
	}
	for i, r := range id {
		if (r < 'a' || r > 'z') && (r < '0' || r > '9') && r != '-' {
			return fmt.Errorf("character %d is %q", i+1, r)
		}
	}
	return nil
}

// Listed says whether a host or a storage, by any of the names it goes by, is
// in a list such as Spec.Avoid. An empty name is in no list.
func Listed(list []string, names ...string) bool {
	return Rank(list, names...) < len(list)
}

// Rank is the place in a list such as Spec.Prefer of whatever goes by these
// names: 0 is the first, len(list) that it is not there.
func Rank(list []string, names ...string) int {
	for i, wanted := range list {
		for _, name := range names {
			if name != "" && strings.EqualFold(name, wanted) {
				return i
			}
		}
	}
	return len(list)
}
