package main

import (
	"bufio"
	"cmp"
	_ "embed"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"
)

//go:embed demo.script
var demo string

const scriptHelp = `A script has one line for each thing that happens; # begins a comment.
Times are durations (90s, 5m) or numbers of rows' steps (12steps).

  every TIME                                begin again after so long
  at TIME force vm NAME COLUMN VALUE for TIME     COLUMN may be a pattern, cpu*;
  at TIME force host COLUMN VALUE for TIME        VALUE may be NaN
  at TIME force sr NAME COLUMN VALUE for TIME
  at TIME config vm NAME VARIABLE level=L [period=TIME] [inhibit=TIME] [sense=low]
        [priority=N] [regex=RE] [fold=FN] [, VARIABLE ...]     also: config host, config sr NAME
  at TIME config vm NAME none               take the configuration away
  at TIME config vm NAME raw TEXT           set it to any text
  at TIME defaults pool TEXT                what objects of the pool inherit; none takes it away
  at TIME tags vm NAME TAG,TAG              or none; also: tags host, tags sr NAME
  at TIME operations vm NAME NAME,NAME      that go on, such as pool_migrate; or none; also: operations host
  at TIME use sr NAME FRACTION              of its size, in its record
  at TIME stop vm NAME                      halted; "start vm NAME" runs it again
  at TIME touch vm NAME COUNT               changes that say nothing
  at TIME rrdd down for TIME                xcp-rrdd stops, and starts again
  at TIME stall for TIME                    no new rows
  at TIME restart down TIME booting TIME    of the toolstack
  at TIME sessions end                      all of them are forgotten
  at TIME events lost                       tokens are refused
  at TIME fault KIND REQUEST [code=N] [at=N] [count=N] [skip=N] [text=T] [endpoint=E] [failure=CODE]
        REQUEST is a path such as /rrd_updates or a method such as message.create;
        KIND: status hang-header cut lost-answer hang-body truncate garbage html
        oversize wrong-form short-row long-row bad-number bad-legend failure null
  at TIME faults clear

The VM that is the control domain is called dom0.
`

// script is what happens, in order of time.
type script struct {
	every time.Duration // 0 means once
	lines []line
}

// line is one thing that happens.
type line struct {
	at    time.Duration
	words []string
	text  string // as written, after the time
	where string // for messages: file and line
}

// loadScript reads the script that the flags name.
func loadScript(o options) (*script, error) {
	switch o.script {
	case "none":
		return &script{}, nil
	case "demo":
		return parseScript("demo", demo, o.step)
	}
	text, err := os.ReadFile(o.script)
	if err != nil {
		return nil, fmt.Errorf("read script: %w", err)
	}
	return parseScript(o.script, string(text), o.step)
}

// parseScript reads lines such as
//
//	every 40steps
//	at 2steps force vm web-07 cpu* 0.97 for 12steps
//
// and checks that their words are known.
func parseScript(name, text string, step int) (*script, error) {
	s := &script{}
	scanner := bufio.NewScanner(strings.NewReader(text))
	for n := 1; scanner.Scan(); n++ {
		where := fmt.Sprintf("%s:%d", name, n)
		content, _, _ := strings.Cut(scanner.Text(), "#")
		words := strings.Fields(content)
		if len(words) == 0 {
			continue
		}
		fail := func(err error) (*script, error) { return nil, fmt.Errorf("%s: %w", where, err) }
		if len(words) < 2 || words[0] != "at" && words[0] != "every" {
			return fail(fmt.Errorf("a line begins with at TIME or every TIME, not with %q", words[0]))
		}
		d, err := parseTime(words[1], step)
		if err != nil {
			return fail(err)
		}
		if words[0] == "every" {
			s.every = d
			continue
		}
		l := line{at: d, words: words[2:], text: strings.Join(words[2:], " "), where: where}
		if _, err := parseAction(l.words, step); err != nil {
			return fail(err)
		}
		s.lines = append(s.lines, l)
	}
	if err := scanner.Err(); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	slices.SortStableFunc(s.lines, func(a, b line) int { return cmp.Compare(a.at, b.at) })
	if n := len(s.lines); s.every != 0 && n > 0 && s.every <= s.lines[n-1].at {
		return nil, fmt.Errorf("%s: it begins again after %v, but goes on until %v", name, s.every, s.lines[n-1].at)
	}
	return s, nil
}

// parseTime reads "90s", "0s" or "12steps".
func parseTime(word string, step int) (time.Duration, error) {
	if count, ok := strings.CutSuffix(word, "steps"); ok {
		n, err := strconv.Atoi(count)
		if err != nil || n < 0 || n > 1e6 {
			return 0, fmt.Errorf("%q is no number of steps", word)
		}
		return time.Duration(n*step) * time.Second, nil
	}
	d, err := time.ParseDuration(word)
	if err != nil || d < 0 {
		return 0, fmt.Errorf("%q is no time: write 90s, 5m or 12steps", word)
	}
	return d, nil
}
