package xapi

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const stockIdentity = `PRIMARY_DISK='/dev/disk/by-id/scsi-3600508b1001c'
PRODUCT_VERSION='8.3.0'
DOM0_MEM='7584'
CONTROL_DOMAIN_UUID='0cb03a5b-6a6e-4f3e-a2ad-9e1d4a1ce1d3'
MANAGEMENT_ADDRESS_TYPE='IPv4'
INSTALLATION_UUID='8c1f9e24-98f8-4d2a-a0ba-f2ea0b9a4a1e'
`

func TestParseIdentity(t *testing.T) {
	f := func(text string, want Identity) {
		t.Helper()
		if got, err := parseIdentity(strings.NewReader(text)); err != nil || got != want {
			t.Errorf("%q = %+v, %v; want %+v", text, got, err, want)
		}
	}
	f(stockIdentity, Identity{"8c1f9e24-98f8-4d2a-a0ba-f2ea0b9a4a1e", "0cb03a5b-6a6e-4f3e-a2ad-9e1d4a1ce1d3"})
	f(`INSTALLATION_UUID="a-1"`, Identity{HostUUID: "a-1"})
	f("# comment\n\n INSTALLATION_UUID=a\r\nINSTALLATION_UUID=b", Identity{HostUUID: "b"})

	fails := func(text, says string) {
		t.Helper()
		got, err := parseIdentity(strings.NewReader(text))
		if err == nil {
			t.Fatalf("%q = %+v, want an error", text, got)
		}
		wantIn(t, err.Error(), says)
	}
	fails("", "no INSTALLATION_UUID")
	fails("CONTROL_DOMAIN_UUID=a\n", "no INSTALLATION_UUID")
	fails("\nINSTALLATION_UUID=''\n", `line 2: INSTALLATION_UUID is ""`)
	fails("INSTALLATION_UUID='a b'", `is "a b"`)
	fails("INSTALLATION_UUID="+strings.Repeat("a", 65), "want a uuid")
	fails("X="+strings.Repeat("a", 1<<20), "token too long")
}

func TestReadIdentity(t *testing.T) {
	path := filepath.Join(t.TempDir(), "inventory")
	if _, err := ReadIdentity(path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no file: %v", err)
	}
	if err := os.WriteFile(path, []byte(stockIdentity), 0o644); err != nil {
		t.Fatal(err)
	}
	if id, err := ReadIdentity(path); err != nil || id.HostUUID != "8c1f9e24-98f8-4d2a-a0ba-f2ea0b9a4a1e" {
		t.Errorf("%+v, %v", id, err)
	}
	if err := os.WriteFile(path, []byte("x"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := ReadIdentity(path); err == nil {
		t.Error("a file without identity: no error")
	}
}

func FuzzParseIdentity(f *testing.F) {
	f.Add(stockIdentity)
	f.Add("INSTALLATION_UUID=\"a\"\n=\n==\n'")
	f.Add("INSTALLATION_UUID='")
	f.Fuzz(func(t *testing.T, text string) {
		id, err := parseIdentity(strings.NewReader(text))
		if err == nil && (!plausibleUUID(id.HostUUID) || id.ControlDomainUUID != "" && !plausibleUUID(id.ControlDomainUUID)) {
			t.Errorf("%q gives %+v", text, id)
		}
	})
}
