//go:build integration

package live

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"perfmon/alarm"
	"perfmon/alarm/sink/alertmanager"
	"perfmon/alarm/sink/amqp"
	"perfmon/alarm/sink/sinktest"
	"perfmon/scaling/rubber/hear"
)

// TestRabbit: an agent's driver publishes to a real broker, which restarts.
func TestRabbit(t *testing.T) {
	r := sinktest.StartRabbit(t)
	wrong, err := hear.FromAMQP(hear.AMQP{URLs: []string{r.URL}, Username: r.User, Password: "hush-hush"})
	if err != nil {
		t.Fatal(err)
	}
	listen(t, hear.Options{}, wrong).until("the wrong password is told", func(v hear.View) bool {
		return strings.Contains(v.Drivers[0].Err, "username or password") && !strings.Contains(v.Drivers[0].Err, "hush")
	})

	d, err := hear.FromAMQP(hear.AMQP{URLs: []string{"amqp://127.0.0.1:1", r.URL}, Username: r.User, Password: r.Password, Settle: time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	h := listen(t, hear.Options{}, d)
	h.until("it has listened for long enough", func(v hear.View) bool { return v.Complete })

	a, err := amqp.New(amqp.Options{URLs: []string{r.URL}, Username: r.User, Password: r.Password})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := a.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	now := time.Now()
	send(t, a, beat(1, now))
	deliver(t, a, overload(alarm.KindRaised, 1, now), event(alarm.KindRaised, "sr", ssd, "physical_utilisation", 2, now))
	v := h.until("the alarms are heard", func(v hear.View) bool {
		return contended(hear.Bad)(v) && len(v.Storage) == 1 && v.Storage[0].Full == hear.Bad
	})
	if host := v.Host(hostA); host.Silent || host.FreeMemory == nil || host.Alarms[0].Via != "amqp" {
		t.Errorf("%+v", host)
	}
	if err := a.Announce(t.Context(), []*alarm.Event{overload(alarm.KindState, 1, now)}); err != nil {
		t.Fatal(err)
	}
	h.until("it is confirmed", func(hear.View) bool { return h.Counts()[hear.Confirmed] == 1 })

	r.Stop(syscall.SIGKILL)
	h.until("the loss is noticed", func(v hear.View) bool { return !v.Complete && !v.Drivers[0].Connected })
	r.Start()
	h.until("it listens again", func(v hear.View) bool { return v.Complete })
	sent := func(what string, e *alarm.Event, ok func(hear.View) bool) {
		t.Helper()
		for deadline := time.Now().Add(limit); ; {
			_, err := a.Deliver(t.Context(), []*alarm.Event{e})
			if err == nil {
				break
			}
			if time.Now().After(deadline) {
				t.Fatal(err)
			}
		}
		h.until(what, ok)
	}
	sent("the end is heard", overload(alarm.KindCleared, 3, now), func(v hear.View) bool { return v.Host(hostA).Contended != hear.Bad })
	// That of a connection goes soon after it.
	h.until("there is one queue of ours", func(hear.View) bool { return strings.Count(r.Control("list_queues", "name"), "amq.gen") == 1 })
}

// TestRealAlertmanager: an agent's driver posts to a real Alertmanager, which
// notifies us; what fired before we listened is asked for.
func TestRealAlertmanager(t *testing.T) {
	address := sinktest.FreeAddress(t)
	m := sinktest.StartAlertmanager(t, "http://"+address+hear.WebhookPath)
	a, err := alertmanager.New(alertmanager.Options{URLs: []string{m.URL}})
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	if err := a.Heartbeat(t.Context(), hostA, "xen-03"); err != nil {
		t.Fatal(err)
	}
	deliver(t, a, overload(alarm.KindRaised, 1, now))

	d, err := hear.FromWebhook(hear.Webhook{Listen: address, Peers: []string{m.URL}})
	if err != nil {
		t.Fatal(err)
	}
	h := listen(t, hear.Options{}, d)
	v := h.until("what fires already is known", func(v hear.View) bool { return v.Complete && contended(hear.Bad)(v) })
	if host := v.Host(hostA); host.Silent || host.Name != "xen-03" || host.MemoryShort != hear.Fine || host.Alarms[0].Severity != "critical" || *host.Alarms[0].Value != 0.97 {
		t.Errorf("%+v", host)
	}
	deliver(t, a, event(alarm.KindRaised, "sr", ssd, "physical_utilisation", 2, now))
	h.until("a notification is taken", func(v hear.View) bool { return len(v.Storage) == 1 && v.Storage[0].Full == hear.Bad })
	deliver(t, a, overload(alarm.KindCleared, 3, now))
	h.until("the end is notified", contended(hear.Fine))
	if c := h.Counts(); c[hear.Malformed] != 0 {
		log, _ := os.ReadFile(filepath.Join(m.Dir, "log"))
		t.Errorf("%v\n%s", c, log)
	}
}
