package rubberconfig

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"mime"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"perfmon/cmd/internal/strictyaml"
)

// DefaultCeleryName is how workers are called: after their machines, by which
// they are recognised.
const DefaultCeleryName = "celery@{name}"

// profile makes the keys of a profile.
func (l *loader) profile(name string, at place) []key {
	p := &Profile{Name: name, CeleryName: DefaultCeleryName, Slots: 1, Weight: 1, SpawnRatio: 0.2, BackorderAllowed: 3}
	l.profiles = append(l.profiles, p)
	l.at = append(l.at, at)
	l.finish = append(l.finish, func() { p.check(at); l.workersOf(p, at) })
	keys := []key{
		{Name: "queue", Required: "the queue's name", Value: text{To: &p.Queue, What: "the queue's name"}, Text: "the queue that its workers serve"},
		{Name: "broker", Value: l.refer(&p.Broker, "broker", at), Text: "where that is; needed if there are several"},
		{Name: "cloud", Value: l.refer(&p.Cloud, "cloud", at), Text: "where its machines come from; needed if there are several"},

		{Name: "image", Value: text{To: &p.Image, What: "a name or id"}, Text: "openstack: what it boots from; xapi: the template; libvirt: the base volume"},
		{Name: "flavor", Value: text{To: &p.Flavor, What: "a name or id"}, Text: "openstack: the size of a machine"},
		{Name: "networks", Value: words{To: &p.Networks, What: "names or ids"}, Text: "what it is connected to; none: as the template or the cloud has it"},
		{Name: "security_groups", Value: words{To: &p.SecurityGroups, What: "names or ids"}, Text: "openstack"},
		{Name: "key", Value: text{To: &p.Key, What: "a name"}, Text: "openstack: a key pair"},
		{Name: "memory", Value: strictyaml.Bytes{To: &p.Memory, Min: 1 << 20, Max: 1 << 50}, Text: "of a machine; none: as the template or flavor says"},
		{Name: "cpus", Value: strictyaml.Number[int]{To: &p.CPUs, Min: 1, Max: 4096}, Text: "of a machine; none: as the template or flavor says"},
		{Name: "generation", Value: text{To: &p.Generation, What: "a word"}, Text: "machines of another are replaced; none: it is made of image and settings"},
		{Name: "user_data", Value: l.group(l.userDataKeys(&p.UserData)), Text: "what a machine does when it boots for the first time"},

		{Name: "command", Value: words{To: &p.Command, What: "program and arguments"}, Text: "process: the program that is the worker"},
		{Name: "env", Value: strictyaml.Pairs{To: &p.Env, What: "NAME: value"}, Text: "process: variables of the worker's environment; else `$NAME` in user data. No place for secrets"},
		{Name: "env_from", Value: words{To: &p.EnvFrom, What: "names"}, Text: "variables that are handed on from rubber's own environment"},

		{Name: "celery_name", Value: text{To: &p.CeleryName, What: "celery@{name}"}, Text: "how a worker is called, with `{name}` for its machine"},
		{Name: "slots", Value: strictyaml.Number[int]{To: &p.Slots, Min: 1, Max: maxCount}, Text: "tasks that a machine runs at once, until its workers say so themselves"},
		{Name: "min", Value: count{strictyaml.Number[int]{To: &p.Min, Min: 0, Max: maxMachines}}, Text: "machines that are kept whatever the demand: guaranteed out of max_machines, before all shares"},
		{Name: "max", Value: count{strictyaml.Number[int]{To: &p.Max, Min: 0, Max: maxMachines}}, Text: "machines at most; 0: as many as max_machines allows"},
		{Name: "share", Value: count{strictyaml.Number[int]{To: &p.Share, Min: 0, Max: maxMachines}}, Text: "machines that are guaranteed out of max_machines; 0 in all profiles: equal parts"},
		{Name: "weight", Value: strictyaml.Fraction{To: &p.Weight, Min: 0.001, Max: maxFactor}, Text: "of what the others leave"},
		{Name: "warm", Value: count{strictyaml.Number[int]{To: &p.Warm, Min: 0, Max: maxMachines}}, Text: "machines that are parked, and wake faster than new ones boot"},
		{Name: "network_bound", Value: yes{To: &p.NetworkBound}, Text: "true: more machines on a host whose network is full would do no more"},
		{Name: "boot_time", Value: span{To: &p.BootTime, Min: 0, Max: 24 * time.Hour}, Text: "until a worker is heard, as long as it has not been measured; 0: not known"},
		{Name: "task_time", Value: span{To: &p.TaskTime, Min: 0, Max: maxTime}, Text: "of a task, as long as it has not been measured; 0: not known"},
		{Name: "schedule", Value: l.list("window", "a list of {days: [mon, fri], from: '08:00', until: '18:00', min: 2}", maxWindows, l.windows(p)), Text: "other bounds at some times of the week; the last that applies counts"},
		{Name: "spawn_ratio", Value: strictyaml.Fraction{To: &p.SpawnRatio, Min: 0, Max: maxFactor}, Text: "mode ancestor: machines for each task that waits"},
		{Name: "backorder_threshold", Value: count{strictyaml.Number[int]{To: &p.BackorderAllowed, Min: 0, Max: maxMachines}}, Text: "mode ancestor: tasks that may wait before machines are asked for"},
	}
	return keys
}

