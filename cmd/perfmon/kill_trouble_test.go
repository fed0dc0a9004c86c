//go:build integration

package main

import (
	"io"
	"net"
	"net/http"
	"syscall"
	"time"

	"perfmon/xapi/xapitest"
)

// makeTrouble orders faults of the toolstack for a life, in every second one.
// What it returns makes all well again.
func (k *killing) makeTrouble() (mend func()) {
	k.t.Helper()
	mend = func() {}
	if k.r.IntN(2) == 0 {
		return mend
	}
	internal := []string{"INTERNAL_ERROR", "Db_exn.DBCache_NotFound"}
	faults := []xapitest.Fault{
		{Method: "message.create", Kind: xapitest.LostAnswer, Count: 1 + k.r.IntN(3)},
		{Method: "message.create", Kind: xapitest.Cut, Count: 1 + k.r.IntN(2)},
		{Method: "message.create", Kind: xapitest.Truncate, At: 10, Count: 1},
		{Method: "message.create", Kind: xapitest.HTMLPage, Count: 1},
		{Method: "message.create", Kind: xapitest.RPCFailure, Failure: internal, Count: 1},
		{Method: "message.create", Kind: xapitest.NullRef, Count: 1},
		{Method: "message.get", Kind: xapitest.LostAnswer, Count: 1 + k.r.IntN(2)},
		{Method: "message.get", Kind: xapitest.RPCFailure, Failure: internal, Count: 1},
		{Path: "/rrd_updates", Kind: xapitest.Truncate, At: 300, Count: 1},
		{Path: "/rrd_updates", Kind: xapitest.Status, Code: 500, Count: 1 + k.r.IntN(2)},
	}
	for range 1 + k.r.IntN(2) {
		f := faults[k.r.IntN(len(faults))]
		if f.Method != "" {
			f.Skip = k.r.IntN(4)
		}
		k.sim.Install(f)
	}
	var back *time.Timer
	done := make(chan struct{})
	after := func(f func()) {
		back = time.AfterFunc(time.Duration(10+k.r.IntN(1000))*time.Millisecond, func() {
			defer close(done)
			f()
		})
	}
	switch k.r.IntN(4) {
	case 0:
		k.sim.SetEmergency("HOST_STILL_BOOTING")
		after(func() { k.sim.SetEmergency() })
	case 1:
		k.must(k.sim.StopToolstack())
		after(func() { k.must(k.sim.StartToolstack(false)) })
	}
	return func() {
		if back != nil {
			if back.Stop() {
				k.must(k.sim.StartToolstack(false))
			} else {
				<-done
			}
		}
		k.sim.ClearFaults()
	}
}

func (k *killing) must(err error) {
	if err != nil {
		k.t.Error(err)
	}
}

// hold orders the reply to the next message to be held back.
func (k *killing) hold() {
	k.sim.Install(xapitest.Fault{Method: "message.create", Kind: xapitest.HangBody, Count: 1})
}

// outage takes one server after the other away, for three lives of fifty, and
// not in the last ones.
func (k *killing) outage(n int) {
	servers := []struct {
		name        string
		stop, start func()
	}{
		{"nats", k.nats.Stop, k.nats.Start},
		{"alertmanager", k.alerts.Stop, k.alerts.Start},
		{"amqp", func() { k.rabbit.Stop(syscall.SIGKILL) }, k.rabbit.Start},
	}
	s := servers[n/50%len(servers)]
	switch {
	case n%50 == 25 && n+3 < *kills:
		k.t.Logf("%4d kills: %s is away for three lives", n, s.name)
		s.stop()
	case n%50 == 28 && n < *kills:
		s.start()
	}
}

// chooseAnswer makes the webhook fail every second time: as a rule with a
// refusal or with a connection that is cut when the request has been taken
// down, now and then with no answer.
func (k *killing) chooseAnswer() answer {
	if k.healed.Load() {
		return answerTaken
	}
	k.coinMu.Lock()
	n := k.coin.IntN(200)
	k.coinMu.Unlock()
	switch {
	case n < 50:
		return answerRefused
	case n == 50:
		return answerNone
	}
	if k.victim.sees(aimWebhook) {
		return answerLost // whoever asked is dead
	}
	switch {
	case n < 99:
		return answerReset
	case n == 99:
		return answerLost
	}
	return answerTaken
}

// countConnections counts those that the webhook has open.
func (k *killing) countConnections(_ net.Conn, state http.ConnState) {
	switch state {
	case http.StateNew:
		k.open.Add(1)
	case http.StateClosed, http.StateHijacked:
		k.open.Add(-1)
	}
}

// noteEnd notes in the webhook's log that an agent has ended, when all that it
// has asked is in there.
func (k *killing) noteEnd() {
	k.t.Helper()
	// A connection of ours, which is accepted after its last one.
	conn, err := net.Dial("tcp", k.hook.Listener.Addr().String())
	if err != nil {
		k.t.Fatal(err)
	}
	_, err = conn.Write([]byte("GET / HTTP/1.0\r\n\r\n"))
	if err == nil {
		_, err = io.Copy(io.Discard, conn)
	}
	if err != nil {
		k.t.Fatal(err)
	}
	conn.Close()
	for deadline := time.Now().Add(limit); k.open.Load() > 0; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			k.t.Fatalf("%d connections to the webhook are open after the agent's end", k.open.Load())
		}
	}
	k.hook.add(delivery{end: true})
}
