package control

import (
	"errors"
	"os"
	"strings"
	"testing"
)

func TestOwner(t *testing.T) {
	name := uniqueName(t)
	if pid, err := Owner(name); !errors.Is(err, ErrNoOwner) {
		t.Errorf("nobody has bound %s: pid %d, error %v", name, pid, err)
	}
	if bound, err := Bound(name); bound || err != nil {
		t.Errorf("nobody has bound %s: %v, %v", name, bound, err)
	}
	s, err := Listen(name, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if pid, err := Owner(name); err != nil || pid != os.Getpid() {
		t.Errorf("owner of %s: %d, %v; want %d", name, pid, err, os.Getpid())
	}
	if bound, err := Bound(name); !bound || err != nil {
		t.Errorf("%s is bound: %v, %v", name, bound, err)
	}
}

func TestFindInode(t *testing.T) {
	const list = `Num       RefCount Protocol Flags    Type St Inode Path
ffff0001: 00000003 00000000 00000000 0001 03 11111
ffff0002: 00000002 00000000 00010000 0001 01 22222 @perfmon
ffff0003: 00000002 00000000 00000000 0002 01 33333 @perfmon2
ffff0004: 00000002 00000000 00000000 0002 01 44444 @perfmon
ffff0005: 00000002 00000000 00000000 0002 01 55555 /run/a path/with spaces
`
	f := func(name, want string) {
		t.Helper()
		if got, err := findInode(strings.NewReader(list), name); err != nil || got != want {
			t.Errorf("findInode(%s) = %q, %v; want %q", name, got, err, want)
		}
	}
	f("@perfmon", "44444")
	f("@perfmon2", "33333")
	f("@perf", "")
}
