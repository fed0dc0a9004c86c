package cloud

import (
	"errors"
	"testing"
	"time"
)

// A step's error, told of the whole, is of the same class, with the same way
// out and cause.
func TestErrorWithin(t *testing.T) {
	cause := errors.New("there is no such image")
	step := &Error{Kind: Invalid, Op: "find image", Name: "debian", Hint: "look into the list", RetryAfter: time.Minute, Err: cause}
	whole := step.Within("create", "ocr-1")
	if whole.Op != "create" || whole.Name != "ocr-1" || whole.Kind != Invalid || whole.Hint != step.Hint || whole.RetryAfter != time.Minute || !errors.Is(whole, cause) {
		t.Errorf("%+v", whole)
	}
	if got, want := whole.Err.Error(), `find image "debian": there is no such image`; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	step.Name = "ocr-1"
	if got, want := step.Within("create", "ocr-1").Err.Error(), "find image: there is no such image"; got != want {
		t.Errorf("%s, want %s: one machine is named once", got, want)
	}
	if step.Op != "find image" {
		t.Error("the step's own error has changed")
	}
}

// A person is told the class of an error where it says more than the cause, and
// what it is about only where that is something else.
func TestErrorForPeople(t *testing.T) {
	cause := errors.New("connection refused")
	for _, c := range []struct {
		e         Error
		text, why string
	}{
		{Error{Op: "create", Name: "ocr-1", Err: cause, Hint: "wait"}, `create "ocr-1": connection refused (wait)`, "connection refused"},
		{Error{Op: "create", Name: "ocr-1"}, `create "ocr-1": transient`, "transient"},
		{Error{Kind: Quota, Op: "create", Name: "ocr-1", Err: errors.New("10 of 10.")}, `create "ocr-1": quota: 10 of 10.`, "10 of 10"},
		{Error{Kind: NotFound, Op: "find image", Name: "debian"}, `find image "debian": not_found`, `find image "debian": not found`},
	} {
		if got := c.e.Error(); got != c.text {
			t.Errorf("got %s, want %s", got, c.text)
		}
		if got := c.e.Why("other", "ocr-1"); got != c.why {
			t.Errorf("got %s, want %s", got, c.why)
		}
	}
}
