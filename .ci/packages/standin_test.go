//go:build system

package packages

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
)

// standInEnv makes the test binary, copied into the guest, one of the programs
// that the tests need there.
const standInEnv = "PERFMON_STAND_IN"

func TestMain(m *testing.M) {
	var err error
	switch os.Getenv(standInEnv) {
	case "":
		if builds, err = os.MkdirTemp("", "perfmon-packages-"); err == nil {
			code := m.Run()
			_ = os.RemoveAll(builds) // what is left is in the way of nobody
			os.Exit(code)
		}
	case "stock":
		err = stock()
	case "receiver":
		err = receiver()
	case "dispatcher":
		err = dispatcher()
	case "squatter":
		err = squatter()
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

// dispatcherSecret is what the dispatcher wants to be shown.
const dispatcherSecret = "Bearer of the guest"

// dispatcher is a program with a queue in which nothing waits, and whose workers
// are the processes of this machine that rubber has named. They say nothing of
// themselves, so it looks.
func dispatcher() error {
	var mu sync.Mutex
	heard := map[string]bool{} // of those: takes nothing more from the queue
	mux := http.NewServeMux()
	mux.HandleFunc("GET /depth", func(w http.ResponseWriter, _ *http.Request) {
		io.WriteString(w, `{"ready": 0, "unacked": 0, "consumers": 0}`)
	})
	mux.HandleFunc("GET /workers", func(w http.ResponseWriter, _ *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		all := []dispatched{}
		for name, pid := range rubberWorkers() {
			one := dispatched{Name: name, Process: pid, Queues: []string{"mail"}, Slots: 1}
			if heard[name] {
				one.Queues = []string{}
			}
			all = append(all, one)
		}
		_ = json.NewEncoder(w).Encode(map[string]any{"complete": true, "workers": all}) // to who has gone
	})
	mux.HandleFunc("POST /workers", func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		var order struct{ Command, Worker string }
		if err := json.NewDecoder(r.Body).Decode(&order); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		pid, ok := rubberWorkers()[order.Worker]
		switch {
		case !ok:
			http.NotFound(w, r)
		case order.Command == "shutdown":
			_ = syscall.Kill(pid, syscall.SIGTERM) // it may have ended meanwhile
		default:
			heard[order.Worker] = order.Command == "cancel"
		}
	})
	return http.ListenAndServe("127.0.0.1:9100", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != dispatcherSecret {
			http.Error(w, "who is that?", http.StatusForbidden)
			return
		}
		mux.ServeHTTP(w, r)
	}))
}

// dispatched is one of the list of workers.
type dispatched struct {
	Name     string   `json:"name"`
	Process  int      `json:"process"`
	Seen     float64  `json:"seen_seconds"`
	Queues   []string `json:"queues"`
	Slots    int      `json:"slots"`
	Active   int      `json:"active"`
	Reserved int      `json:"reserved"`
	Begun    int      `json:"begun"`
}

// rubberWorkers are the programs of rubber's machines, by their names as
// workers.
func rubberWorkers() map[string]int {
	all := map[string]int{}
	found, _ := filepath.Glob("/proc/[0-9]*")
	for _, dir := range found {
		comm, _ := os.ReadFile(filepath.Join(dir, "comm")) // none: it has ended
		if string(comm) != "sleep\n" {
			continue
		}
		environment, _ := os.ReadFile(filepath.Join(dir, "environ"))
		for v := range strings.SplitSeq(string(environment), "\x00") {
			if name, ok := strings.CutPrefix(v, "RUBBER_NAME="); ok {
				all["worker@"+name], _ = strconv.Atoi(filepath.Base(dir))
			}
		}
	}
	return all
}

// squatter has the engine's port.
func squatter() error {
	l, err := net.Listen("tcp", "127.0.0.1:4222")
	if err != nil {
		return err
	}
	for {
		c, err := l.Accept()
		if err != nil {
			return err
		}
		c.Close()
	}
}
