//go:build system

package packages

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strconv"
	"testing"
)

// standInEnv makes the test binary, copied into the guest, one of the programs
// that the tests need there.
const standInEnv = "PERFMON_STAND_IN"

func TestMain(m *testing.M) {
	var err error
	switch os.Getenv(standInEnv) {
	case "":
		os.Exit(m.Run())
	case "stock":
		err = stock()
	case "receiver":
		err = receiver()
	default:
		err = fmt.Errorf("no stand-in %q", os.Getenv(standInEnv))
	}
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}

// stock holds what the stock daemon holds: the command socket and the pid
// file.
func stock() error {
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Net: "unixgram", Name: "@perfmon"})
	if err != nil {
		return err
	}
	if err := os.WriteFile("/var/run/perfmon.pid", []byte(strconv.Itoa(os.Getpid())), 0o644); err != nil {
		return err
	}
	for buf := make([]byte, 256); ; {
		if _, err := conn.Read(buf); err != nil {
			return err
		}
	}
}

// eventsFile has a line for each event that the receiver has got.
const eventsFile = "/root/events"

// receiver is a webhook.
func receiver() error {
	return http.ListenAndServe("127.0.0.1:9000", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(io.LimitReader(r.Body, 1<<20))
		if err != nil {
			return
		}
		f, err := os.OpenFile(eventsFile, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		defer f.Close()
		fmt.Fprintf(f, "%s\n", body)
	}))
}
