package rubber

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"perfmon/scaling/rubber/cloud"
)

// brakeKey is what a brake is on: a profile in a cloud, or with an empty
// profile all of a cloud.
type brakeKey struct{ cloud, profile string }

// Brake says that no machines are asked for, and until when.
type Brake struct {
	Cloud   string
	Profile string // "": all profiles of the cloud
	Kind    string // of cloud.Kind, or "slacker"
	Text    string // the error
	Hint    string // the way out; may be ""
	Since   time.Time
	Until   time.Time // then one machine is asked for, as a trial
	Fails   int       // in a row
	last    time.Time // when an error was last taken in: what was asked for before proves nothing
	late    bool      // the cloud took the request and failed then: that it takes another one proves nothing
}

// wait is how long the first and the longest wait after errors of a kind are.
type wait struct{ first, most time.Duration }

// slackerKind is the brake on a profile whose machines start and do no work.
const slackerKind = "slacker"

// waits of the kinds of errors. Quota and capacity are used up and given back
// by others; what is invalid stays so until somebody changes it, so that a
// retry is there for those who changed it elsewhere.
var waits = map[string]wait{
	cloud.Transient.String(): {2 * time.Second, 2 * time.Minute},
	cloud.Quota.String():     {2 * time.Minute, 30 * time.Minute},
	cloud.Capacity.String():  {30 * time.Second, 10 * time.Minute},
	cloud.Invalid.String():   {10 * time.Minute, time.Hour},
	cloud.Auth.String():      {5 * time.Minute, 30 * time.Minute},
	cloud.NotFound.String():  {10 * time.Minute, time.Hour},
	slackerKind:              {time.Minute, 30 * time.Minute},
}

// badHostFor is how long a host is avoided on which a machine has failed.
const badHostFor = 5 * time.Minute

// brakes keep rubber from asking clouds again and again for what they do not
// give. Quota and identity are the whole cloud's, the rest a profile's.
type brakes struct {
	by    map[brakeKey]*Brake
	hosts map[brakeKey]map[string]badHost // profile: hosts on which its machines fail
}

// badHost is a host on which a machine has failed.
type badHost struct {
	until time.Time
	why   string
}

func newBrakes() *brakes {
	return &brakes{by: map[brakeKey]*Brake{}, hosts: map[brakeKey]map[string]badHost{}}
}

// hit takes in an error; late, if the request had been taken before. Errors of the same kind before the brake is off again
// count once: they are of requests that were on their way together. The machine's
// names are left out of what is said of the profile.
func (b *brakes) hit(now time.Time, cloudName, profile, host string, err error, late bool, names ...string) {
	kind := cloud.KindOf(err)
	why, hint := whyOf(err, names...)
	key := brakeKey{cloudName, profile}
	if host != "" && (kind == cloud.Capacity || kind == cloud.Transient) {
		if b.hosts[key] == nil {
			b.hosts[key] = map[string]badHost{}
		}
		b.hosts[key][host] = badHost{now.Add(badHostFor), why}
	}
	if kind == cloud.Quota || kind == cloud.Auth {
		key.profile = ""
	}
	var e *cloud.Error
	var after time.Duration
	if errors.As(err, &e) {
		after = e.RetryAfter
	}
	b.set(now, key, kind.String(), why, hint, after, late)
}

// slacker takes in that a machine of a profile came up and did no work.
func (b *brakes) slacker(now time.Time, cloudName, profile, text string) {
	b.set(now, brakeKey{cloudName, profile}, slackerKind, text, "look at the console of such a machine, at its image and its user data", 0, true)
}

func (b *brakes) set(now time.Time, key brakeKey, kind, text, hint string, after time.Duration, late bool) {
	br := b.by[key]
	if br != nil && br.Kind == kind && now.Before(br.Until) {
		br.Text, br.last = text, now
		return
	}
	if br == nil || br.Kind != kind {
		br = &Brake{Cloud: key.cloud, Profile: key.profile, Kind: kind, Since: now}
		b.by[key] = br
	}
	br.Fails++
	br.last = now
	br.late = br.late || late
	w := waits[kind]
	br.Text, br.Hint, br.Until = text, hint, now.Add(max(backoff(w.first, w.most, br.Fails), after))
}

