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
