package control

import (
	"fmt"
	"os"
	"testing"

	"go.uber.org/goleak"
)

// sendAs, when set, turns the test binary into a client that sends the word
// in it to the socket named in sendTo: the only way to be another user.
const (
	sendAs = "PERFMON_CONTROL_TEST_SEND"
	sendTo = "PERFMON_CONTROL_TEST_NAME"
)

func TestMain(m *testing.M) {
	if word := os.Getenv(sendAs); word != "" {
		if err := Send(os.Getenv(sendTo), Command(word)); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	goleak.VerifyTestMain(m)
}

// childEnv makes a child of the test binary send word to name. A binary with
// the race detector would sleep a second before it exits.
func childEnv(word, name string) []string {
	return append(os.Environ(), sendAs+"="+word, sendTo+"="+name, "GORACE=atexit_sleep_ms=0")
}
