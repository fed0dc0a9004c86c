package amqp

import (
	"fmt"
	"strconv"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"

	"perfmon/alarm"
)

// maxShort is the length of what AMQP calls a short string, bytes: a routing
// key, a message id.
const maxShort = 255

// heartbeatLife is how long a heartbeat waits for its consumer.
const heartbeatLife = 30 * time.Second

// message is an event on its way.
type message struct {
	route string
	amqp.Publishing
}

// transition is a message that survives a restart of the broker.
func transition(e *alarm.Event) (message, error) {
	body, err := e.CloudEvent()
	if err != nil {
		return message{}, err
	}
	m := newMessage(e.Route(), e.EventID(), body)
	m.DeliveryMode = amqp.Persistent
	m.Type = "perfmon.alarm." + string(e.Kind) + ".v1"
	m.Timestamp = time.Unix(e.Time, 0)
	return m, m.check()
}

// announcement is a message that is worth nothing after its time to live.
func announcement(e *alarm.Event) (message, error) {
	m, err := transition(e)
	m.DeliveryMode = amqp.Transient
	if e.TTL > 0 {
		m.Expiration = strconv.FormatInt(e.TTL*1000, 10)
	}
	return m, err
}

func heartbeat(route, id string, event []byte) (message, error) {
	m := newMessage(route, id, event)
	m.DeliveryMode = amqp.Transient
	m.Type = "perfmon.heartbeat.v1"
	m.Expiration = strconv.FormatInt(heartbeatLife.Milliseconds(), 10)
	return m, m.check()
}

func newMessage(route, id string, body []byte) message {
	return message{route, amqp.Publishing{
		ContentType: "application/cloudevents+json", MessageId: id, AppId: "perfmon", Body: body,
	}}
}

// check finds what the protocol has no room for. The library would notice
// half way through the message.
func (m message) check() error {
	for _, short := range []string{m.route, m.MessageId} {
		if len(short) > maxShort {
			return fmt.Errorf("%q has %d bytes; a routing key and a message id have %d at most", short, len(short), maxShort)
		}
	}
	return nil
}
