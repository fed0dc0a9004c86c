package rubber

import (
	"strings"
	"testing"

	"perfmon/scaling/rubber/cloud"
	"perfmon/scaling/rubber/cloud/cloudtest"
)

// TestOneQueueTwoProfiles refuses two profiles of one queue: each would see all
// of its demand, and there would be twice the machines.
func TestOneQueueTwoProfiles(t *testing.T) {
	shop := newShop(cloudtest.NewWorld(cloudtest.Options{}))
	broker := Broker{Source: shop, Workers: shop}
	f := func(second Profile, want string) {
		t.Helper()
		second.Name, second.Cloud = "two", "c"
		_, err := New(Options{
			Owner: "o", Store: NewMemoryStore(), Brokers: map[string]Broker{"a": broker, "b": broker},
			Clouds: map[string]cloud.Cloud{"c": cloudtest.NewWorld(cloudtest.Options{}).Connect()},
			Config: Config{Cap: 1, Profiles: []Profile{{Name: "one", Queue: "q", Broker: "a", Cloud: "c"}, second}},
		})
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%+v: error %v, want %q", second, err, want)
		}
	}
	f(Profile{Queue: "q", Broker: "a"}, `profile "two" has the queue "q" of profile "one"`)
	f(Profile{Queue: "r", Broker: "a"}, "")
	f(Profile{Queue: "q", Broker: "b"}, "")
}
