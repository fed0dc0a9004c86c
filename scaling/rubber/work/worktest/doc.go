// Package worktest starts what tests of work need: a real RabbitMQ with its
// management plugin, and real Celery workers from Debian's python3-celery,
// which write down what they do. All of it listens on the loopback address
// only, and ends with the test, or with the package's tests when TestMain
// has started it.
package worktest

import (
	"flag"
	"fmt"
	"os"
	"testing"
	"time"

	"go.uber.org/goleak"

	"perfmon/alarm/sink/sinktest"
)

// StartRabbit starts a broker that has the management plugin, and others.
// config is further lines of rabbitmq.conf, if any.
func StartRabbit(t testing.TB, config string, plugins ...string) *sinktest.Rabbit {
	t.Helper()
	return sinktest.StartRabbitWith(t, sinktest.RabbitOptions{Management: true, Config: config, Plugins: plugins})
}

// Main runs the tests of a package between start and the end of what it has
// started; goroutines that are left over fail them. It is for TestMain, which
// has no testing.TB:
//
//	func TestMain(m *testing.M) {
//		os.Exit(worktest.Main(m, func(t testing.TB) { broker = worktest.StartRabbit(t, "") }))
//	}
func Main(m *testing.M, start func(t testing.TB)) (code int) {
	s := &scope{}
	defer func() {
		s.end()
		if err := goleak.Find(); err != nil && code == 0 {
			fmt.Fprintln(os.Stderr, err)
			code = 1
		}
	}()
	defer func() {
		if failed := recover(); failed != nil {
			if _, ours := failed.(failure); !ours {
				panic(failed)
			}
			fmt.Fprintln(os.Stderr, failed)
			code = 1
		}
	}()
	start(s)
	// Such tests wait more than they compute. The command line is read later, and
	// wins.
	if err := flag.Set("test.parallel", "8"); err != nil {
		s.Fatal(err)
	}
	return m.Run()
}

// scope is as much of a testing.TB as the start of a server needs.
type scope struct {
	testing.TB // nil: what is missing below panics
	cleanups   []func()
}

type failure string

func (s *scope) Helper()           {}
func (s *scope) Name() string      { return "TestMain" }
func (s *scope) Cleanup(f func())  { s.cleanups = append(s.cleanups, f) }
func (s *scope) Fatal(args ...any) { panic(failure(fmt.Sprint(args...))) }
func (s *scope) Fatalf(format string, args ...any) {
	panic(failure(fmt.Sprintf(format, args...)))
}

func (s *scope) TempDir() string {
	dir, err := os.MkdirTemp("", "worktest")
	if err != nil {
		s.Fatal(err)
	}
	s.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

func (s *scope) end() {
	for i := len(s.cleanups) - 1; i >= 0; i-- {
		s.cleanups[i]()
	}
}

// Until waits for something that nobody announces. The limit is of a machine that
// does nothing else; a busy one gets three times as much.
func Until(t testing.TB, what string, limit time.Duration, done func() bool) {
	t.Helper()
	limit *= 3
	for deadline := time.Now().Add(limit); !done(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("still not after %v: %s", limit, what)
		}
	}
}
