package xapi

import (
	"encoding/json"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/google/go-cmp/cmp"
)

func decodeString(r io.Reader, limit int64) (string, error) {
	var s string
	err := decodeReply(&replyReader{r: r, limit: limit}, 7, into(&s))
	return s, err
}

func TestDecodeReply(t *testing.T) {
	ok := func(reply, want string) {
		t.Helper()
		for _, r := range []io.Reader{strings.NewReader(reply), iotest.OneByteReader(strings.NewReader(reply))} {
			if got, err := decodeString(r, 1<<20); err != nil || got != want {
				t.Errorf("%s: %q, %v; want %q", reply, got, err, want)
			}
		}
	}
	ok(`{"jsonrpc":"2.0","result":"x","id":7}`, "x")
	ok(`{"jsonrpc":"2.0","result":"x","id":"7"}`, "x")
	ok(`{"result":"x","error":null,"id":7}`, "x")
	ok(`{"error":null,"result":"x","id":null}`, "x")
	ok(`{"result":null,"id":7}`, "")
	ok(`{"result":"","id":7}`+"\n", "")
	ok(`{"id":7,"more":{"a":[1,{"b":null}]},"result":"x"}`, "x")

	failure := func(reply string, want Error) {
		t.Helper()
		_, err := decodeString(strings.NewReader(reply), 1<<20)
		var got *Error
		if !errors.As(err, &got) {
			t.Fatalf("%s: %v is no *Error", reply, err)
		}
		if d := cmp.Diff(want, *got); d != "" {
			t.Errorf("%s: %s", reply, d)
		}
	}
	failure(`{"jsonrpc":"2.0","error":{"code":1,"message":"A","data":["b","c"]},"id":7}`, Error{"A", []string{"b", "c"}})
	failure(`{"error":{"code":"1","message":"A","data":[1,null]},"id":7}`, Error{"A", []string{"1", "<nil>"}})
	failure(`{"error":{"message":"A","data":"b"},"id":7}`, Error{"A", []string{"b"}})
	failure(`{"error":{"message":"A"},"id":7}`, Error{Code: "A"})
	failure(`{"result":null,"error":["A","b"],"id":"7"}`, Error{"A", []string{"b"}})
	failure(`{"jsonrpc":"2.0","error":["HOST_STILL_BOOTING"],"id":0}`, Error{"HOST_STILL_BOOTING", []string{}})
	failure(`{"result":{"odd":1},"error":["A"],"id":"7"}`, Error{"A", []string{}})

	bad := func(reply string) {
		t.Helper()
		_, err := decodeString(strings.NewReader(reply), 1<<20)
		var got *ReplyError
		if !errors.As(err, &got) {
			t.Errorf("%s: %v is no *ReplyError", reply, err)
		}
	}
	bad(``)
	bad(`[]`)
	bad(`null`)
	bad(`{}`)
	bad(`{"result":"x"`)
	bad(`{"result":"x",}`)
	bad(`{"result":"x","id":8}`)
	bad(`{"result":"x","id":"x"}`)
	bad(`{"result":"x","error":{}}`)
	bad(`{"result":"x","error":[]}`)
	bad(`{"result":"x","error":7}`)
	bad(`{"result":3}`)
	bad(`{"result":` + strings.Repeat("[", 20000) + `}`)
}

func TestReplyIsReadUpToItsLimit(t *testing.T) {
	reply := `{"result":"` + strings.Repeat("x", 100) + `"}`
	size := int64(len(reply))
	if _, err := decodeString(strings.NewReader(reply), size); err != nil {
		t.Errorf("as large as the limit: %v", err)
	}
	if _, err := decodeString(strings.NewReader(reply), size-1); !errors.Is(err, ErrTooLarge) {
		t.Errorf("one byte more than the limit: %v", err)
	}
}

func TestInt(t *testing.T) {
	for raw, want := range map[string]Int{
		`"3"`: 3, `3`: 3, `"-1"`: -1, `"9223372036854775807"`: 1<<63 - 1, `null`: 0, `""`: 0,
	} {
		var got Int
		if err := json.Unmarshal([]byte(raw), &got); err != nil || got != want {
			t.Errorf("%s = %d, %v; want %d", raw, got, err, want)
		}
	}
	for _, raw := range []string{`"x"`, `1.5`, `"9223372036854775808"`, `true`, `{}`} {
		var got Int
		if err := json.Unmarshal([]byte(raw), &got); err == nil {
			t.Errorf("%s = %d, want an error", raw, got)
		}
	}
}

func TestParseTime(t *testing.T) {
	want := time.Date(2025, 10, 7, 11, 30, 26, 0, time.UTC)
	for _, s := range []string{"20251007T11:30:26Z", "2025-10-07T11:30:26Z", "2025-10-07T13:30:26+02:00", "20251007T11:30:26"} {
		if got, err := parseTime(s); err != nil || !got.Equal(want) {
			t.Errorf("%s = %v, %v", s, got, err)
		}
	}
	if _, err := parseTime("yesterday"); err == nil {
		t.Error("no error")
	}
}

func FuzzDecodeReply(f *testing.F) {
	f.Add(`{"jsonrpc":"2.0","result":"x","id":7}`)
	f.Add(`{"error":{"code":1,"message":"A","data":["b"]},"id":"7"}`)
	f.Add(`{"result":null,"error":["A","b"],"id":"7"}`)
	f.Add(`<html>`)
	f.Fuzz(func(t *testing.T, reply string) {
		_, err := decodeString(strings.NewReader(reply), 1<<16)
		var failure *Error
		var bad *ReplyError
		if err != nil && !errors.As(err, &failure) && !errors.As(err, &bad) {
			t.Errorf("%q: unclassified %v", reply, err)
		}
	})
}
