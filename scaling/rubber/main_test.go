package rubber

import (
	"os"
	"testing"

	"go.uber.org/goleak"
)

// child, if set, makes this program something else than tests: what a test
// starts in order to kill it.
var child func()

const childVariable = "RUBBER_TEST_CHILD"

func TestMain(m *testing.M) {
	if os.Getenv(childVariable) != "" && child != nil {
		child()
		return
	}
	// The server of an engine leaves it to itself to end, some seconds after its own end.
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("github.com/nats-io/nats-server/v2/server.(*stream).setupMirrorConsumer.func3"))
}
