package openstack

import (
	"net/http"
	"strings"
	"testing"

	"perfmon/scaling/rubber/cloud"
)

// TestFind finds the servers of a name that are nobody's, and no other.
func TestFind(t *testing.T) {
	d := newDouble(t, "rubber")
	untouched := d.foreign() // somebody's and nobody's, both called worker-one
	c := d.connect(Options{})
	f := func(name string, want ...string) {
		t.Helper()
		list, err := c.Find(t.Context(), name)
		var got []string
		for _, i := range list {
			got = append(got, i.ID)
		}
		if err != nil || strings.Join(got, " ") != strings.Join(want, " ") {
			t.Errorf("find %q: %q (%v), want %q", name, got, err, want)
		}
	}
	f("worker-one", d.list[1].id)
	f("worker-two")
	f(d.list[1].id) // an id is no name
	f("")
	again, err := d.unowned("worker-one")
	if err != nil {
		t.Fatal(err)
	}
	f("worker-one", d.list[1].id, again)
	d.list[2].steps = []look{{"ACTIVE", "deleting"}}
	f("worker-one", d.list[1].id)
	if err := untouched(); err != nil {
		t.Error(err)
	}
	d.away()
	_, err = c.Find(t.Context(), "worker-one")
	wantError(t, err, cloud.Transient, "find")
}

// TestListBreaksOnce: Nova's list fails when a server that is new is at the end
// of a page.
func TestListBreaksOnce(t *testing.T) {
	d := newDouble(t, "rubber")
	d.foreign()
	c := d.connect(Options{})
	breaks, asked := 1, 0
	d.intercept(func(w http.ResponseWriter, r *http.Request) bool {
		if !strings.HasSuffix(r.URL.Path, "/servers/detail") {
			return false
		}
		asked++
		if asked > breaks {
			return false
		}
		says(500, `{"computeFault": {"code": 500, "message": "Unexpected API Error. <class 'AttributeError'>"}}`)(w, r)
		return true
	})
	if list, err := c.Find(t.Context(), "worker-one"); err != nil || len(list) != 1 || asked != 2 {
		t.Errorf("find: %v %v, asked %d times", list, err, asked)
	}
	breaks, asked = 9, 0
	_, err := c.List(t.Context(), owner)
	wantError(t, err, cloud.Transient, "AttributeError")
	if asked != 2 {
		t.Errorf("asked %d times of a Nova that is broken", asked)
	}
}

// TestMark marks a server once, and none that is somebody's.
func TestMark(t *testing.T) {
	d := newDouble(t, "rubber")
	d.foreign()
	theirs, plain := d.list[0].id, d.list[1].id
	c := d.connect(Options{})
	posts := 0
	d.intercept(func(_ http.ResponseWriter, r *http.Request) bool {
		if strings.HasSuffix(r.URL.Path, "/metadata") {
			posts++
		}
		return false
	})
	d.list[1].metadata["note"] = "by hand"
	for range 2 {
		if err := c.Mark(t.Context(), plain, machine("one")); err != nil {
			t.Fatal(err)
		}
	}
	list, err := c.List(t.Context(), owner)
	if err != nil || len(list) != 1 || list[0].ID != plain || list[0].Intent != "one" || list[0].Name != "worker-one" {
		t.Errorf("list: %+v %v", list, err)
	}
	if posts != 1 || d.list[1].metadata["note"] != "by hand" {
		t.Errorf("marked %d times; the metadata is %v", posts, d.list[1].metadata)
	}
	wantError(t, c.Mark(t.Context(), plain, machine("two")), cloud.Invalid, "another intent", "one")
	wantError(t, c.Mark(t.Context(), theirs, machine("one")), cloud.Invalid, "somebody")
	wantError(t, c.Mark(t.Context(), "nonesuch", machine("one")), cloud.NotFound)
	wantError(t, c.Mark(t.Context(), "../one", machine("one")), cloud.Invalid)
	wantError(t, c.Mark(t.Context(), plain, cloud.Spec{Owner: owner, Name: "x"}), cloud.Invalid, "intent")
	d.list[1].steps = []look{{"ACTIVE", "deleting"}}
	wantError(t, c.Mark(t.Context(), plain, machine("one")), cloud.NotFound, "being deleted")
	if posts != 1 {
		t.Errorf("%d servers were written to, of which 1 was to be", posts)
	}
}

// TestMarkAgain: when the answer was lost, or half of the marks, it is marked
// again.
func TestMarkAgain(t *testing.T) {
	d := newDouble(t, "rubber")
	d.foreign()
	plain := d.list[1]
	c := d.connect(Options{})
	mend := d.intercept(func(w http.ResponseWriter, r *http.Request) bool {
		if !strings.HasSuffix(r.URL.Path, "/metadata") {
			return false
		}
		plain.metadata[ownerKey], plain.metadata[intentKey] = owner, "one"
		panic(http.ErrAbortHandler)
	})
	wantError(t, c.Mark(t.Context(), plain.id, machine("one")), cloud.Transient)
	mend()
	if err := c.Mark(t.Context(), plain.id, machine("one")); err != nil {
		t.Fatal(err)
	}
	if want := machine("one"); plain.metadata[profileKey] != want.Profile || plain.metadata[generationKey] != want.Generation {
		t.Errorf("metadata %v", plain.metadata)
	}
}
