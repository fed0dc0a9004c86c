package worktest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	amqp "github.com/rabbitmq/amqp091-go"

	"perfmon/alarm/sink/sinktest"
)

// URL is the address of a vhost of a broker, with user and password.
func URL(r *sinktest.Rabbit, vhost string) string {
	return strings.Replace(r.URL, "//", "//"+r.User+":"+r.Password+"@", 1) + "/" + url.PathEscape(vhost)
}

// MakeVhost makes a vhost that the broker's user may do everything in.
func MakeVhost(t testing.TB, r *sinktest.Rabbit, vhost string) {
	t.Helper()
	put := func(path, body string) {
		req, err := http.NewRequest(http.MethodPut, r.Management+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		req.SetBasicAuth(r.User, r.Password)
		req.Header.Set("Content-Type", "application/json")
		client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
		resp, err := client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode >= 300 {
			t.Fatalf("PUT %s: %s", path, resp.Status)
		}
	}
	put("/api/vhosts/"+url.PathEscape(vhost), "{}")
	put("/api/permissions/"+url.PathEscape(vhost)+"/"+r.User, `{"configure":".*","write":".*","read":".*"}`)
}

// With runs f on a connection of the test's own to the site's vhost.
func (s *Site) With(f func(ch *amqp.Channel) error) {
	s.t.Helper()
	c, err := amqp.Dial(s.BrokerURL)
	if err != nil {
		s.t.Fatal(err)
	}
	defer c.Close()
	ch, err := c.Channel()
	if err == nil {
		err = f(ch)
	}
	if err != nil {
		s.t.Fatal(err)
	}
}

// Declare makes queues as Celery does.
func (s *Site) Declare(queues ...string) {
	s.t.Helper()
	s.With(func(ch *amqp.Channel) error {
		for _, queue := range queues {
			if err := declare(ch, queue); err != nil {
				return err
			}
		}
		return nil
	})
}

func declare(ch *amqp.Channel, queue string) error {
	if err := ch.ExchangeDeclare(queue, amqp.ExchangeDirect, true, false, false, false, nil); err != nil {
		return err
	}
	if _, err := ch.QueueDeclare(queue, true, false, false, false, nil); err != nil {
		return err
	}
	return ch.QueueBind(queue, queue, queue, false, nil)
}

// Publish puts n tasks into a queue, which is made if it is not there, and
// returns their ids once the broker has them. Tasks are those of tasks.py:
// "work" of some seconds, "hold" until a gate opens, "fail".
func (s *Site) Publish(queue string, n int, task string, args ...any) (ids []string) {
	s.t.Helper()
	return s.publish(queue, n, nil, task, args)
}

// PublishFor puts one task into a queue that is not to begin before a time.
func (s *Site) PublishFor(eta time.Time, queue, task string, args ...any) (id string) {
	s.t.Helper()
	return s.publish(queue, 1, eta.UTC().Format("2006-01-02T15:04:05+00:00"), task, args)[0]
}

// publish is Publish with a time as Celery writes it, or nil.
func (s *Site) publish(queue string, n int, eta any, task string, args []any) (ids []string) {
	s.t.Helper()
	if args == nil {
		args = []any{}
	}
	body, err := json.Marshal([]any{args, map[string]any{}, map[string]any{"callbacks": nil, "errbacks": nil, "chain": nil, "chord": nil}})
	if err != nil {
		s.t.Fatal(err)
	}
	origin := fmt.Sprintf("worktest@%d", os.Getpid())
	s.With(func(ch *amqp.Channel) error {
		if err := declare(ch, queue); err != nil {
			return err
		}
		if err := ch.Confirm(false); err != nil {
			return err
		}
		var confirms []*amqp.DeferredConfirmation
		for range n {
			id := uuid.NewString()
			ids = append(ids, id)
			c, err := ch.PublishWithDeferredConfirm("", queue, true, false, amqp.Publishing{
				// Celery's message protocol 2.
				Headers: amqp.Table{
					"lang": "py", "task": task, "id": id, "root_id": id, "parent_id": nil, "group": nil, "shadow": nil,
					"argsrepr": fmt.Sprint(args), "kwargsrepr": "{}", "origin": origin, "retries": int32(0),
					"timelimit": []any{nil, nil}, "eta": eta, "expires": nil,
				},
				ContentType: "application/json", ContentEncoding: "utf-8", CorrelationId: id, DeliveryMode: amqp.Persistent, Body: body,
			})
			if err != nil {
				return err
			}
			confirms = append(confirms, c)
		}
		for _, c := range confirms {
			if !c.Wait() {
				return fmt.Errorf("the broker did not take a task for %s", queue)
			}
		}
		return nil
	})
	return ids
}
