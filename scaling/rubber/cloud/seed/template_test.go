package seed

import (
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"
)

func TestFill(t *testing.T) {
	words := Words{"QUEUE_NAME": "jobs", "NAME": "w-1"}
	env := map[string]string{"AMQP_HOST": "broker", "LANG": "de", "X": "x", "EMPTY": "", "ODD": "$X {NAME} $$"}
	f := func(text, want string) {
		t.Helper()
		got, err := Fill("t", text, words, env)
		if err != nil || got != want {
			t.Errorf("%q: %q, %v; want %q", text, got, err, want)
		}
	}
	// What is replaced.
	f("queue={QUEUE_NAME}, name={NAME}{NAME}", "queue=jobs, name=w-1w-1")
	f("amqp://$AMQP_HOST:5672/ ${AMQP_HOST}x $X$X $EMPTY.", "amqp://broker:5672/ brokerx xx .")
	f("$LANG", "de")
	f("$ODD", "$X {NAME} $$") // once, and not again
	// What stays.
	for _, text := range []string{
		"", "plain", "{}", "{ }", "{", "}", "{a}", `{"a": {"B": 1}}`, "{A}", "{QUEUE NAME}", "{QUEUE_NAME", "{queue_name}", "{QueueName}",
		"{{ ds.meta_data.uuid }}", "{% if A %}", "${f%.*}", "${NAME:-x}", "${#NAME}", "${!NAME}", "$", "$ A", "$1 $? $# $@ $* $! $- $_ $0", "$(date)", "$((1+2))",
		"$name $Name ${name}", "/tmp/x.$$", "$$", "$$$", "echo $HOME $PATH ${RANDOM}", "100 %", "{,}", "awk '{print $1}'", "ü{ö}€$",
	} {
		f(text, text)
	}
	// What is doubled.
	f("$$AMQP_HOST $${AMQP_HOST} $$PATH {{QUEUE_NAME}} {{ANY_OTHER}}", "$AMQP_HOST ${AMQP_HOST} $PATH {QUEUE_NAME} {ANY_OTHER}")
	f("{{{NAME}}}", "{{w-1}}")
	f("{{a}} {{", "{{a}} {{")
}

func TestFillSaysWhatIsNotKnownAndWhere(t *testing.T) {
	f := func(text string, want ...string) {
		t.Helper()
		_, err := Fill("worker.yaml", text, Words{"NAME": "w", "QUEUE_NAME": "q\nz"}, map[string]string{"BAD": "a\nb"})
		if err == nil {
			t.Errorf("%q: no error", text)
			return
		}
		lines := strings.Split(err.Error(), "\n")
		if len(lines) != len(want) {
			t.Errorf("%q: %v", text, err)
		}
		for n := range min(len(lines), len(want)) {
			if !strings.HasPrefix(lines[n], want[n]) {
				t.Errorf("%q: %q, want %q", text, lines[n], want[n])
			}
		}
		var e *Error
		if !errors.As(err, &e) || e.Name != "worker.yaml" {
			t.Errorf("%q: not an *Error: %v", text, err)
		}
	}
	f("$AMQP_HOST", "worker.yaml:1:1: the variable $AMQP_HOST is not in the environment; set it, or write $$AMQP_HOST for")
	f("a\n é ${AMQP_HOST}", "worker.yaml:2:4: the variable $AMQP_HOST is not in the environment; set it, or write $${AMQP_HOST} for")
	f("\n\nab{QUEUE}", "worker.yaml:3:3: there is no {QUEUE}; there are {NAME} {QUEUE_NAME}; write {{QUEUE}} for")
	f("{ONE} {NAME} $TWO", "worker.yaml:1:1: there is no {ONE}", "worker.yaml:1:14: the variable $TWO")
	f("x $BAD", "worker.yaml:1:3: the value of $BAD has a line end")
	f("x {QUEUE_NAME}", "worker.yaml:1:3: the value of {QUEUE_NAME} has a line end")
	f(strings.Repeat("$NO", 12), append(slices.Repeat([]string{"worker.yaml:1:"}, 10), "worker.yaml: and 2 more")...)
}

func FuzzFill(f *testing.F) {
	for _, s := range []string{"{NAME}", "${NAME}", "$$NAME", "{{NAME}}", "$NAME{", "é${", "$$${NAME}{{{NAME}}}"} {
		f.Add(s)
	}
	words, env := Words{"NAME": "v"}, map[string]string{"NAME": "v"}
	f.Fuzz(func(t *testing.T, text string) {
		got, err := Fill("t", text, words, env)
		if !strings.ContainsAny(text, "${") && (got != text || err != nil) {
			t.Errorf("%q: %q, %v", text, got, err)
		}
		// What nothing is known of stays, but for what is doubled.
		same := maps.Clone(env)
		clear(same)
		if got, _ := Fill("t", text, nil, same); !strings.Contains(text, "$$") && !strings.Contains(text, "{{") && got != text {
			t.Errorf("%q without anything to fill in: %q", text, got)
		}
	})
}
