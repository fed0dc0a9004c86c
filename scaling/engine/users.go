package engine

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"strings"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nkeys"
	"golang.org/x/crypto/bcrypt"
)

// user is a line of the file of users: name, password (plain, or hashed by
// bcrypt) and what it may do.
//
//	# agents: they publish alarms and heartbeats
//	xen-01  $2a$11$fDkqhGCesV8k.y6kbkUc6e5sQQF3FZZSZLF89Zw6/2bXZg2o0oYhO
//	xen-02  nkey:UBF5QIAHGJOKIRUVXEF6TKEEEQDKBUXD7PIAGEJ5L7RM2CYGFMNS46WK
//	# consumers on other machines: everything
//	peer-1  $2a$11$AEFZdzXKDYsUDuPxFnC5lODWg8LG75Dh8e.Kkaqu0liaFda63NlLm  full
type user struct {
	name   string
	secret string // password or its hash
	nkey   string
	full   bool
}

const nkeyPrefix = "nkey:"

// maxUsers is more than pools have hosts.
const maxUsers = 10_000

func readUsers(file string) ([]user, error) {
	text, err := readGivenSecret(file)
	if err != nil {
		return nil, err
	}
	users, err := parseUsers(text)
	if err != nil {
		return nil, fmt.Errorf("file of users %s: %w", file, err)
	}
	return users, nil
}

// parseUsers names lines by number only: what is in them is secret.
func parseUsers(text string) ([]user, error) {
	var users []user
	seen := map[string]bool{}
	n := 0
	for line := range strings.Lines(text) {
		n++
		f := strings.Fields(line)
		if len(f) == 0 || strings.HasPrefix(f[0], "#") {
			continue
		}
		if len(f) < 2 || len(f) > 3 || len(f) == 3 && f[2] != "full" {
			return nil, fmt.Errorf("line %d: write a name, a password or %s with a public key, and full for one who may do everything", n, nkeyPrefix)
		}
		u := user{name: f[0], full: len(f) == 3}
		if key, ok := strings.CutPrefix(f[1], nkeyPrefix); ok {
			if !nkeys.IsValidPublicUserKey(key) {
				return nil, fmt.Errorf("line %d: what follows %s is not a user's public key, which begins with U", n, nkeyPrefix)
			}
			u.nkey = key
		} else if u.secret = f[1]; len(u.secret) > 72 {
			return nil, fmt.Errorf("line %d: a password has at most 72 characters", n)
		}
		if seen[u.name] {
			return nil, fmt.Errorf("line %d: user %q is there already", n, u.name)
		}
		seen[u.name] = true
		if users = append(users, u); len(users) > maxUsers {
			return nil, fmt.Errorf("line %d: more than %d users", n, maxUsers)
		}
	}
	if len(users) == 0 {
		return nil, errors.New("nobody is in it: write a line with name and password for each agent")
	}
	return users, nil
}

// agent is what an agent may do: publish alarms and heartbeats and learn the
// duplicate window of the stream.
var agent = &server.Permissions{
	Publish:   &server.SubjectPermission{Allow: []string{alarmSubjects, heartbeatSubjects, "$JS.API.STREAM.INFO." + AlarmStream}},
	Subscribe: &server.SubjectPermission{Allow: []string{"_INBOX.>"}},
}

// gate decides who may connect to the embedded server.
type gate struct {
	token string
	users string // file, read anew for each connection; "" is none
	log   *slog.Logger
}

// Check lets in who has the token, on this machine only, and the users.
func (g *gate) Check(c server.ClientAuthentication) bool {
	o := c.GetOpts()
	if o.Token != "" {
		if !same(o.Token, g.token) || !local(c.RemoteAddress(), nil) {
			return false
		}
		c.RegisterUser(&server.User{Username: "this machine"})
		return true
	}
	if g.users == "" {
		return false
	}
	users, err := readUsers(g.users)
	if err != nil {
		g.log.Error("nobody from another machine can connect", "err", err)
		return false
	}
	for _, u := range users {
		if !u.is(o, c.GetNonce()) {
			continue
		}
		r := &server.User{Username: u.name}
		if !u.full {
			r.Permissions = agent
		}
		c.RegisterUser(r)
		return true
	}
	return false
}

// is says whether a client has shown that it is the user.
func (u *user) is(o *server.ClientOpts, nonce []byte) bool {
	if u.nkey != "" {
		if o.Nkey != u.nkey || o.Sig == "" || len(nonce) == 0 {
			return false
		}
		sig, err := base64.RawURLEncoding.DecodeString(o.Sig)
		if err != nil {
			return false
		}
		key, err := nkeys.FromPublicKey(u.nkey)
		return err == nil && key.Verify(nonce, sig) == nil
	}
	if o.Username != u.name || o.Password == "" {
		return false
	}
	if strings.HasPrefix(u.secret, "$2") {
		return bcrypt.CompareHashAndPassword([]byte(u.secret), []byte(o.Password)) == nil
	}
	return same(o.Password, u.secret)
}

// same compares in a time that says nothing about how much is right.
func same(a, b string) bool {
	x, y := sha256.Sum256([]byte(a)), sha256.Sum256([]byte(b))
	return subtle.ConstantTimeCompare(x[:], y[:]) == 1
}

// local says whether a connection is from this machine: from a loopback
// address, or from the address that it came in by.
func local(remote, own net.Addr) bool {
	r, ok := remote.(*net.TCPAddr)
	if !ok {
		return false
	}
	if r.IP.IsLoopback() {
		return true
	}
	if o, ok := own.(*net.TCPAddr); ok && o.IP.Equal(r.IP) {
		return true
	}
	addresses, err := net.InterfaceAddrs()
	if err != nil {
		return false
	}
	for _, a := range addresses {
		if n, ok := a.(*net.IPNet); ok && n.IP.Equal(r.IP) {
			return true
		}
	}
	return false
}
