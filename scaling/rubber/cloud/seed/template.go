package seed

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Words are what the templates of a machine can name: {QUEUE_NAME} is
// Words["QUEUE_NAME"]. Which there are is the caller's to say.
type Words map[string]string

// Error is what is wrong in a template, and where.
type Error struct {
	Name         string // of the template
	Line, Column int    // from 1; columns are characters
	Text         string
}

// Error is "worker.yaml:12:7: …".
func (e *Error) Error() string { return fmt.Sprintf("%s:%d:%d: %s", e.Name, e.Line, e.Column, e.Text) }

// maxErrors is how many errors of one template are told.
const maxErrors = 10

// Fill puts words and variables of an environment into a text. What is
// replaced, as in the files that rubber's ancestor read:
//
//	{QUEUE_NAME}     a word
//	$AMQP_HOST       a variable; also ${AMQP_HOST}
//
// Names are a capital letter and then capitals, digits and underscores; two at
// least in braces. A name that is not known is an error. Everything else stays
// as it is: {}, {a}, {"a": 1}, {{ jinja }}, $1, $?, $(date), $name, ${NAME:-x};
// and the variables that a shell has by itself, such as $HOME, unless env has
// them. To have a name stay, double what begins it: $$AMQP_HOST is $AMQP_HOST,
// $${AMQP_HOST} is ${AMQP_HOST}, and {{QUEUE_NAME}} is {QUEUE_NAME}.
//
// A value with a line end or another control character is an error, as it would
// change the lines around it. Errors are *Error, joined.
func Fill(name, text string, words Words, env map[string]string) (string, error) {
	f := filler{name: name, words: words, env: env, line: 1, column: 1}
	for f.rest = text; f.rest != ""; {
		switch {
		case f.rest[0] == '$':
			f.dollar()
		case f.rest[0] == '{':
			f.brace()
		default:
			next := strings.IndexAny(f.rest, "${")
			if next < 0 {
				next = len(f.rest)
			}
			f.keep(next)
		}
	}
	if len(f.errs) > maxErrors {
		f.errs = append(f.errs[:maxErrors], fmt.Errorf("%s: and %d more", name, len(f.errs)-maxErrors))
	}
	return f.out.String(), errors.Join(f.errs...)
}

// filler is where Fill is in its text.
type filler struct {
	name         string
	words        Words
	env          map[string]string
	rest         string
	line, column int // of what rest begins with
	out          strings.Builder
	errs         []error
}

// take is the next n bytes of the text.
func (f *filler) take(n int) string {
	taken := f.rest[:n]
	f.rest = f.rest[n:]
	for _, r := range taken {
		if r == '\n' {
			f.line, f.column = f.line+1, 1
		} else {
			f.column++
		}
	}
	return taken
}

// keep leaves n bytes as they are.
func (f *filler) keep(n int) { f.out.WriteString(f.take(n)) }

// put replaces n bytes by a value.
func (f *filler) put(n int, what, value string) {
	if strings.ContainsFunc(value, func(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f }) {
		f.fail("the value of %s has a line end or another control character; give it to the machine as a file of its own", what)
	}
	f.take(n)
	f.out.WriteString(value)
}

func (f *filler) fail(format string, args ...any) {
	f.errs = append(f.errs, &Error{Name: f.name, Line: f.line, Column: f.column, Text: fmt.Sprintf(format, args...)})
}

// leading is how long the name is that a text begins with; 0: none.
func leading(text string) int {
	n := 0
	for n < len(text) && (text[n] >= 'A' && text[n] <= 'Z' || n > 0 && (text[n] >= '0' && text[n] <= '9' || text[n] == '_')) {
		n++
	}
	if n < len(text) && text[n] >= 'a' && text[n] <= 'z' { // $Name is a name of its own
		return 0
	}
	return n
}

// variable is the name at the beginning of what follows a dollar, and how many
// bytes it has with its braces.
func variable(text string) (name string, size int) {
	inner, braced := strings.CutPrefix(text, "{")
	n := leading(inner)
	switch {
	case n == 0, braced && (n == len(inner) || inner[n] != '}'):
		return "", 0
	case braced:
		return inner[:n], n + 2
	}
	return inner[:n], n
}

func (f *filler) dollar() {
	if strings.HasPrefix(f.rest, "$$") {
		_, size := variable(f.rest[2:])
		if size == 0 {
			f.keep(2)
			return
		}
		f.take(1)
		f.keep(1 + size)
		return
	}
	name, size := variable(f.rest[1:])
	value, known := f.env[name]
	switch {
	case size == 0 && strings.HasPrefix(f.rest, "${"): // ${NAME:-x}
		f.keep(2)
	case size == 0:
		f.keep(1)
	case known:
		f.put(1+size, "$"+name, value)
	case slices.Contains(shells, name):
		f.keep(1 + size)
	default:
		f.fail("the variable $%s is not in the environment; set it, or write $%s for one that is the machine's own", name, f.rest[:1+size])
		f.keep(1 + size)
	}
}

func (f *filler) brace() {
	if strings.HasPrefix(f.rest, "{{") {
		n := leading(f.rest[2:])
		if n > 1 && strings.HasPrefix(f.rest[2+n:], "}}") {
			f.take(1)
			f.keep(n + 2)
			f.take(1)
			return
		}
		f.keep(2)
		return
	}
	n := leading(f.rest[1:])
	if n < 2 || !strings.HasPrefix(f.rest[1+n:], "}") {
		f.keep(1)
		return
	}
	name := f.rest[1 : 1+n]
	value, known := f.words[name]
	if !known {
		f.fail("there is no {%s}; there are %s; write {{%s}} for one that is to stay", name, f.words, name)
		f.keep(n + 2)
		return
	}
	f.put(n+2, "{"+name+"}", value)
}

// String lists the words as a template has them.
func (w Words) String() string {
	var all []string
	for _, name := range slices.Sorted(maps.Keys(w)) {
		all = append(all, "{"+name+"}")
	}
	if len(all) == 0 {
		return "none"
	}
	return strings.Join(all, " ")
}

// shells are variables that a shell or its login sets by itself.
var shells = []string{"BASHPID", "COLUMNS", "EDITOR", "EUID", "FUNCNAME", "HISTFILE", "HOME", "HOSTNAME", "HOSTTYPE", "IFS", "LANG", "LINENO",
	"LINES", "LOGNAME", "MACHTYPE", "OLDPWD", "OPTARG", "OPTIND", "OSTYPE", "PATH", "PIPESTATUS", "PPID", "PWD", "RANDOM", "REPLY",
	"SECONDS", "SHELL", "SHLVL", "TERM", "TMPDIR", "UID", "USER"}
