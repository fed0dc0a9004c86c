package seed

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/mail"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"
)

// got is a part as it is read back.
type got struct{ Name, Type, Encoding, Merge, Content string }

// readBack takes user data of several parts apart.
func readBack(t *testing.T, data []byte) []got {
	t.Helper()
	m, err := mail.ReadMessage(bytes.NewReader(data))
	if err != nil {
		t.Fatalf("%v in %q", err, data)
	}
	kind, params, err := mime.ParseMediaType(m.Header.Get("Content-Type"))
	if err != nil || kind != "multipart/mixed" || m.Header.Get("MIME-Version") != "1.0" {
		t.Fatalf("%q, %v, headers %v", kind, err, m.Header)
	}
	var all []got
	for r := multipart.NewReader(m.Body, params["boundary"]); ; {
		p, err := r.NextRawPart()
		if err == io.EOF {
			return all
		}
		if err != nil {
			t.Fatal(err)
		}
		kind, params, err := mime.ParseMediaType(p.Header.Get("Content-Type"))
		if err != nil || params["charset"] != "utf-8" {
			t.Errorf("type %q, %v", p.Header.Get("Content-Type"), err)
		}
		content, err := io.ReadAll(p)
		if err != nil {
			t.Fatal(err)
		}
		g := got{Name: p.FileName(), Type: kind, Encoding: p.Header.Get("Content-Transfer-Encoding"), Merge: p.Header.Get("Merge-Type")}
		if g.Encoding == "base64" {
			for line := range strings.Lines(string(content)) {
				if len(line) > 78 {
					t.Errorf("a line of %d characters", len(line))
				}
			}
			if content, err = base64.StdEncoding.DecodeString(strings.ReplaceAll(string(content), "\r\n", "")); err != nil {
				t.Fatal(err)
			}
		}
		g.Content = string(content)
		all = append(all, g)
	}
}

