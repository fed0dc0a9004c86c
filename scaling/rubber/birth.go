package rubber

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// identityKey is where a store says which one it is.
const identityKey = "identity"

// identityState is what is kept of it, written once:
//
//	{"version":1,"identity":"tov1fgk3ab"}
type identityState struct {
	Version  int    `json:"version"`
	Identity string `json:"identity"`
}

// An identity is the second in which the store was first used, in base 36, and
// four characters by chance. An intent begins with that of the store in which its
// record was written, so that a machine tells which store that was. Those made
// before there were identities are without.
var (
	identityForm = regexp.MustCompile(`^[0-9a-z]{6,8}[a-z2-7]{4}$`)
	intentForm   = regexp.MustCompile(`^([0-9a-z]{6,8}[a-z2-7]{4})-[a-z2-7]{16}$`)
)

// newIdentity is what a store is called that is used for the first time.
func newIdentity(now time.Time) string {
	birth := strconv.FormatInt(max(0, now.Unix()), 36)
	return strings.Repeat("0", max(0, 6-len(birth))) + birth + chance(4)
}

// storeOf is the identity of the store in which an intent was written first; "":
// it does not say.
func storeOf(intent string) string {
	if m := intentForm.FindStringSubmatch(intent); m != nil {
		return m[1]
	}
	return ""
}

// bornBefore says which of two stores is the older one. Clocks may be wrong: what
// counts is that all who compare two come to the same end.
func bornBefore(a, b string) bool {
	if len(a) != len(b) {
		return len(a) < len(b)
	}
	return a < b
}

// bornAt is when a store was first used, by the clock of who did.
func bornAt(identity string) time.Time {
	seconds, err := strconv.ParseInt(identity[:max(0, len(identity)-4)], 36, 64)
	if err != nil {
		return time.Time{}
	}
	return time.Unix(seconds, 0)
}

// readIdentity takes in which store this is.
func (w *world) readIdentity(data []byte) error {
	var s identityState
	if err := json.Unmarshal(data, &s); err != nil {
		return err
	}
	if !identityForm.MatchString(s.Identity) {
		return fmt.Errorf("%q is no identity of a store", s.Identity)
	}
	w.identity = s.Identity
	return nil
}

// identify gives a store its identity that has none. It says whether there is one.
func (w *world) identify() bool {
	if w.identity != "" || w.o.DryRun {
		return w.identity != ""
	}
	if _, there := w.saved[identityKey]; there {
		return false // it cannot be read
	}
	born := w.clock.shown(w.now)
	for _, u := range w.units { // it may have been in use before stores had identities
		if u.Created.Before(born) {
			born = u.Created
		}
	}
	s := identityState{Version: recordVersion, Identity: newIdentity(born)}
	data, err := json.Marshal(s)
	if err != nil {
		return false
	}
	saved := savedValue{data: data}
	if !w.write(func(ctx context.Context) (err error) {
		saved.revision, err = put(ctx, w.o.Store, identityKey, data, 0)
		return err
	}) {
		return false
	}
	w.saved[identityKey], w.identity = saved, s.Identity
	w.log.Info("the store had no identity and has one now", "store", s.Identity)
	return true
}

// nameless is why a store has no identity, by which no machine can be asked for;
// nil: it has one.
func (w *world) nameless() error {
	switch value, there := w.saved[identityKey]; {
	case w.identity != "" || w.o.DryRun:
		return nil
	case there:
		return fmt.Errorf("what the store says of its identity cannot be read: %q; run a newer rubber, or delete the key %q by hand", value.data, identityKey)
	}
	return errors.New("the store has no identity yet")
}
