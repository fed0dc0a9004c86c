package plan

import (
	"encoding/json"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// anyProfile draws what a profile may be, names aside.
func anyProfile(t *rapid.T, name string) Profile {
	return Profile{
		Name: name, Generation: "g2",
		Share: rapid.IntRange(0, 6).Draw(t, "share"), Weight: rapid.Float64Range(0, 3).Draw(t, "weight"),
		Min: rapid.IntRange(0, 3).Draw(t, "min"), Max: rapid.SampledFrom([]int{0, 0, 0, 2, 8}).Draw(t, "max"),
		Slots: rapid.IntRange(0, 4).Draw(t, "slots"),
		Demand: Demand{Known: rapid.IntRange(0, 9).Draw(t, "known") > 0, Ready: rapid.IntRange(0, 40).Draw(t, "waits"),
			Running: rapid.IntRange(0, 20).Draw(t, "runs"), Oldest: time.Duration(rapid.SampledFrom([]int{0, 30, 200, 3600}).Draw(t, "oldest")) * time.Second},
		WorkersUnknown: rapid.IntRange(0, 9).Draw(t, "workers") == 0,
		StaticSlots:    rapid.SampledFrom([]int{0, 0, 3}).Draw(t, "static"),
		BootTime:       time.Duration(rapid.IntRange(0, 300).Draw(t, "boot")) * time.Second,
		TaskTime:       time.Duration(rapid.IntRange(0, 300).Draw(t, "task")) * time.Second,
		Memory:         int64(rapid.IntRange(0, 2000).Draw(t, "memory")),
		NetworkBound:   rapid.Bool().Draw(t, "network"), Rests: rapid.IntRange(0, 3).Draw(t, "rests") > 0,
		Warm:    rapid.SampledFrom([]int{0, 0, 1, 2}).Draw(t, "warm"),
		NoStart: rapid.SampledFrom([]string{"", "", "", "", "no quota is left"}).Draw(t, "nostart"),
		Ratio:   0.5, Threshold: rapid.IntRange(0, 3).Draw(t, "threshold"),
	}
}

func anyMachine(t *rapid.T, i, profiles int) Machine {
	m := Machine{
		ID:         fmt.Sprintf("m%02d", i),
		Profile:    fmt.Sprintf("p%d", rapid.IntRange(0, profiles).Draw(t, "of")), // one more than there are
		State:      rapid.SampledFrom([]State{Requested, Building, Booting, Ready, Ready, Ready, Ready, Resting, Draining, Parking, Deleting, Warm, Unclear}).Draw(t, "state"),
		Generation: rapid.SampledFrom([]string{"g1", "g2", "g2", "g2"}).Draw(t, "generation"),
		Host:       rapid.SampledFrom([]string{"", "h0", "h1", "h2"}).Draw(t, "host"),
		Storage:    rapid.SampledFrom([][]string{nil, {"s0"}, {"s1"}}).Draw(t, "storage"),
		Slots:      rapid.IntRange(0, 4).Draw(t, "slots"),
		Busy:       rapid.SampledFrom([]int{0, 0, 1, 3}).Draw(t, "busy"), BusyKnown: rapid.IntRange(0, 4).Draw(t, "told") > 0,
		Protected: rapid.IntRange(0, 9).Draw(t, "protected") == 0, Leaving: rapid.IntRange(0, 9).Draw(t, "leaving") == 0,
	}
	if m.Busy == 0 {
		m.IdleSince = day.Add(-time.Duration(rapid.IntRange(0, 900).Draw(t, "idle")) * time.Second)
	}
	return m
}

// anySnapshot draws a snapshot with memory of a while ago.
func anySnapshot(t *rapid.T) *Snapshot {
	s := &Snapshot{Now: day, Cap: rapid.IntRange(0, 30).Draw(t, "cap"), Deaf: rapid.Bool().Draw(t, "deaf"),
		Mode: rapid.SampledFrom([]Mode{Normal, Normal, Normal, Ancestor}).Draw(t, "mode"), Settings: DefaultSettings(),
		Memory: Memory{At: day.Add(-5 * time.Second), Profiles: map[string]ProfileMemory{}}}
	s.Settings.PartialHosts = rapid.Bool().Draw(t, "partial")
	s.Settings.UpMost = rapid.SampledFrom([]int{1, 50}).Draw(t, "upmost")
	s.Settings.DownMost = rapid.SampledFrom([]int{1, 50}).Draw(t, "downmost")
	n := rapid.IntRange(1, 4).Draw(t, "profiles")
	for i := range n {
		p := anyProfile(t, fmt.Sprintf("p%d", i))
		s.Profiles = append(s.Profiles, p)
		m := ProfileMemory{Load: rapid.Float64Range(0, 20).Draw(t, "load"), Recently: rapid.Float64Range(0, 20).Draw(t, "recent"),
			Seen: s.Memory.At, Since: day.Add(-time.Duration(rapid.SampledFrom([]int{10, 3600, 3600}).Draw(t, "since")) * time.Second)}
		if rapid.Bool().Draw(t, "lately") {
			for k := range steps {
				m.Lately = append(m.Lately, Sample{day.Add(time.Duration(k-steps) * 5 * time.Second), rapid.IntRange(0, 30).Draw(t, "was")})
			}
		}
		if rapid.Bool().Draw(t, "ignored") {
			from := rapid.IntRange(0, 5).Draw(t, "from")
			m.Doubt = Doubt{Since: day.Add(-time.Duration(rapid.IntRange(0, 900).Draw(t, "ignored since")) * time.Second)}
			if rapid.Bool().Draw(t, "doubted") {
				m.Doubt.At, m.Doubt.From = day.Add(-time.Duration(rapid.IntRange(0, 900).Draw(t, "doubted at"))*time.Second), from
				m.Doubt.To = from + rapid.IntRange(1, 5).Draw(t, "more")
			}
		}
		if rapid.Bool().Draw(t, "peak") {
			m.Peaks = []Sample{{day.Add(-30 * time.Second), rapid.IntRange(0, 20).Draw(t, "height")}}
		}
		s.Memory.Profiles[p.Name] = m
	}
	for i := range rapid.IntRange(0, 20).Draw(t, "machines") {
		s.Machines = append(s.Machines, anyMachine(t, i, n))
	}
	for i := range rapid.IntRange(0, 3).Draw(t, "hosts") {
		h := Host{UUID: fmt.Sprintf("h%d", i), Silent: rapid.IntRange(0, 3).Draw(t, "silent") == 0,
			Alarmed: rapid.IntRange(0, 3).Draw(t, "alarmed") == 0, MemoryShort: rapid.IntRange(0, 3).Draw(t, "short") == 0,
			NetworkSaturated: rapid.IntRange(0, 3).Draw(t, "full") == 0}
		if rapid.Bool().Draw(t, "says") {
			free := int64(rapid.IntRange(0, 5000).Draw(t, "free"))
			h.FreeMemory = &free
		}
		s.Hosts = append(s.Hosts, h)
	}
	if rapid.Bool().Draw(t, "hosts are known") {
		s.Clouds = []Cloud{{Hosts: [][]string{{"h0"}, {"h1"}, {"h2", "other"}}[:rapid.IntRange(0, 3).Draw(t, "of the cloud")]}}
	}
	s.Storages = []Storage{{UUID: "s0"}, {UUID: "s1", Alarmed: rapid.Bool().Draw(t, "storage alarm")}}
	return s
}

// machineOf finds a machine of a snapshot.
func machineOf(s *Snapshot, id string) *Machine {
	for i := range s.Machines {
		if s.Machines[i].ID == id {
			return &s.Machines[i]
		}
	}
	return nil
}

// count adds up lines of some actions.
func count(p Plan, actions ...Action) int {
	n := 0
	for _, l := range p.Lines {
		if slices.Contains(actions, l.Action) {
			n += l.Count
		}
	}
	return n
}

// TestMakeKeepsItsPromises: whatever is known, a plan does nothing that it must not.
func TestMakeKeepsItsPromises(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := anySnapshot(t)
		p := Make(s)
		starts := count(p, Start)
		if have := len(s.Machines); starts > 0 && have+starts > s.Cap {
			t.Fatalf("%d starts with %d machines, and the cap is %d", starts, have, s.Cap)
		}
		parts := 0
		for _, target := range p.Targets {
			parts += target.Limit
		}
		if parts > s.Cap {
			t.Fatalf("parts add up to %d of a cap of %d", parts, s.Cap)
		}
		seen := map[string]bool{}
		for _, l := range p.Lines {
			checkLine(t, s, l)
			if l.Machine != "" {
				if seen[l.Machine] {
					t.Fatalf("two lines for %s", l.Machine)
				}
				seen[l.Machine] = true
			}
		}
	})
}