var variableName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// check says what does not fit together.
func (p *Profile) check(at place) {
	if p.Max > 0 && p.Min > p.Max {
		at.Problem(fmt.Sprintf("min %d is more than max %d", p.Min, p.Max), "write min as the smaller one")
	}
	if !strings.HasSuffix(p.CeleryName, "@{name}") {
		at.Problem("celery_name does not end with @{name}", "write celery_name: celery@{name}: a machine's worker is known by what stands behind the @")
	}
	for _, name := range slices.Sorted(maps.Keys(p.Env)) {
		if !variableName.MatchString(name) {
			at.Problem("env: "+strictyaml.Shown(name)+" is no name of a variable", "write letters, digits and _")
		}
	}
	for _, name := range p.EnvFrom {
		if !variableName.MatchString(name) {
			at.Problem("env_from: "+strictyaml.Shown(name)+" is no name of a variable", "write letters, digits and _, without $")
		}
	}
	u := &p.UserData
	if u.Template != "" && u.Text != "" {
		at.Problem("both template_file and text", "keep one")
	}
}

func (l *loader) userDataKeys(u *UserData) []key {
	return []key{
		{Name: "template_file", Value: file{To: &u.Template}, Text: "a file in which `{QUEUE_NAME}`, `{NAME}` and other words are filled in, and `$NAME` of `env`"},
		{Name: "text", Value: strictyaml.Lines{To: &u.Text, What: "a text of several lines, behind |", Max: maxUserData}, Text: "the same, written out"},
		{Name: "write_files", Value: l.list("file", "a list of {path: /etc/x, file: x}", maxFiles, func(at place) []key { return l.writeFile(u, at) }), Text: "files that the machine finds when it has booted"},
		{Name: "gzip", Value: yes{To: &u.Gzip}, Text: "true hands it over compressed, which cloud-init understands: Nova takes 48 KiB, and a seed disk has room for 1 MiB"},
		{Name: "parts", Value: l.list("part", "a list of {file: x.sh, type: x-shellscript}", maxFiles, func(at place) []key { return l.part(u, at) }), Text: "further parts of the user data"},
	}
}

func (l *loader) writeFile(u *UserData, at place) []key {
	i := len(u.Files)
	u.Files = append(u.Files, WriteFile{})
	w := &WriteFile{Mode: 0o644}
	l.finish = append(l.finish, func() {
		if (w.File == "") == (w.Text == "") {
			at.Problem("not one of file and text", "write one of them")
		}
		u.Files[i] = *w
	})
	return []key{
		{Name: "path", Required: "/etc/x", Value: strictyaml.Form{To: &w.Path, What: "an absolute path", Check: absolute}, Text: "where it is in the machine"},
		{Name: "file", Value: file{To: &w.File}, Text: "the file here that it is a copy of"},
		{Name: "text", Value: strictyaml.Lines{To: &w.Text, What: "a text", Max: maxUserData}, Text: "its content, written out"},
		{Name: "mode", Value: permissions{&w.Mode}, Text: "its permissions"},
	}
}

func absolute(s string) error {
	if !path.IsAbs(s) || path.Clean(s) != s {
		return errors.New("no absolute path")
	}
	return nil
}

// permissions are four octal digits in quotes.
type permissions struct{ to *uint32 }

var octal = regexp.MustCompile(`^0?[0-7]{3}$`)

func (v permissions) Read(p place) {
	said, ok := p.Scalar(v.Form())
	if !ok {
		return
	}
	if !octal.MatchString(said) {
		p.Problem(strictyaml.Quote(said)+" is no mode", "write "+v.Form())
		return
	}
	n, err := strconv.ParseUint(said, 8, 32)
	if err == nil {
		*v.to = uint32(n)
	}
}