func mustMake(t *testing.T, r *Recipe) []byte {
	t.Helper()
	data, err := r.Make(Words{"QUEUE_NAME": "jobs"}, map[string]string{"AMQP_HOST": "broker"})
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestOnePartIsAsItIs(t *testing.T) {
	r := &Recipe{Parts: []Part{{Content: []byte("#cloud-config\nq: {QUEUE_NAME}\nh: $AMQP_HOST\n"), Fill: true}}}
	if data := mustMake(t, r); string(data) != "#cloud-config\nq: jobs\nh: broker\n" {
		t.Errorf("%q", data)
	}
	if string(r.Parts[0].Content) != "#cloud-config\nq: {QUEUE_NAME}\nh: $AMQP_HOST\n" {
		t.Errorf("the recipe has become %q", r.Parts[0].Content)
	}
	if data := mustMake(t, &Recipe{}); data != nil {
		t.Errorf("of nothing: %q", data)
	}
	verbatim := "#!/bin/sh\necho $AMQP_HOST {QUEUE_NAME}\n"
	if data := mustMake(t, &Recipe{Parts: []Part{{Content: []byte(verbatim)}}}); string(data) != verbatim {
		t.Errorf("%q", data)
	}
}

func TestSeveralParts(t *testing.T) {
	long := "#!/bin/sh\n# " + strings.Repeat("x", 2000) + "\n"
	r := &Recipe{
		Parts: []Part{
			{Name: "base.yaml", Content: []byte("#cloud-config\nruncmd: [a]\n")},
			{Content: []byte("#!/bin/sh\necho {QUEUE_NAME}"), Fill: true},
			{Type: "text/x-not-multipart", Content: []byte("grüße\r\n")},
			{Content: []byte(long)},
			{Content: []byte("## template: jinja\n#cloud-config\n{}")},
		},
		Files: []File{{Path: "/etc/q", Content: []byte("q={QUEUE_NAME}\n"), Fill: true}},
	}
	data := mustMake(t, r)
	want := []got{
		{"base.yaml", "text/cloud-config", "7bit", "", "#cloud-config\nruncmd: [a]\n"},
		{"part-002", "text/x-shellscript", "7bit", "", "#!/bin/sh\necho jobs"},
		{"part-003", "text/x-not-multipart", "base64", "", "grüße\r\n"},
		{"part-004", "text/x-shellscript", "base64", "", long},
		{"part-005", "text/jinja2", "7bit", "", "## template: jinja\n#cloud-config\n{}"},
		{"files.yaml", "text/cloud-config", "7bit", appendLists, "#cloud-config\nwrite_files:\n- path: \"/etc/q\"\n  permissions: \"0644\"\n  content: |\n    q=jobs\n"},
	}
	if diff := cmp.Diff(want, readBack(t, data)); diff != "" {
		t.Error(diff)
	}
	if again := mustMake(t, r); !bytes.Equal(again, data) {
		t.Error("the same recipe makes other bytes")
	}
	r.Parts[0].Content = []byte("#cloud-config\nruncmd: [b]\n")
	if other := mustMake(t, r); bytes.Equal(other[:100], data[:100]) {
		t.Error("other parts have the same boundary")
	}
}

func TestFiles(t *testing.T) {
	binary := []byte{0, 1, 0xff}
	data := mustMake(t, &Recipe{Files: []File{
		{Path: "/a", Content: []byte("  two\n\n\tlines ")},
		{Path: "/b c", Content: binary, Mode: 0o600, Owner: "celery:celery"},
		{Path: "/d", Content: []byte("é")},
		{Path: "/e"},
		{Path: "/f", Content: []byte("yes"), Mode: 0o4},
		{Path: "/g", Content: []byte("a\r\nb")},
	}})
	var read struct {
		WriteFiles []map[string]any `yaml:"write_files"`
	}
	if err := yaml.Unmarshal(data, &read); err != nil || !bytes.HasPrefix(data, []byte("#cloud-config\n")) {
		t.Fatalf("%v in %s", err, data)
	}
	want := []map[string]any{
		{"path": "/a", "permissions": "0644", "content": "  two\n\n\tlines "},
		{"path": "/b c", "permissions": "0600", "owner": "celery:celery", "encoding": "b64", "content": "AAH/"},
		{"path": "/d", "permissions": "0644", "encoding": "b64", "content": "w6k="},
		{"path": "/e", "permissions": "0644", "content": ""},
		{"path": "/f", "permissions": "0004", "content": "yes"},
		{"path": "/g", "permissions": "0644", "encoding": "b64", "content": "YQ0KYg=="},
	}
	if diff := cmp.Diff(want, read.WriteFiles); diff != "" {
		t.Error(diff)
	}
}

func TestRecipesThatAreWrong(t *testing.T) {
	f := func(want string, r Recipe) {
		t.Helper()
		data, err := r.Make(Words{}, nil)
		if err == nil || !strings.Contains(err.Error(), want) || data != nil {
			t.Errorf("%q, %v; want %q", data, err, want)
		}
	}
	file := func(f File) Recipe { return Recipe{Files: []File{f}} }
	f("not absolute", file(File{Path: "etc/x"}))
	f("no . and ..", file(File{Path: "/etc/../x"}))
	f("no . and ..", file(File{Path: "/etc/"}))
	f("that of a file", file(File{Path: "/"}))
	f("control character", file(File{Path: "/a\nb"}))
	f("its mode is 010000", file(File{Path: "/a", Mode: 0o10000}))
	f("its owner", file(File{Path: "/a", Owner: "a b"}))
	f("there twice", Recipe{Files: []File{{Path: "/a"}, {Path: "/a"}}})
	f(`its first line, "hello", does not say`, Recipe{Parts: []Part{{Content: []byte("hello\nyou")}}})
	f(`part "x": its first line`, Recipe{Parts: []Part{{Content: []byte("#!")}, {Name: "x"}}})
	f("not one such as", Recipe{Parts: []Part{{Type: "cloud-config"}}})
	f("not one such as", Recipe{Parts: []Part{{Type: "text/x; a=b"}}})
	f("printable ASCII", Recipe{Parts: []Part{{Name: "a\"b", Content: []byte("#!")}}})
	f("/a:1:1: the variable $NO_SUCH", file(File{Path: "/a", Fill: true, Content: []byte("$NO_SUCH")}))
	f("part-001:1:3: there is no {NO_SUCH}; there are none", Recipe{Parts: []Part{{Fill: true, Content: []byte("#!{NO_SUCH}")}}})
}

func TestLimitAndGzip(t *testing.T) {
	text := []byte("#!/bin/sh\n" + strings.Repeat("echo hello\n", 10_000))
	r := &Recipe{Parts: []Part{{Content: []byte("#cloud-config\n")}, {Name: "long.sh", Content: text}}, Limit: NovaLimit}
	_, err := r.Make(nil, nil)
	if err == nil || !strings.Contains(err.Error(), "may have 49149") || !strings.Contains(err.Error(), `"long.sh", has 110010; write gzip: true`) {
		t.Errorf("%v", err)
	}
	r.Gzip = true
	data, err := r.Make(nil, nil)
	if err != nil || len(data) > NovaLimit {
		t.Fatalf("%d bytes, %v", len(data), err)
	}
	if again, _ := r.Make(nil, nil); !bytes.Equal(again, data) {
		t.Error("the same recipe makes other bytes")
	}
	z, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	plain, err := io.ReadAll(z)
	if err != nil || !z.ModTime.IsZero() {
		t.Fatalf("%v, %v", err, z.ModTime)
	}
	if parts := readBack(t, plain); len(parts) != 2 || parts[1].Content != string(text) {
		t.Errorf("%d parts", len(parts))
	}
	r.Limit = 100
	if _, err := r.Make(nil, nil); err == nil || !strings.Contains(err.Error(), "compressed user data") || !strings.Contains(err.Error(), "fetch something") {
		t.Errorf("%v", err)
	}
	exact := &Recipe{Parts: []Part{{Content: []byte("#!" + strings.Repeat("x", NovaLimit-2))}}, Limit: NovaLimit}
	if data, err := exact.Make(nil, nil); err != nil || base64.StdEncoding.EncodedLen(len(data)) > 65535 {
		t.Errorf("at the limit: %v", err)
	}
	exact.Parts[0].Content = append(exact.Parts[0].Content, 'x')
	if _, err := exact.Make(nil, nil); err == nil {
		t.Error("over the limit by one: no error")
	}
}

func TestInFrontAndParseExtra(t *testing.T) {
	if got := InFront("body\n", "A", "B"); got != "B\nA\nbody\n" {
		t.Errorf("%q", got)
	}
	f := func(entry, want string) {
		t.Helper()
		path, kind, err := ParseExtra(entry)
		if got := fmt.Sprint(path, "|", kind); (err != nil) != (want == "") || err == nil && got != want {
			t.Errorf("%q: %q, %v", entry, got, err)
		}
	}
	f("setup.sh : x-shellscript", "setup.sh|text/x-shellscript")
	f("/a:cloud-config", "/a|text/cloud-config")
	f("setup.sh", "")
	f(" : x", "")
	f("a :", "")
	f("a : b c", "")
}

func FuzzFilesReadBack(f *testing.F) {
	for _, s := range []string{"", "a\n", " a", "a ", "\ta", "- x", "|", "\n\n", "yes", "0644", "a: b", "#", "'\"", "a\n ", "\x7f", "\xff", "%YAML", "---\n...\n"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, content []byte) {
		p, err := filesPart([]File{{Path: "/a", Content: content}})
		if err != nil {
			t.Fatal(err)
		}
		var read struct {
			Files []struct{ Content, Encoding string } `yaml:"write_files"`
		}
		if err := yaml.Unmarshal(p.Content, &read); err != nil {
			t.Fatalf("%v in %q", err, p.Content)
		}
		back := []byte(read.Files[0].Content)
		if read.Files[0].Encoding == "b64" {
			if back, err = base64.StdEncoding.DecodeString(read.Files[0].Content); err != nil {
				t.Fatal(err)
			}
		}
		if !bytes.Equal(back, content) {
			t.Errorf("%q comes back as %q", content, back)
		}
	})
}