func checkLine(t *rapid.T, s *Snapshot, l Line) {
	if len(l.Reasons) == 0 {
		t.Fatalf("%+v has no reason", l)
	}
	for _, r := range l.Reasons {
		if r.Code == "" || r.Text == "" || strings.Contains(r.Text, "\n") {
			t.Fatalf("%+v has the reason %+v", l, r)
		}
	}
	m := machineOf(s, l.Machine)
	if (m == nil) != (l.Action == Start || l.Action == Hold && l.Machine == "") {
		t.Fatalf("%+v has a machine or has none", l)
	}
	var p *Profile
	for i := range s.Profiles {
		if s.Profiles[i].Name == l.Profile {
			p = &s.Profiles[i]
		}
	}
	unknown := p != nil && (!p.Demand.Known || p.WorkersUnknown)
	switch l.Action {
	case Drain, Park:
		if !m.BusyKnown || m.Busy > 0 || m.State != Ready && m.State != Resting {
			t.Fatalf("%s of %+v", l.Action, *m)
		}
	case Rest:
		if m.State != Ready || !m.BusyKnown || p == nil || !p.Rests {
			t.Fatalf("rest of %+v", *m)
		}
	case Resume:
		if m.Leaving || m.State != Resting && m.State != Draining && m.State != Parking {
			t.Fatalf("resume of %+v", *m)
		}
	case Delete, Wake:
		if m.State != Warm {
			t.Fatalf("%s of %+v", l.Action, *m)
		}
	}
	switch l.Action {
	case Drain, Park, Rest, Delete:
		if unknown && !m.Leaving {
			t.Fatalf("%s of %s, and nobody knows", l.Action, m.ID)
		}
		if m.Protected && !m.Leaving {
			t.Fatalf("%s of %s, which is protected", l.Action, m.ID)
		}
		if h := slices.IndexFunc(s.Hosts, func(h Host) bool { return h.UUID == m.Host }); h >= 0 && s.Hosts[h].Silent && !m.Leaving {
			t.Fatalf("%s of %s, whose host is silent", l.Action, m.ID)
		}
	case Start, Wake:
		if p == nil || p.NoStart != "" {
			t.Fatalf("%+v where none can be had", l)
		}
		for _, h := range s.Hosts {
			if len(s.Clouds) > 0 && len(s.Clouds[0].Hosts) > 0 && !slices.ContainsFunc(s.Clouds[0].Hosts, func(names []string) bool { return names[0] == h.UUID }) {
				continue // another cloud's
			}
			if bad := h.Alarmed || h.MemoryShort || p.NetworkBound && h.NetworkSaturated; bad != slices.Contains(l.Avoid, h.UUID) || bad && slices.Contains(l.Prefer, h.UUID) {
				t.Fatalf("%+v and host %+v", l, h)
			}
		}
	}
}

