package hostplugin

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
)

// call is a request as Python's xmlrpc.client writes it.
func call(function string) string {
	return "<?xml version='1.0'?>\n<methodCall>\n<methodName>" + function + "</methodName>\n<params>\n<param>\n" +
		"<value><string>OpaqueRef:1</string></value>\n</param>\n<param>\n<value><struct>\n<member>\n<name>a</name>\n" +
		"<value><string>b</string></value>\n</member>\n</struct></value>\n</param>\n</params>\n</methodCall>\n"
}

const (
	wantSuccess = "<?xml version='1.0'?>\n<methodResponse>\n<params>\n<param>\n<value><struct>\n<member>\n<name>Status</name>\n" +
		"<value><string>Success</string></value>\n</member>\n<member>\n<name>Value</name>\n<value><string>%s</string></value>\n" +
		"</member>\n</struct></value>\n</param>\n</params>\n</methodResponse>\n\n"
	wantFailure = "<?xml version='1.0'?>\n<methodResponse>\n<params>\n<param>\n<value><struct>\n<member>\n<name>Status</name>\n" +
		"<value><string>Failure</string></value>\n</member>\n<member>\n<name>ErrorDescription</name>\n<value><array><data>\n" +
		"<value><string>%s</string></value>\n<value><string>%s</string></value>\n</data></array></value>\n" +
		"</member>\n</struct></value>\n</param>\n</params>\n</methodResponse>\n\n"
)

// recorder notes what is asked for, and fails with err.
type recorder struct {
	asked []string
	err   error
}

func (r *recorder) note(what string) error {
	r.asked = append(r.asked, what)
	return r.err
}

func (r *recorder) actions() Actions {
	return Actions{
		Send:    func(word string) error { return r.note("send " + word) },
		Start:   func() error { return r.note("start") },
		Stop:    func() error { return r.note("stop") },
		Restart: func() error { return r.note("restart") },
		Status:  func() (string, error) { return "active", r.note("status") },
	}
}

func TestFunctions(t *testing.T) {
	broken := errors.New("it broke")
	refused := fmt.Errorf("send: %w", &os.SyscallError{Syscall: "connect", Err: syscall.ECONNREFUSED})
	for _, c := range []struct {
		function string
		err      error
		asked    string
		want     string
	}{
		{"refresh", nil, "send refresh", fmt.Sprintf(wantSuccess, "True")},
		{"debug_mem", nil, "send debug_mem", fmt.Sprintf(wantSuccess, "True")},
		{"refresh", refused, "send refresh", fmt.Sprintf(wantSuccess, "ERROR_111: Connection refused")},
		{"refresh", syscall.EPERM, "send refresh", fmt.Sprintf(wantSuccess, "ERROR_1: Operation not permitted")},
		{"refresh", os.ErrDeadlineExceeded, "send refresh", fmt.Sprintf(wantSuccess, "ERROR_11: Resource temporarily unavailable")},
		{"refresh", broken, "send refresh", fmt.Sprintf(wantSuccess, "ERROR_1: unknown error")},
		{"start", nil, "start", fmt.Sprintf(wantSuccess, "True")},
		{"start", broken, "start", fmt.Sprintf(wantSuccess, "False")},
		{"stop", nil, "stop", fmt.Sprintf(wantSuccess, "True")},
		{"stop", broken, "stop", fmt.Sprintf(wantSuccess, "False")},
		{"restart", nil, "restart", fmt.Sprintf(wantSuccess, "True")},
		{"restart", broken, "restart", fmt.Sprintf(wantSuccess, "False")},
		{"status", nil, "status", fmt.Sprintf(wantSuccess, "active")},
		{"status", broken, "status", fmt.Sprintf(wantFailure, "PERFMON_PLUGIN_FAILED", "it broke")},
		{"reboot", nil, "", fmt.Sprintf(wantFailure, "UNKNOWN_METHOD", "reboot")},
		{"a&lt;b&gt;&amp;&quot;", nil, "", fmt.Sprintf(wantFailure, "UNKNOWN_METHOD", `a&lt;b&gt;&amp;"`)},
	} {
		r := &recorder{err: c.err}
		var out strings.Builder
		if code := Run(call(c.function), r.actions(), &out); code != 0 {
			t.Errorf("%s, %v: exit code %d", c.function, c.err, code)
		}
		if out.String() != c.want {
			t.Errorf("%s, %v: got\n%s\nwant\n%s", c.function, c.err, out.String(), c.want)
		}
		if asked := strings.Join(r.asked, ", "); asked != c.asked {
			t.Errorf("%s: asked for %q, want %q", c.function, asked, c.asked)
		}
	}
}

