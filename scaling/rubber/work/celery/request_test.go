package celery

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

func TestAnswers(t *testing.T) {
	f := func(what string, parse func(answer []byte) (any, error), body, want string) {
		t.Helper()
		worker, answer, err := parseAnswer([]byte(`{"worker@vm-a": ` + body + `}`))
		if err != nil || worker != "worker@vm-a" {
			t.Errorf("%s: %q, %v", what, worker, err)
			return
		}
		got, err := parse(answer)
		text := fmt.Sprint(got)
		if err != nil {
			text = "error"
		}
		if text != want {
			t.Errorf("%s: %s: %v, %v", what, body, got, err)
		}
	}
	done := func(b []byte) (any, error) {
		refused, err := parseDone(b)
		return refused, err
	}
	count := func(b []byte) (any, error) { return first(parseCount(b)) }
	queues := func(b []byte) (any, error) { return first(parseQueues(b)) }
	slots := func(b []byte) (any, error) {
		n, pid, err := parseSlots(b)
		return fmt.Sprint(n, " of ", pid), err
	}
	f("done", done, `{"ok": "no longer consuming from q"}`, "")
	f("done", done, `{"error": "KeyError('q')"}`, `"KeyError('q')"`)
	f("done", done, `{}`, "error")
	f("done", done, `null`, "error")
	f("done", done, `[]`, "error")
	f("count", count, `[]`, "0")
	f("count", count, `[{"id":"a","args":[1]},{"id":"b"}]`, "2")
	f("count", count, `null`, "error")
	f("count", count, `{}`, "error")
	f("queues", queues, `[{"name":"q","exchange":{"name":"q"}},{"name":"p"},{"name":"q"}]`, "[p q]")
	f("queues", queues, `[]`, "[]")
	f("queues", queues, `null`, "error")
	f("queues", queues, `[{}]`, "error")
	f("queues", queues, `[{"name":"`+strings.Repeat("q", 256)+`"}]`, "error")
	f("slots", slots, `{"pool":{"max-concurrency":4,"processes":[1]},"pid":77}`, "4 of 77")
	f("slots", slots, `{"pool":{"max-concurrency":2},"autoscaler":{"current":2,"max":8,"min":2}}`, "8 of 0")
	f("slots", slots, `{"pool":{"max-concurrency":0}}`, "error")
	f("slots", slots, `{"pool":{"max-concurrency":"4"}}`, "error")
	f("slots", slots, `{"pool":{"max-concurrency":99999999}}`, "error")
	f("slots", slots, `{}`, "error")
	f("slots", slots, `[]`, "error")

	for _, body := range []string{"", "[]", "null", "{}", `{"a":1,"b":2}`, `{"":1}`, `{"a\u0007":1}`} {
		if worker, _, err := parseAnswer([]byte(body)); err == nil {
			t.Errorf("%q is of %q", body, worker)
		}
	}
}

func first[T any](v T, err error) (T, error) { return v, err }

func FuzzAnswers(f *testing.F) {
	for _, body := range []string{`{"a":{"ok":1}}`, `{"a":[{"name":"q"}]}`, `{"a":{"pool":{"max-concurrency":4},"pid":7}}`, `{"a":null}`} {
		f.Add([]byte(body))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		worker, answer, err := parseAnswer(body)
		if err != nil {
			return
		}
		if !isName(worker) {
			t.Errorf("worker %q", worker)
		}
		if n, err := parseCount(answer); err == nil && n < 0 {
			t.Error(n)
		}
		if queues, err := parseQueues(answer); err == nil && queues == nil {
			t.Error("no queues, and no error")
		}
		if n, _, err := parseSlots(answer); err == nil && (n < 1 || n > maxSlots) {
			t.Error(n)
		}
		_, _ = parseDone(answer)
	})
}

func TestRequest(t *testing.T) {
	s := &session{w: &Workers{o: Options{PidboxExchange: "celery.pidbox"}}, answers: "mine"}
	j, err := s.request(t.Context(), "cancel_consumer", map[string]any{"queue": "q"}, []string{"worker@vm-a"}, "6f0c")
	if err != nil {
		t.Fatal(err)
	}
	want := `{"method":"cancel_consumer","arguments":{"queue":"q"},"destination":["worker@vm-a"],"pattern":null,"matcher":null,"ticket":"6f0c","reply_to":{"exchange":"","routing_key":"mine"}}`
	if got := string(j.message.Body); got != want || j.exchange != "celery.pidbox" || j.key != "" || j.message.ContentType != "application/json" || j.message.ContentEncoding != "utf-8" {
		t.Errorf("%+v: %s", j, got)
	}
	if j, err = s.request(t.Context(), "shutdown", nil, []string{"a"}, ""); err != nil || strings.Contains(string(j.message.Body), "reply_to") {
		t.Errorf("%s, %v", j.message.Body, err)
	}
	var doc map[string]json.RawMessage
	if err := json.Unmarshal(j.message.Body, &doc); err != nil || string(doc["arguments"]) != "{}" {
		t.Errorf("%s, %v", j.message.Body, err)
	}
}