// TestMakeIsPure: the same snapshot, in any order, gives the same plan and stays
// as it was.
func TestMakeIsPure(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := anySnapshot(t)
		before, err := json.Marshal(s)
		if err != nil {
			t.Fatal(err)
		}
		first := Make(s)
		if after, _ := json.Marshal(s); string(after) != string(before) {
			t.Fatalf("the snapshot was\n%s\nand is\n%s", before, after)
		}
		other := *s
		other.Profiles = rapid.Permutation(s.Profiles).Draw(t, "profiles in another order")
		if len(s.Machines) > 0 {
			other.Machines = rapid.Permutation(s.Machines).Draw(t, "machines in another order")
		}
		if len(s.Hosts) > 0 {
			other.Hosts = rapid.Permutation(s.Hosts).Draw(t, "hosts in another order")
		}
		if diff := cmp.Diff(first, Make(&other)); diff != "" {
			t.Fatalf("another order, another plan:\n%s", diff)
		}
	})
}

// applied is a snapshot after a plan was carried out, at the same instant.
func applied(s *Snapshot, p Plan) *Snapshot {
	next := *s
	next.Machines = slices.Clone(s.Machines)
	next.Memory = p.Memory
	for i, l := range p.Lines {
		if m := machineOf(&next, l.Machine); m != nil {
			switch l.Action {
			case Wake:
				m.State = Booting
			case Resume:
				m.State = Ready
			case Rest:
				m.State = Resting
			case Drain:
				m.State = Draining
			case Park:
				m.State = Parking
			case Delete:
				m.State = Deleting
			}
		}
		if l.Action == Start {
			for k := range l.Count {
				next.Machines = append(next.Machines, Machine{ID: fmt.Sprintf("new-%d-%d", i, k), Profile: l.Profile, State: Requested, Generation: "g2"})
			}
		}
	}
	return &next
}

