package main

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"perfmon/alarm"
)

// redacted stands in the place of what is not to be seen.
const redacted = "REDACTED"

// scrubber takes secrets out of texts, and puts numbers in the place of names.
type scrubber struct {
	secrets []string          // values that must not be seen
	names   map[string]string // and what stands for each
	numbers map[string]int    // how many names of a kind there are
}

// name makes a name known, with what it is of: vm, sr, host or tag. It returns
// what stands for it.
func (s *scrubber) name(name, kind string) string {
	if name == "" {
		return ""
	}
	if s.names == nil {
		s.names, s.numbers = map[string]string{}, map[string]int{}
	}
	if s.names[name] == "" {
		s.numbers[kind]++
		s.names[name] = fmt.Sprintf("%s-%d", kind, s.numbers[kind])
	}
	return s.names[name]
}

// What has a name in it: answers of the API, and metrics.
var (
	nameFields   = regexp.MustCompile(`("name_label": ?)("(?:[^"\\]|\\.)*")`)
	nameLabels   = regexp.MustCompile(`(\b(?:name_label|tag)=)("(?:[^"\\]|\\.)*")`)
	silenceTexts = regexp.MustCompile(`("reason": ?)"(?:[^"\\]|\\.)*"(,\s*"author": ?)"(?:[^"\\]|\\.)*"`)
)

// anonymize replaces names where it is certain that they are names.
func (b *bundle) anonymize(text []byte) []byte {
	if !b.anonymous {
		return text
	}
	for _, places := range []*regexp.Regexp{nameFields, nameLabels} {
		text = replaceSubmatch(text, places, func(quoted []byte) string {
			var name string
			if json.Unmarshal(quoted, &name) != nil {
				return strconv.Quote(redacted)
			}
			return strconv.Quote(b.name(name, "object"))
		})
	}
	return silenceTexts.ReplaceAll(text, []byte(`${1}"`+redacted+`"${2}"`+redacted+`"`))
}

// replaceSubmatch puts something in the place of what the second group of each
// match has.
func replaceSubmatch(text []byte, places *regexp.Regexp, with func([]byte) string) []byte {
	var out bytes.Buffer
	end := 0
	for _, at := range places.FindAllSubmatchIndex(text, -1) {
		out.Write(text[end:at[4]])
		out.WriteString(with(text[at[4]:at[5]]))
		end = at[5]
	}
	out.Write(text[end:])
	return out.Bytes()
}

// Words that are secret by what stands before them.
var (
	userInfo = regexp.MustCompile(`([A-Za-z][A-Za-z0-9+.-]*://)[^\s/@"'<>]+@`)
	bearers  = regexp.MustCompile(`(?i)\b(bearer|basic)\s+[A-Za-z0-9+/_=.~-]{6,}`)
	sessions = regexp.MustCompile(`OpaqueRef:[0-9a-fA-F-]+`)
)

// scrub takes out of a text what must not leave the host.
func (b *bundle) scrub(text []byte) []byte {
	for _, secret := range b.secrets {
		for _, form := range forms(secret) {
			text = bytes.ReplaceAll(text, []byte(form), []byte(redacted))
		}
	}
	text = userInfo.ReplaceAll(text, []byte("${1}"+redacted+"@"))
	text = bearers.ReplaceAll(text, []byte("$1 "+redacted))
	text = sessions.ReplaceAll(text, []byte("OpaqueRef:"+redacted))
	if !b.anonymous {
		return text
	}
	names := make([]string, 0, len(b.names))
	for name := range b.names {
		if !common(name) {
			names = append(names, name)
		}
	}
	// Longer ones first: one may be a part of another.
	slices.SortFunc(names, func(x, y string) int {
		if d := len(y) - len(x); d != 0 {
			return d
		}
		return strings.Compare(x, y)
	})
	for _, name := range names {
		for _, form := range forms(name) {
			text = replaceWord(text, form, b.names[name])
		}
	}
	return text
}

// forms are the ways in which a text can stand in JSON, XML and logs.
func forms(text string) []string {
	list := []string{text}
	add := func(form string) {
		if !slices.Contains(list, form) {
			list = append(list, form)
		}
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if e.Encode(text) == nil {
		add(strings.Trim(strings.TrimSpace(b.String()), `"`))
	}
	b.Reset()
	if xml.EscapeText(&b, []byte(text)) == nil {
		add(b.String())
	}
	quoted := strconv.Quote(text)
	add(quoted[1 : len(quoted)-1])
	return list
}

// ownWords are words of perfmon's own that are also names somewhere. In
// their place a number would make nonsense of every text.
var ownWords = func() map[string]bool {
	words := map[string]bool{}
	for _, word := range slices.Concat(states, classes, []string{
		"pool", "tag", "object", "uuid", "class", "variable", "state", "value", "level", "alarm", "alarms", "critical", "warning",
		"perfmon", "perfmonctl", "local", "xapi", "journald", "webhook", "alertmanager", "nats", "amqp", "cpu", "memory", "disk", "network",
		"raised", "repeated", "cleared", "true", "false", "null", "name", "error", "time", "none", "info", "debug", "level", "config",
		string(alarm.ReasonGone), string(alarm.ReasonUnknown), redacted,
	}) {
		words[word] = true
	}
	return words
}()

// common says that a name is also a word or a number of every text.
func common(name string) bool {
	return utf8.RuneCountInString(name) <= 2 || strings.Trim(name, "0123456789.-:") == "" || ownWords[strings.ToLower(name)]
}

// replaceWord replaces a word wherever it is not a part of another.
func replaceWord(text []byte, word, with string) []byte {
	first, _ := utf8.DecodeRuneInString(word)
	last, _ := utf8.DecodeLastRuneInString(word)
	var out bytes.Buffer
	rest := text
	for before := rune(' '); ; {
		i := bytes.Index(rest, []byte(word))
		if i < 0 {
			if out.Len() == 0 {
				return text
			}
			out.Write(rest)
			return out.Bytes()
		}
		if i > 0 {
			before, _ = utf8.DecodeLastRune(rest[:i])
		}
		end := i + len(word)
		after, _ := utf8.DecodeRune(rest[end:])
		out.Write(rest[:i])
		if inWord(before) && inWord(first) || inWord(after) && inWord(last) {
			out.WriteString(word)
		} else {
			out.WriteString(with)
		}
		before = last
		rest = rest[end:]
	}
}

func inWord(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) || r == '_' }