// took takes in that the cloud has taken a request; ran, that a machine runs,
// by which the cloud has proven able; worked, that its worker was heard. Asked
// is when the cloud was asked for it: what it took before an error says nothing
// about what it takes since. A worker says that the image is good, whenever.
func (b *brakes) took(cloudName, profile string, asked time.Time) {
	b.release(cloudName, profile, func(br *Brake) bool { return !br.late && asked.After(br.last) })
}

func (b *brakes) ran(cloudName, profile string, asked time.Time) {
	b.release(cloudName, profile, func(br *Brake) bool { return br.Kind != slackerKind && asked.After(br.last) })
}

func (b *brakes) worked(cloudName, profile string, asked time.Time) {
	b.release(cloudName, profile, func(br *Brake) bool { return br.Kind == slackerKind || asked.After(br.last) })
}

func (b *brakes) release(cloudName, profile string, which func(*Brake) bool) {
	for _, key := range []brakeKey{{cloudName, ""}, {cloudName, profile}} {
		if br := b.by[key]; br != nil && which(br) {
			delete(b.by, key)
		}
	}
}

// reset forgets what was held against a profile, because its configuration
// has changed.
func (b *brakes) reset(cloudName, profile string) {
	delete(b.by, brakeKey{cloudName, ""})
	delete(b.by, brakeKey{cloudName, profile})
	delete(b.hosts, brakeKey{cloudName, profile})
}

// refused is why no machine can be had now, in one sentence; "" if one can.
// Short waits after transient errors are no reason not to plan.
func (b *brakes) refused(now time.Time, cloudName, profile string) string {
	for _, key := range []brakeKey{{cloudName, ""}, {cloudName, profile}} {
		if br := b.by[key]; br != nil && now.Before(br.Until) && br.Kind != cloud.Transient.String() {
			return br.sentence()
		}
	}
	return ""
}

func (br *Brake) sentence() string {
	return withHint(fmt.Sprintf("cloud %s, %s: %s", br.Cloud, br.Kind, br.Text), br.Hint)
}

// trial is the brake by which one request at a time is tried, the cloud's
// before the profile's; nil: none. Open says that not even that one may be sent.
func (b *brakes) trial(now time.Time, cloudName, profile string) (br *Brake, open bool) {
	for _, key := range []brakeKey{{cloudName, profile}, {cloudName, ""}} {
		if have := b.by[key]; have != nil {
			br = have
			open = open || now.Before(have.Until)
		}
	}
	return br, open
}

// avoid is hosts on which machines of a profile have failed lately.
func (b *brakes) avoid(now time.Time, cloudName, profile string) []string {
	var list []string
	hosts := b.hosts[brakeKey{cloudName, profile}]
	for host, bad := range hosts {
		if now.Before(bad.until) {
			list = append(list, host)
		} else {
			delete(hosts, host)
		}
	}
	slices.Sort(list)
	return list
}

// giveIn forgets which hosts are avoided because machines have failed there, if
// without them there is no room, and makes an error of it that says so: a cloud
// of one host would be of no use for as long. That is no error of the cloud, and
// no reason to brake.
func (b *brakes) giveIn(now time.Time, cloudName, profile string, err error) (mild error, ours bool) {
	var e *cloud.Error
	bad := b.avoid(now, cloudName, profile)
	if len(bad) == 0 || !errors.As(err, &e) || e.Kind != cloud.Capacity {
		return err, false
	}
	key := brakeKey{cloudName, profile}
	why := b.hosts[key][bad[0]].why
	delete(b.hosts, key)
	said := *e
	said.Kind = cloud.Transient
	said.Err = fmt.Errorf("there is no room but on %s, where a machine failed: %s", strings.Join(bad, ", "), why)
	said.Hint = "it is tried there again"
	return &said, true
}

// all is every brake, in the order of clouds and profiles.
func (b *brakes) all() []Brake {
	list := make([]Brake, 0, len(b.by))
	for _, br := range b.by {
		list = append(list, *br)
	}
	slices.SortFunc(list, func(x, y Brake) int {
		return strings.Compare(x.Cloud+"\x00"+x.Profile, y.Cloud+"\x00"+y.Profile)
	})
	return list
}