// TestMakeOnce: what has been asked for is not asked for again. Machines of a
// profile are alike here: where they have different slots, one less of them changes
// how many are needed. And where the cap is full, which profile gives back may be
// found out in several plans; nothing more is asked for all the same.
func TestMakeOnce(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := anySnapshot(t)
		for i := range s.Machines {
			s.Machines[i].Slots = 0
		}
		roomy := rapid.Bool().Draw(t, "roomy")
		if roomy {
			s.Cap += 200
			for i := range s.Profiles {
				s.Profiles[i].Max = 0 // where there is no room, an old one goes first, and what it leaves is used
			}
		} else {
			s.Settings.ReplaceAtOnce = 0
		}
		first := Make(s)
		second := Make(applied(s, first))
		for _, l := range second.Lines {
			if l.Action == Start || l.Action == Wake || l.Action != Hold && roomy {
				t.Fatalf("after\n%s\nat the same instant again\n%s", text(first), text(second))
			}
		}
	})
}

func text(p Plan) string {
	var b strings.Builder
	for _, l := range p.Lines {
		b.WriteString(lineText(l) + "\n")
	}
	return b.String()
}

// TestMakeGrowsWithDemand: more to do never means fewer machines.
func TestMakeGrowsWithDemand(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := anySnapshot(t)
		s.Profiles = s.Profiles[:1]
		s.Profiles[0].Demand.Known = true
		s.Settings.ReplaceAtOnce = 0
		less := Make(s)
		more := *s
		more.Profiles = slices.Clone(s.Profiles)
		more.Profiles[0].Demand.Ready += rapid.IntRange(1, 30).Draw(t, "more")
		after := Make(&more)
		if after.Targets[0].Wish < less.Targets[0].Wish {
			t.Fatalf("wish %d, and with more to do %d", less.Targets[0].Wish, after.Targets[0].Wish)
		}
		if a, b := count(after, Start, Wake, Resume), count(less, Start, Wake, Resume); a < b {
			t.Fatalf("%d machines, and with more to do %d\n%s\n%s", b, a, text(less), text(after))
		}
	})
}

// TestMakeAlarmsAddNothing: with an alarm no more machines are asked for than
// without it. (Of several profiles, one may get the place that another cannot use.)
func TestMakeAlarmsAddNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := anySnapshot(t)
		if len(s.Hosts) == 0 {
			t.Skip("no hosts")
		}
		s.Profiles = s.Profiles[:1]
		calm := *s
		calm.Hosts = slices.Clone(s.Hosts)
		i := rapid.IntRange(0, len(s.Hosts)-1).Draw(t, "host")
		h := &calm.Hosts[i]
		switch rapid.IntRange(0, 3).Draw(t, "which") {
		case 0:
			h.Alarmed = false
		case 1:
			h.MemoryShort = false
		case 2:
			h.NetworkSaturated = false
		case 3:
			h.Silent = false
		}
		if a, b := count(Make(s), Start, Wake), count(Make(&calm), Start, Wake); a > b {
			t.Fatalf("%d asked for with an alarm, and %d without it", a, b)
		}
	})
}

// TestMakePaused: nothing is done.
func TestMakePaused(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := anySnapshot(t)
		s.Paused = true
		for _, l := range Make(s).Lines {
			if l.Action != Hold {
				t.Fatalf("%+v while paused", l)
			}
		}
	})
}

