package settings

import (
	"context"
	"time"

	"perfmon/alarm"
	"perfmon/alarm/outbox"
)

// HeartbeatEvery is how often a heartbeat is published.
const HeartbeatEvery = 10 * time.Second

// Beat sends one heartbeat by a driver.
type Beat func(ctx context.Context, h *alarm.Heartbeat) error

// Heartbeat is how a driver that Open has made sends heartbeats, and how
// often it has to. Beat is nil for a kind that sends none.
func (s Sink) Heartbeat(d outbox.Driver) (beat Beat, every time.Duration) {
	switch d := d.(type) {
	case publisher:
		return func(ctx context.Context, h *alarm.Heartbeat) error {
			event, err := h.CloudEvent()
			if err != nil {
				return err
			}
			return d.Heartbeat(ctx, h.Route(), h.EventID(), event)
		}, HeartbeatEvery
	case alerter:
		// Its alert has to survive one that is lost.
		return func(ctx context.Context, h *alarm.Heartbeat) error {
			return d.Heartbeat(ctx, h.HostUUID, h.Name)
		}, min(s.alertmanager.TTL/3, time.Minute)
	}
	return nil, 0
}

// publisher sends heartbeats as events: nats and amqp.
type publisher interface {
	Heartbeat(ctx context.Context, route, id string, event []byte) error
}

// alerter keeps an alert alive instead: alertmanager.
type alerter interface {
	Heartbeat(ctx context.Context, hostUUID, hostName string) error
}