// TestBadRequests: whatever comes, nothing is done and there is an answer that
// the toolstack can read.
func TestBadRequests(t *testing.T) {
	for _, request := range []string{
		"",
		"--help",
		"refresh",
		"<methodCall>",
		"<methodCall></methodCall>",
		"<methodCall><methodName> </methodName></methodCall>",
		"<methodCall><methodName>refresh</methodName>",
		"<methodResponse><methodName>refresh</methodName></methodResponse>",
		"<methodCall><methodName>refresh</methodName></methodCall><methodCall/>",
		"<methodCall><methodName>refresh</methodName><methodName>stop</methodName></methodCall>",
		"<methodCall><params><methodName>refresh</methodName></params></methodCall>",
		"<methodCall><methodName>" + strings.Repeat("x", maxName+1) + "</methodName></methodCall>",
		"<methodCall>" + strings.Repeat("<a>", maxDepth+1),
		"<methodCall><methodName>refresh</methodName>" + strings.Repeat(" ", maxRequest) + "</methodCall>",
		"\xff\x00<methodCall>",
	} {
		r := &recorder{}
		var out strings.Builder
		if code := Run(request, r.actions(), &out); code != 0 {
			t.Errorf("%.60q: exit code %d", request, code)
		}
		if !strings.Contains(out.String(), "<string>PERFMON_PLUGIN_BAD_REQUEST</string>") {
			t.Errorf("%.60q: got %s", request, out.String())
		}
		if len(r.asked) > 0 {
			t.Errorf("%.60q: asked for %q", request, r.asked)
		}
		if err := wellFormed(out.String()); err != nil {
			t.Errorf("%.60q: the answer is no XML: %v", request, err)
		}
	}
}

func wellFormed(document string) error {
	d := xml.NewDecoder(strings.NewReader(document))
	for {
		if _, err := d.Token(); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
	}
}

// TestPythonReadsIt: the library that clients use reads our answers, and
// writes the same bytes itself.
func TestPythonReadsIt(t *testing.T) {
	python, err := exec.LookPath("python3")
	if err != nil {
		t.Skip("no python3 here: ", err)
	}
	for _, answer := range []string{success("ERROR_111: Connection refused"), failure("UNKNOWN_METHOD", `<a> & "b"`)} {
		cmd := exec.Command(python, "-c", "import sys, xmlrpc.client as x\n"+
			"text = sys.stdin.read()\n(params, _) = x.loads(text)\nsys.stdout.write(x.dumps(params, '', True))")
		cmd.Stdin = strings.NewReader(answer)
		got, err := cmd.CombinedOutput()
		if err != nil || string(got) != answer {
			t.Errorf("got %v:\n%s\nwant\n%s", err, got, answer)
		}
	}
}

func FuzzRun(f *testing.F) {
	f.Add(call("refresh"))
	f.Add(call("a&lt;b"))
	f.Add("<methodCall><methodName>stop</methodName>")
	f.Add("\x00\xff")
	f.Fuzz(func(t *testing.T, request string) {
		var out strings.Builder
		r := &recorder{}
		if code := Run(request, r.actions(), &out); code != 0 {
			t.Fatalf("exit code %d", code)
		}
		if err := wellFormed(out.String()); err != nil {
			t.Fatalf("the answer is no XML: %v\n%s", err, out.String())
		}
		if len(r.asked) > 1 {
			t.Fatalf("asked for %q", r.asked)
		}
	})
}
