package cloudtest

import (
	"errors"
	"testing"
	"time"

	"go.uber.org/goleak"

	"perfmon/scaling/rubber/cloud"
)

// Suite says how to hold a driver to what package cloud asks of it.
type Suite struct {
	// Start makes a world for one test: a simulator, a server, a directory. It ends
	// with the test, by t.Cleanup.
	Start func(t *testing.T) Setup

	// Within is how long a machine may take to change its state; 0: 10 s.
	Within time.Duration

	// Ignore are goroutines that stay for good reason.
	Ignore []goleak.Option

	Cannot Cannot
}

// Cannot is what a cloud is not able to do, which is then not asked for.
type Cannot struct {
	SameName bool // two machines of one name
	Stop     bool // Stop has no effect that can be seen, as no guest helps
}

// Setup is one world.
type Setup struct {
	// Connect is a new handle on the world, as after a restart of rubber. Run
	// closes it.
	Connect func() (cloud.Cloud, error)

	// Spec is of a machine that can be made, with intent, owner and name as given
	// and profile and generation set to something.
	Spec func(intent, owner, name string) cloud.Spec

	// Untouched says whether machines that Start has put there, and which are no
	// rubber's, are as they were. Nil: there are none.
	Untouched func() error

	// Poll is called between two looks at the world: to move a clock, or not to
	// look too often. Nil: a pause of 5 ms.
	Poll func()

	// Refusals are requests that fail.
	Refusals []Refusal

	// Hosts are all the hosts that there are, at least two of them with room for
	// two machines each: Avoid and Prefer are tested. Nil: the cloud does not say
	// where machines are.
	Hosts []string

	// Unowned puts a machine there that runs and is nobody's, of a name, and gives
	// its ID. Nil: an Adopter is not tested.
	Unowned func(name string) (id string, err error)

	// Break has the cloud be away; mend ends that. Nil: not tested.
	Break func() (mend func())

	// LoseAnswer has the next create be done and its answer get lost. Nil: not
	// tested.
	LoseAnswer func()
}

// Refusal is a request that fails, and how.
type Refusal struct {
	Name    string // of the subtest
	Kind    cloud.Kind
	Change  func(*cloud.Spec)    // what is wrong with the spec; nil: nothing
	Arrange func() (undo func()) // what is wrong with the world; nil: nothing
	Checked bool                 // a Checker says it as well
}

// Run holds a driver to the behaviour of cloud.Cloud, and of cloud.Warmer,
// cloud.Checker and cloud.Adopter if it is one, one subtest a promise, each in a
// world of its own.
func Run(t *testing.T, s Suite) {
	if s.Within == 0 {
		s.Within = 10 * time.Second
	}
	for _, p := range promises {
		t.Run(p.name, func(t *testing.T) {
			setup := s.Start(t)
			if p.needs != nil {
				if without := p.needs(&s, &setup); without != "" {
					t.Skipf("this cloud has no %s", without)
				}
			}
			before := goleak.IgnoreCurrent()
			err := keep(t.Context(), p, &s, &setup)
			if err != nil && !errors.Is(err, errNotOffered) {
				t.Error(err)
			}
			if err := goleak.Find(append(s.Ignore, before)...); err != nil {
				t.Errorf("after all handles have been closed: %v", err)
			}
			if errors.Is(err, errNotOffered) {
				t.Skip(err)
			}
		})
	}
}
