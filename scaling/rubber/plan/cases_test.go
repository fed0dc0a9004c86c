package plan

import (
	"bufio"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"time"
)

var update = flag.Bool("update", false, "write what comes out into the cases")

// TestCases runs the cases of testdata: what a snapshot holds, and behind arrows
// the lines of its plan. The language is at the head of testdata/demand.txt.
func TestCases(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no cases: %v", err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			out := runCases(t, string(text))
			if *update {
				if err := os.WriteFile(file, []byte(out), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if out != string(text) {
				t.Errorf("%s: other plans came out, see above", file)
			}
		})
	}
}

// runCases gives the text back with the arrows as they came out.
func runCases(t *testing.T, text string) string {
	var out strings.Builder
	c := newCase("")
	finish := func() {
		if !c.used {
			return
		}
		got := c.plan()
		if !*update && !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s:\n got %s\nwant %s", c.name, strings.Join(got, "\n     "), strings.Join(c.want, "\n     "))
		}
		for _, l := range got {
			out.WriteString("-> " + l + "\n")
		}
	}
	lines := bufio.NewScanner(strings.NewReader(text))
	blank := ""
	for lines.Scan() {
		line := lines.Text()
		switch {
		case strings.HasPrefix(line, "== "):
			finish()
			c = newCase(line[3:])
		case strings.HasPrefix(line, "-> "):
			c.want = append(c.want, line[3:])
			continue
		case line == "":
			blank = "\n"
			continue
		case !strings.HasPrefix(line, "#"):
			if err := c.read(line); err != nil {
				t.Fatalf("%s: %q: %v", c.name, line, err)
			}
		}
		out.WriteString(blank + line + "\n")
		blank = ""
	}
	finish()
	return out.String()
}

// testCase is one snapshot being read.
type testCase struct {
	name string
	used bool
	s    *Snapshot
	told map[string]bool // profiles of which memory was told
	want []string
}

func newCase(name string) *testCase {
	return &testCase{name: name, told: map[string]bool{},
		s: &Snapshot{Now: day, Cap: 50, Settings: caseSettings(), Memory: Memory{Profiles: map[string]ProfileMemory{}}}}
}

// caseSettings are round numbers, so that cases can be checked by hand, and stay
// when the defaults are tuned.
func caseSettings() Settings {
	s := DefaultSettings()
	s.Beta, s.Hysteresis, s.Slack, s.Lateness, s.Patience = 1, 0.5, 0, 0, 1
	s.SpareWindow = 10000 * time.Hour // what was smoothed before stays
	s.Horizon = 45 * time.Second
	s.TargetWait, s.StartExtra, s.DownMost, s.DownFraction, s.DownCooldown = time.Minute, 0, 4, 0.5, 0
	s.UpMost, s.UpFraction, s.ReplaceAtOnce = 50, 1, 1
	return s
}

// plan finishes the snapshot and writes its plan down.
func (c *testCase) plan() []string {
	for _, p := range c.s.Profiles {
		if c.told[p.Name] {
			continue
		}
		load := float64(p.Demand.Ready + p.Demand.Running)
		c.s.Memory.Profiles[p.Name] = ProfileMemory{Load: load, Recently: load, Mean: load, Since: day.Add(-time.Hour), Seen: day.Add(-5 * time.Second)}
	}
	if c.s.Memory.At.IsZero() {
		c.s.Memory.At = day.Add(-5 * time.Second)
	}
	var list []string
	for _, l := range Make(c.s).Lines {
		list = append(list, lineText(l))
	}
	return list
}

func lineText(l Line) string {
	text := fmt.Sprintf("%s %s", l.Action, l.Profile)
	if l.Machine != "" {
		text += " " + l.Machine
	} else if l.Count > 0 {
		text += fmt.Sprintf(" ×%d", l.Count)
	}
	for _, part := range []struct {
		name string
		list []string
	}{{"avoid", l.Avoid}, {"prefer", l.Prefer}, {"not on", l.AvoidStorage}} {
		if len(part.list) > 0 {
			text += fmt.Sprintf(", %s %s", part.name, strings.Join(part.list, " "))
		}
	}
	for _, r := range l.Reasons {
		text += fmt.Sprintf("; %s: %s", r.Code, r.Text)
	}
	return text
}