// TestMakeAside: nothing is done about a profile that is left to another rubber,
// its line says so, and the other profiles are planned as ever.
func TestMakeAside(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := anySnapshot(t)
		if len(s.Profiles) == 0 {
			return
		}
		s.Profiles[0].Aside, s.Profiles[0].Rival, s.Profiles[0].NoStart = true, "another rubber lives", "another rubber lives"
		said := false
		for _, l := range Make(s).Lines {
			if l.Profile != s.Profiles[0].Name {
				checkLine(t, s, l)
				continue
			}
			if l.Action != Hold {
				t.Fatalf("%+v of a profile that is left to another rubber", l)
			}
			said = said || slices.ContainsFunc(l.Reasons, func(r Reason) bool { return r.Code == RivalThere })
		}
		if !said {
			t.Fatal("it does not say why")
		}
	})
}

// TestMakeAfterAJump: whether the clock goes back or far ahead, nothing is let go
// on account of what was seen before it, and no number comes out that is none.
func TestMakeAfterAJump(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := anySnapshot(t)
		s.Mode, s.Cap, s.Profiles = Normal, 100, s.Profiles[:1]
		s.Profiles[0].Max, s.Profiles[0].Demand.Known = 0, true
		by := rapid.SampledFrom([]time.Duration{-10 * 365 * 24 * time.Hour, -time.Hour, -6 * time.Second, 2 * time.Minute, time.Hour, 50 * 365 * 24 * time.Hour}).Draw(t, "by")
		s.Now = day.Add(by)
		s.Settings.ReplaceAtOnce = 0
		p := Make(s)
		for _, l := range p.Lines {
			if m := machineOf(s, l.Machine); m != nil && m.Profile == "p0" && !m.Leaving && (l.Action == Drain || l.Action == Park || l.Action == Rest) {
				t.Fatalf("%+v after a jump of %s", l, by)
			}
		}
		if load := p.Targets[0].Load; !(load >= 0) || math.IsInf(load, 0) {
			t.Fatalf("load is %v after a jump of %s", load, by)
		}
	})
}

// TestMakeOfRubbish: numbers that cannot be do no harm.
func TestMakeOfRubbish(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := anySnapshot(t)
		s.Cap = rapid.SampledFrom([]int{math.MinInt, -1, 0, 5, math.MaxInt}).Draw(t, "cap")
		odd := rapid.SampledFrom([]int{math.MinInt, -1, 0, 7, math.MaxInt})
		p := &s.Profiles[0]
		p.Demand.Ready, p.Demand.Running = odd.Draw(t, "ready"), odd.Draw(t, "running")
		p.Slots, p.StaticSlots, p.Share = odd.Draw(t, "slots"), odd.Draw(t, "static"), odd.Draw(t, "share")
		p.Min, p.Max, p.Warm = odd.Draw(t, "min"), odd.Draw(t, "max"), odd.Draw(t, "warm")
		p.Weight = rapid.SampledFrom([]float64{math.NaN(), math.Inf(1), -1, 0, 1e300, 1e-300}).Draw(t, "weight")
		p.BootTime, p.TaskTime = time.Duration(odd.Draw(t, "boot")), time.Duration(odd.Draw(t, "task"))
		m := s.Memory.Profiles[p.Name]
		m.Load = rapid.SampledFrom([]float64{math.NaN(), math.Inf(1), -1, 1e300}).Draw(t, "load")
		m.Recently = m.Load
		s.Memory.Profiles[p.Name] = m
		out := Make(s)
		if n := count(out, Start); n > 0 && n > s.Cap-len(s.Machines) {
			t.Fatalf("%d starts of a cap of %d", n, s.Cap)
		}
		for _, l := range out.Lines {
			if l.Count < 0 || l.Action == Start && l.Count == 0 {
				t.Fatalf("%+v", l)
			}
		}
	})
}

