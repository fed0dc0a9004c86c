//go:build integration

package rubber

import (
	"fmt"
	"io"
	"math/rand/v2"
	"net/http/httptest"
	"path/filepath"
	"testing"
	"time"

	"perfmon/scaling/rubber/cloud"
	"perfmon/scaling/rubber/cloud/cloudtest"
)

// TestKillAdopting kills the controller at random moments while it takes over
// the ancestor's machines. In the end each is ours and has one record, none has
// been made or deleted, and the two that share a name are as they were.
func TestKillAdopting(t *testing.T) {
	seed := *killSeed
	if seed == 0 {
		seed = rand.Uint64()
	}
	t.Logf("seed %d", seed)
	world := cloudtest.NewWorld(cloudtest.Options{BootTime: 120 * time.Millisecond})
	k := &killing{t: t, r: rand.New(rand.NewPCG(seed, 3)), world: world, shop: newShop(world), dir: filepath.Join(t.TempDir(), "engine"), log: io.Discard}
	k.shop.register, k.shop.prefetch = 30*time.Millisecond, 1
	k.s = &served{cloud: world.Connect(), shop: k.shop, intents: map[string]bool{}, rand: rand.New(rand.NewPCG(seed, 4))}
	server := httptest.NewServer(k.s)
	defer server.Close()
	k.url = server.URL
	for n := range 6 {
		name := fmt.Sprintf("q-old-%d", n)
		k.adopt = append(k.adopt, name)
		world.Add(cloud.Instance{Name: name, Profile: "q", State: cloud.Running})
	}
	for range 2 {
		world.Add(cloud.Instance{Name: "q-twice", Profile: "q", State: cloud.Running})
	}
	marked := func() (n int) {
		for _, m := range world.Machines() {
			if m.Owner == owner {
				n++
			}
		}
		return n
	}
	halfway := 0
	for n := range *kills {
		if n%3 == 0 {
			world.Order(cloudtest.LostAnswer("mark"))
		}
		cmd := k.start(true)
		time.Sleep(time.Duration(k.r.IntN(120)) * time.Millisecond) // not to be right, but to be killed anywhere
		if err := cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		_ = cmd.Wait()
		if got := marked(); got > 0 && got < len(k.adopt) {
			halfway++
		}
	}
	world.Clear()
	cmd := k.start(true)
	for deadline := time.Now().Add(lastLimit); marked() < len(k.adopt) && time.Now().Before(deadline); {
		time.Sleep(20 * time.Millisecond)
	}
	time.Sleep(time.Second) // what is wrong may take a while to come
	records, byID := k.settled(cmd, func(records map[string]Value) bool {
		for key, v := range records {
			if r, err := decodeRecord(key, v.Data); err == nil && r.Adopt != "" {
				return false // it has been marked, and that is about to be written down
			}
		}
		return true
	}), map[string]int{}
	t.Logf("%d of %d kills came when some were marked and some were not; calls: %v", halfway, *kills, world.Calls())
	for key, v := range records {
		r, err := decodeRecord(key, v.Data)
		if err != nil {
			t.Fatal(err)
		}
		byID[r.ID]++
		if r.Adopt != "" || r.Orphan || r.Release != nil {
			t.Errorf("record %+v", r)
		}
	}
	names := map[string]int{}
	for _, m := range world.Machines() {
		names[m.Name]++
		if (m.Owner == owner) != (m.Name != "q-twice") || m.Owner == owner && byID[m.ID] != 1 {
			t.Errorf("%+v has %d records", m, byID[m.ID])
		}
	}
	if calls := world.Calls(); len(records) != len(k.adopt) || len(world.Machines()) != len(k.adopt)+2 || names["q-twice"] != 2 || calls["create"]+calls["delete"]+calls["stop"] > 0 {
		t.Errorf("%d records, machines %v, calls %v", len(records), names, calls)
	}
}