// read takes one line of a case.
func (c *testCase) read(line string) error {
	c.used = true
	words := strings.Fields(line)
	switch words[0] {
	case "cap":
		return c.number(words[1], &c.s.Cap)
	case "paused":
		c.s.Paused = true
	case "deaf":
		c.s.Deaf = true
	case "ancestor":
		c.s.Mode = Ancestor
	case "set":
		return set(reflect.ValueOf(&c.s.Settings).Elem(), words[1:])
	case "away": // nothing was watched for so long
		d, err := time.ParseDuration(words[1])
		c.s.Memory.At = day.Add(-d)
		return err
	case "profile":
		p := Profile{Name: words[1], Cloud: "c", Generation: "new", Rests: true, BootTime: 2 * time.Minute, TaskTime: time.Minute, Demand: Demand{Known: true}}
		if err := set(reflect.ValueOf(&p).Elem(), words[2:]); err != nil {
			return err
		}
		c.s.Profiles = append(c.s.Profiles, p)
	case "memory":
		m := ProfileMemory{Since: day.Add(-time.Hour), Seen: day.Add(-5 * time.Second)}
		if err := set(reflect.ValueOf(&m).Elem(), words[2:]); err != nil {
			return err
		}
		m.Recently, m.Mean = m.Load, m.Load
		c.told[words[1]] = true
		c.s.Memory.Profiles[words[1]] = m
	case "peak": // peak PROFILE DEMAND AGO
		n, _ := strconv.Atoi(words[2])
		d, err := time.ParseDuration(words[3])
		m := c.s.Memory.Profiles[words[1]]
		m.Peaks = append(m.Peaks, Sample{day.Add(-d), n})
		c.s.Memory.Profiles[words[1]] = m
		return err
	case "lately": // lately PROFILE DEMAND…: of the last plans, behind memory
		m := c.s.Memory.Profiles[words[1]]
		for i, word := range words[2:] {
			n, err := strconv.Atoi(word)
			if err != nil {
				return err
			}
			m.Lately = append(m.Lately, Sample{day.Add(time.Duration(i+2-len(words)) * 5 * time.Second), n})
		}
		c.s.Memory.Profiles[words[1]] = m
	case "doubt": // doubt PROFILE FIELD=VALUE…, behind memory
		m := c.s.Memory.Profiles[words[1]]
		err := set(reflect.ValueOf(&m.Doubt).Elem(), words[2:])
		c.s.Memory.Profiles[words[1]] = m
		return err
	case "asked": // asked PROFILE COUNT AGO: so many were asked for
		n, _ := strconv.Atoi(words[2])
		d, err := time.ParseDuration(words[3])
		m := c.s.Memory.Profiles[words[1]]
		m.Up = Step{day.Add(-d), n}
		c.s.Memory.Profiles[words[1]] = m
		return err
	case "machine", "machines":
		return c.machines(words)
	case "host":
		h := Host{UUID: words[1]}
		err := set(reflect.ValueOf(&h).Elem(), words[2:])
		c.s.Hosts = append(c.s.Hosts, h)
		return err
	case "cloud": // cloud NAME HOST…, all of them, the names of one with commas
		cl := Cloud{Name: words[1]}
		for _, names := range words[2:] {
			cl.Hosts = append(cl.Hosts, strings.Split(names, ","))
		}
		c.s.Clouds = append(c.s.Clouds, cl)
	case "storage":
		s := Storage{UUID: words[1]}
		err := set(reflect.ValueOf(&s).Elem(), words[2:])
		c.s.Storages = append(c.s.Storages, s)
		return err
	default:
		return fmt.Errorf("no such line")
	}
	return nil
}

func (c *testCase) number(word string, n *int) (err error) {
	*n, err = strconv.Atoi(word)
	return err
}

// machines reads "machine ID PROFILE STATE …" or "machines N PREFIX PROFILE STATE …".
func (c *testCase) machines(words []string) error {
	n := 1
	if words[0] == "machines" {
		if err := c.number(words[1], &n); err != nil {
			return err
		}
		words = words[1:]
	}
	for i := range n {
		m := Machine{ID: words[1], Profile: words[2], State: State(words[3]), Generation: "new", BusyKnown: true}
		if words[0] != "machine" {
			m.ID = fmt.Sprintf("%s%d", words[1], i+1)
		}
		if err := set(reflect.ValueOf(&m).Elem(), words[4:]); err != nil {
			return err
		}
		if m.IdleSince.IsZero() && m.Busy == 0 {
			m.IdleSince = day.Add(-10 * time.Minute)
		}
		c.s.Machines = append(c.s.Machines, m)
	}
	return nil
}

// set puts name=value words into the fields of a struct. A word alone is true,
// with "!" before it false; a time is how long ago it was.
func set(v reflect.Value, words []string) error {
	for _, w := range words {
		name, value, ok := strings.Cut(w, "=")
		if !ok {
			value = strconv.FormatBool(!strings.HasPrefix(w, "!"))
			name = strings.TrimPrefix(w, "!")
		}
		f := v.FieldByNameFunc(func(n string) bool { return strings.EqualFold(n, name) })
		if d := v.FieldByName("Demand"); !f.IsValid() && d.IsValid() {
			f = d.FieldByNameFunc(func(n string) bool { return strings.EqualFold(n, name) })
		}
		if !f.IsValid() {
			return fmt.Errorf("no field %q", name)
		}
		if err := setOne(f, value); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}

func setOne(f reflect.Value, value string) error {
	switch f.Interface().(type) {
	case string:
		f.SetString(strings.ReplaceAll(value, "_", " "))
	case bool:
		b, err := strconv.ParseBool(value)
		f.SetBool(b)
		return err
	case int, int64:
		n, err := strconv.ParseInt(value, 10, 64)
		f.SetInt(n)
		return err
	case float64:
		x, err := strconv.ParseFloat(value, 64)
		f.SetFloat(x)
		return err
	case time.Duration:
		d, err := time.ParseDuration(value)
		f.SetInt(int64(d))
		return err
	case time.Time:
		d, err := time.ParseDuration(value)
		f.Set(reflect.ValueOf(day.Add(-d)))
		return err
	case *int64:
		n, err := strconv.ParseInt(value, 10, 64)
		f.Set(reflect.ValueOf(&n))
		return err
	case []string:
		f.Set(reflect.ValueOf(strings.Split(value, ",")))
	default:
		return fmt.Errorf("cannot be set")
	}
	return nil
}