// TestFill: nobody gets more than wanted, nothing is kept back, and parts are as
// even as weights allow.
func TestFill(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(0, 6).Draw(t, "n")
		amount := rapid.IntRange(-3, 40).Draw(t, "amount")
		want, weight, all := make([]int, n), make([]float64, n), 0
		for i := range n {
			want[i], weight[i] = rapid.IntRange(0, 15).Draw(t, "want"), float64(rapid.IntRange(1, 4).Draw(t, "weight"))
			all += want[i]
		}
		got, sum := fill(amount, want, weight), 0
		for i, g := range got {
			if sum += g; g < 0 || g > want[i] {
				t.Fatalf("fill(%d, %v, %v) = %v", amount, want, weight, got)
			}
			for j := range got {
				// Who did not get all has no less than any other, but for one machine.
				if g < want[i] && float64(g+1)/weight[i] < float64(got[j]-1)/weight[j] {
					t.Fatalf("fill(%d, %v, %v) = %v: %d has too little beside %d", amount, want, weight, got, i, j)
				}
			}
		}
		if sum != min(max(0, amount), all) {
			t.Fatalf("fill(%d, %v, %v) = %v", amount, want, weight, got)
		}
	})
}

// TestFillFrom: nobody gets less than its floor as long as floors fit; where they do
// not, nothing goes to anything else; and those above their floor have no more than
// their weight of what the others left.
func TestFillFrom(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(0, 6).Draw(t, "n")
		amount := rapid.IntRange(-3, 40).Draw(t, "amount")
		floor, want, weight, floors, all := make([]int, n), make([]int, n), make([]float64, n), 0, 0
		for i := range n {
			want[i], weight[i] = rapid.IntRange(0, 15).Draw(t, "want"), float64(rapid.IntRange(1, 4).Draw(t, "weight"))
			floor[i] = rapid.IntRange(0, want[i]).Draw(t, "floor")
			floors += floor[i]
			all += want[i]
		}
		got, sum := fillFrom(amount, floor, want, weight), 0
		for i, g := range got {
			sum += g
			if g < 0 || g > want[i] || floors <= amount && g < floor[i] || floors > amount && g > floor[i] {
				t.Fatalf("fillFrom(%d, %v, %v, %v) = %v", amount, floor, want, weight, got)
			}
			for j := range got {
				// Who did not get all has no less than any other that has more than its floor.
				if floors <= amount && got[j] > floor[j] && g < want[i] && float64(g+1)/weight[i] < float64(got[j]-1)/weight[j] {
					t.Fatalf("fillFrom(%d, %v, %v, %v) = %v: %d has too little beside %d", amount, floor, want, weight, got, i, j)
				}
			}
		}
		if sum != min(max(0, amount), all) {
			t.Fatalf("fillFrom(%d, %v, %v, %v) = %v", amount, floor, want, weight, got)
		}
	})
}

// TestFloorsAreSure: whatever others want and shares say, every profile's part of
// the cap holds its floor, as long as the floors fit into it.
func TestFloorsAreSure(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := anySnapshot(t)
		floors := map[string]int{}
		sum := 0
		for _, p := range s.Profiles {
			floor := p.Min
			if p.Max > 0 {
				floor = min(floor, p.Max)
			}
			floors[p.Name] = floor
			sum += floor
		}
		parts := 0
		for _, target := range Make(s).Targets {
			floor := floors[target.Profile]
			parts += min(floor, target.Limit)
			if sum <= s.Cap && target.Limit < floor {
				t.Fatalf("the part of %s is %d, its floor %d, all floors %d and the cap %d", target.Profile, target.Limit, floor, sum, s.Cap)
			}
		}
		if sum > s.Cap && parts < s.Cap {
			t.Fatalf("floors of %d have %d of a cap of %d", sum, parts, s.Cap)
		}
	})
}

// TestMemoryLasts: what is remembered survives JSON, and stays small.
func TestMemoryLasts(t *testing.T) {
	s := &Snapshot{Now: day, Cap: 10, Profiles: []Profile{{Name: "p", Demand: Demand{Known: true, Running: 3}, BootTime: 2 * time.Minute}}}
	for i := range 2000 {
		s.Now = day.Add(time.Duration(i) * 5 * time.Second)
		p := Make(s)
		text, err := json.Marshal(p.Memory)
		if err != nil {
			t.Fatal(err)
		}
		var back Memory
		if err := json.Unmarshal(text, &back); err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(back, p.Memory) {
			t.Fatalf("memory %+v came back as %+v", p.Memory, back)
		}
		if len(text) > 2500 {
			t.Fatalf("memory of one profile is %d bytes", len(text))
		}
		s.Memory = back
	}
	if load := s.Memory.Profiles["p"].Load; math.Abs(load-3) > 0.01 {
		t.Errorf("load is %v after hours of 3", load)
	}
}
