package journal

import (
	"bytes"
	"math"
	"reflect"
	"testing"

	"github.com/google/go-cmp/cmp"

	"perfmon/alarm"
)

// fullEvent has a value of its own in every field, whatever fields there are.
func fullEvent(t testing.TB) *alarm.Event {
	e := &alarm.Event{}
	n := 0
	var fillIn func(v reflect.Value)
	fillIn = func(v reflect.Value) {
		n++
		switch v.Kind() {
		case reflect.Struct:
			for i := range v.NumField() {
				fillIn(v.Field(i))
			}
		case reflect.String:
			v.SetString("text " + string(rune('a'+n)))
		case reflect.Int64:
			v.SetInt(int64(n) - 20)
		case reflect.Float64:
			v.SetFloat(float64(n) / 7)
		case reflect.Bool:
			v.SetBool(true)
		case reflect.Map:
			v.Set(reflect.ValueOf(map[string]string{"a": "1", "b": ""}))
		default:
			t.Fatalf("alarm.Event has a field of type %v: encode it, and fill it in here", v.Type())
		}
	}
	fillIn(reflect.ValueOf(e).Elem())
	return e
}

// TestEventFields fails when alarm.Event gets a field that is not encoded.
func TestEventFields(t *testing.T) {
	f := func(e *alarm.Event) {
		t.Helper()
		got, err := decodeEvent(appendEvent(nil, e))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(e, got); diff != "" {
			t.Errorf("decoded (-want +got):\n%s", diff)
		}
	}
	f(fullEvent(t))
	f(&alarm.Event{})
	f(event(alarm.KindRaised, 1))
	f(&alarm.Event{Value: math.Inf(-1), Level: math.Copysign(0, -1), Time: math.MinInt64, Since: math.MaxInt64})
	// One flag at a time.
	f(&alarm.Event{Known: true})
	f(&alarm.Event{Low: true})
	f(&alarm.Event{Inhibited: true})
	f(&alarm.Event{Silenced: true})
}

func TestEventFormat(t *testing.T) {
	e := &alarm.Event{ID: alarm.ID{Class: "vm"}, Sequence: 1, Value: 1, Known: true, Silenced: true, Labels: map[string]string{"k": "v"}}
	want := "\x01" + "\x02vm" + "\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00" +
		"\x02\x00\x00\x00\x00\x00\x00" + "\x00\x00\x00\x00\x00\x00\xf0\x3f" + "\x00\x00\x00\x00\x00\x00\x00\x00" + "\x09" + "\x01\x01k\x01v"
	if got := string(appendEvent(nil, e)); got != want {
		t.Errorf("encoded as %q, want %q: what agents have on their disks is as wanted here, so give another form another version", got, want)
	}
}

func TestDecodeEventFailure(t *testing.T) {
	whole := appendEvent(nil, fullEvent(t))
	for n := range whole {
		if e, err := decodeEvent(whole[:n]); err == nil {
			t.Errorf("the first %d bytes of %d are %+v", n, len(whole), e)
		}
	}
	f := func(b []byte) {
		t.Helper()
		if e, err := decodeEvent(b); err == nil {
			t.Errorf("%q is %+v", b, e)
		}
	}
	f(append(bytes.Clone(whole), 0))
	f(append([]byte{2}, whole[1:]...))
	f([]byte{1, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01})
}

func FuzzDecodeEvent(f *testing.F) {
	f.Add(appendEvent(nil, fullEvent(f)))
	f.Add(appendEvent(nil, event(alarm.KindCleared, 7)))
	f.Add(appendEvent(nil, &alarm.Event{}))
	f.Fuzz(func(t *testing.T, b []byte) {
		e, err := decodeEvent(b)
		if err != nil {
			return
		}
		again, err := decodeEvent(appendEvent(nil, e))
		if err != nil {
			t.Fatal(err)
		}
		if math.IsNaN(e.Value) || math.IsNaN(e.Level) {
			return
		}
		if diff := cmp.Diff(e, again); diff != "" {
			t.Errorf("decoded, encoded and decoded again:\n%s", diff)
		}
	})
}

func TestStateKey(t *testing.T) {
	f := func(id alarm.ID) {
		t.Helper()
		if got, err := parseStateKey(stateKey(id)); err != nil || got != id {
			t.Errorf("%q came back as %q, %v", id, got, err)
		}
	}
	f(vm(1, "cpu_usage"))
	f(alarm.ID{})
	f(alarm.ID{Class: "a", UUID: "b\x00/", Variable: "\xff\x01/\n"})
	if _, err := parseStateKey("\x05vm"); err == nil {
		t.Error("a key that is cut short was taken")
	}
}
