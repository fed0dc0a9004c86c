//go:build integration

package rabbit

import (
	"strings"
	"testing"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"

	"perfmon/scaling/rubber/work"
	"perfmon/scaling/rubber/work/worktest"
)

// While the management plugin is switched off, how much waits is known by the
// broker itself, and how much workers have is not: it is never said to be 0.
// The others run when it is on again, since this one does not call Parallel.
func TestManagementSwitchedOff(t *testing.T) {
	worktest.MakeVhost(t, server, "off")
	site := worktest.NewSite(t, server, "off")
	s := newSource(t, nil, site.BrokerURL)
	site.Publish("q", 3, "work", 0)
	c, err := amqp.Dial(site.BrokerURL)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	ch, err := c.Channel()
	if err != nil {
		t.Fatal(err)
	}
	if err := ch.Qos(2, 0, false); err != nil {
		t.Fatal(err)
	}
	deliveries, err := ch.Consume("q", "", false, false, false, false, nil)
	if err != nil {
		t.Fatal(err)
	}
	<-deliveries
	<-deliveries
	until(t, s, "q", "ready 1 unacked 2 consumers 1")

	server.Plugins("disable", "rabbitmq_management")
	on := false
	defer func() {
		if !on {
			server.Plugins("enable", "rabbitmq_management")
		}
	}()
	partly := func(s *Source, want string) {
		t.Helper()
		d, err := s.Depth(t.Context(), "q")
		if err != nil || text(d) != want || d.Oldest != nil || d.Partial == nil {
			t.Fatalf("%s, oldest %v, %v, %v; want %s", text(d), d.Oldest, d.Partial, err, want)
		}
		if work.KindOf(d.Partial) != work.Away || !strings.Contains(d.Partial.Error(), "is RabbitMQ's management plugin on") || !strings.Contains(d.Partial.Error(), server.Management) {
			t.Errorf("it is not said why, and where: %v", d.Partial)
		}
	}
	partly(s, "ready 1 unacked ? consumers 1")
	site.Publish("q", 4, "work", 0)
	partly(s, "ready 5 unacked ? consumers 1")
	fresh := newSource(t, nil, site.BrokerURL) // a rubber that is started now
	partly(fresh, "ready 5 unacked ? consumers 1")
	if d, err := fresh.Depth(t.Context(), "nothing"); err != nil || text(d) != "ready 0 unacked 0 consumers 0 absent" {
		t.Errorf("a queue that does not exist: %s, %v", text(d), err)
	}
	if st := fresh.Stats(); !st.Connected || st.Err != nil || st.ManagementErr == nil || st.ManagementFailures == 0 || st.Partial == 0 {
		t.Errorf("%+v", st)
	}

	server.Plugins("enable", "rabbitmq_management")
	on = true
	for _, s := range []*Source{s, fresh} {
		worktest.Until(t, "the plugin is asked again", time.Minute, func() bool {
			d, err := s.Depth(t.Context(), "q")
			return err == nil && d.Partial == nil && text(d) == "ready 5 unacked 2 consumers 1"
		})
	}
}
