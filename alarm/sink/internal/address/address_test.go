package address

import (
	"strings"
	"testing"
)

func TestParse(t *testing.T) {
	for _, raw := range []string{"http://a", "https://a:1/b?c", "https://u:p@[::1]:9/"} {
		if u, err := Parse(raw, "/path", "http", "https"); err != nil || u.String() != raw {
			t.Errorf("%q: %v, %v", raw, u, err)
		}
	}
	for _, raw := range []string{"", "hunter2", "hunter2:80", "ftp://hunter2", "http:///hunter2", "http://:80/hunter2", "http://u:hunter2@a b", "//hunter2/"} {
		_, err := Parse(raw, "/path", "http", "https")
		if err == nil || err.Error() != "not of the form http://host:port/path or https://host:port/path" {
			t.Errorf("%q: %v", raw, err)
		}
	}
	if _, err := Parse("http://a", "", "nats"); err == nil || !strings.HasSuffix(err.Error(), " nats://host:port") {
		t.Errorf("one scheme only: %v", err)
	}
}