func (v permissions) Form() string    { return `octal digits such as "0640"` }
func (v permissions) Initial() string { return fmt.Sprintf("%04o", *v.to) }

func (l *loader) part(u *UserData, _ place) []key {
	i := len(u.Parts)
	u.Parts = append(u.Parts, Part{})
	one := &Part{}
	l.finish = append(l.finish, func() { u.Parts[i] = *one })
	return []key{
		{Name: "file", Required: "x.sh", Value: file{To: &one.File}, Text: "the file"},
		{Name: "type", Required: "x-shellscript", Value: strictyaml.Form{To: &one.Type, What: "a MIME type such as x-shellscript or cloud-config", Check: subtype}, Text: "what it is: the part of the MIME type behind text/"},
	}
}

func subtype(s string) error {
	if _, _, err := mime.ParseMediaType("text/" + s); err != nil || strings.ContainsAny(s, "/; ") {
		return errors.New("no MIME type")
	}
	return nil
}

var dayNames = []string{"mon", "tue", "wed", "thu", "fri", "sat", "sun"}

// windows makes the keys of a window of a profile's schedule.
func (l *loader) windows(p *Profile) func(at place) []key {
	return func(at place) []key {
		i := len(p.Schedule)
		p.Schedule = append(p.Schedule, Window{})
		w := &Window{}
		var days []string
		from, until, zone := "00:00", "24:00", "UTC"
		least, most := -1, -1
		l.finish = append(l.finish, func() {
			for _, d := range days {
				w.Days = append(w.Days, time.Weekday((slices.Index(dayNames, d)+1)%7))
			}
			w.From, w.Until = ofDay(from), ofDay(until)
			w.Zone, _ = time.LoadLocation(zone) // it was checked
			if least >= 0 {
				w.Min = &least
			}
			if most >= 0 {
				w.Max = &most
			}
			switch {
			case w.Min == nil && w.Max == nil:
				at.Problem("a window without bounds", "write min, max or both")
			case w.Min != nil && w.Max != nil && *w.Min > *w.Max:
				at.Problem(fmt.Sprintf("min %d is more than max %d", *w.Min, *w.Max), "write min as the smaller one")
			case w.From == 24*time.Hour:
				at.Problem("from 24:00", "write 00:00")
			}
			p.Schedule[i] = *w
		})
		return []key{
			{Name: "days", Value: words{To: &days, From: dayNames}, Text: "on which it begins; none: every day"},
			{Name: "from", Value: strictyaml.Form{To: &from, What: "a time of day such as '08:00'", Check: timeOfDay}, Text: "when it begins, by the clocks of its zone"},
			{Name: "until", Value: strictyaml.Form{To: &until, What: "a time of day such as '18:00'", Check: timeOfDay}, Text: "when it ends; at or before `from`: on the next day"},
			{Name: "zone", Value: strictyaml.Form{To: &zone, What: "a time zone such as Europe/Berlin", Check: timeZone}, Text: "whose clocks"},
			{Name: "min", Value: optional{strictyaml.Number[int]{To: &least, Min: 0, Max: maxMachines}}, Text: "machines that are kept then"},
			{Name: "max", Value: optional{strictyaml.Number[int]{To: &most, Min: 1, Max: maxMachines}}, Text: "machines at most then"},
		}
	}
}

// optional is a number that may be left out, which is negative.
type optional struct{ strictyaml.Number[int] }

func (v optional) Initial() string {
	if *v.To < 0 {
		return ""
	}
	return strconv.Itoa(*v.To)
}

var clock = regexp.MustCompile(`^([01][0-9]|2[0-3]):[0-5][0-9]$|^24:00$`)

func timeOfDay(s string) error {
	if !clock.MatchString(s) {
		return errors.New("no time of day")
	}
	return nil
}

// ofDay is a time of day since midnight.
func ofDay(s string) time.Duration {
	h, m, _ := strings.Cut(s, ":")
	hours, _ := strconv.Atoi(h)
	minutes, _ := strconv.Atoi(m)
	return time.Duration(hours)*time.Hour + time.Duration(minutes)*time.Minute
}

func timeZone(s string) error {
	if _, err := time.LoadLocation(cmp.Or(s, "?")); err != nil || s == "Local" {
		return errors.New("no time zone that this machine knows")
	}
	return nil
}
