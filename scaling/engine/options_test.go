package engine

import (
	"fmt"
	"strings"
	"testing"
)

func TestOptions(t *testing.T) {
	bad := func(want string, o Options) {
		t.Helper()
		_, err := New(o)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v", o, err)
		}
		if err != nil && strings.Contains(err.Error(), "hidden") {
			t.Errorf("a secret in %v", err)
		}
	}
	bad("can be reached from other machines", Options{Listen: "0.0.0.0:4222"})
	bad("can be reached from other machines", Options{Listen: "[::]:4222"})
	bad("can be reached from other machines", Options{Listen: "10.1.2.3:4222", Serve: ServerTLS{Cert: "c", Key: "k"}})
	bad("can be reached from other machines", Options{Listen: "10.1.2.3:4222", Users: "u"})
	bad("needs its key", Options{Serve: ServerTLS{Cert: "c"}})
	bad("of no use", Options{Serve: ServerTLS{ClientCA: "c"}})
	bad("as a number", Options{Listen: "localhost:4222"})
	bad("write address:port", Options{Listen: "127.0.0.1"})
	bad("the port is a number", Options{Listen: "127.0.0.1:nats"})
	bad("holds a password", Options{URLs: []string{"nats://u:hidden@host:4222"}})
	bad("is not one", Options{URLs: []string{"nats://u:hidden@host:4222%"}})
	bad("write nats://", Options{URLs: []string{"http://host"}})
	bad("write nats://", Options{URLs: []string{"nats://host/x"}})
	bad("both an external cluster", Options{URLs: []string{"nats://host"}, Listen: DefaultListen})
	bad("more than one of", Options{URLs: []string{"nats://host"}, Login: Login{TokenFile: "a", CredentialsFile: "b"}})
	bad("password file", Options{URLs: []string{"nats://host"}, Login: Login{User: "a"}})
	bad("no url names one", Options{Login: Login{TokenFile: "a"}})
	bad("negative", Options{Limits: Limits{Store: -1}})
	bad("1 to 5", Options{URLs: []string{"nats://host"}, Replicas: 7})

	o := Options{}
	if err := o.complete(); err != nil || o.Dir != DefaultDir || o.Listen != DefaultListen {
		t.Error(o, err)
	}
	if s := fmt.Sprintf("%v %+v %#v", o, o, o); !strings.Contains(s, DefaultDir) {
		t.Error(s)
	}
}

func TestParseUsers(t *testing.T) {
	users, err := parseUsers("# agents\n\nxen-01 plain\nxen-02 nkey:UBF5QIAHGJOKIRUVXEF6TKEEEQDKBUXD7PIAGEJ5L7RM2CYGFMNS46WK full\n")
	if err != nil || len(users) != 2 || users[0].full || !users[1].full || users[1].nkey == "" {
		t.Error(users, err)
	}
	for text, want := range map[string]string{
		"":                                  "nobody is in it",
		"a":                                 "line 1: write",
		"a hidden x":                        "line 1: write",
		"a hidden\na hidden":                "line 2: user \"a\" is there already",
		"a nkey:SUhidden":                   "line 1: what follows",
		strings.Repeat("b", 80):             "line 1",
		"a " + strings.Repeat("hidden", 80): "line 1: a password has",
	} {
		if _, err := parseUsers(text); err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "hidden") {
			t.Errorf("%q: %v", text, err)
		}
	}
}
