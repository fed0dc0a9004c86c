package hear

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// Bus is what hearing needs of an engine: *engine.Engine is one. Its connection
// is made again by itself, and may be away.
type Bus interface {
	JetStream(ctx context.Context) (jetstream.JetStream, error)
}

// Names of what the engine keeps. ALARM_STATE mirrors ALARMS with the last
// event of each subject, under the same numbers.
const (
	stateStream   = "ALARM_STATE"
	changesStream = "ALARMS"
	beatSubjects  = "perfmon.heartbeat.v1.>"
)

// lookEvery is how often a quiet driver looks whether it is still connected.
const lookEvery = 2 * time.Second

// engineDriver hears from NATS JetStream.
type engineDriver struct{ bus Bus }

// FromEngine hears what agents publish to an engine: first what is so
// (ALARM_STATE), then what changes (ALARMS), and heartbeats.
func FromEngine(bus Bus) Driver { return &engineDriver{bus} }

func (d *engineDriver) Name() string { return "engine" }

func (d *engineDriver) run(ctx context.Context, to *ear) error {
	beats := &beats{to: to}
	defer beats.stop()
	wait := newPause()
	for ctx.Err() == nil {
		err := d.session(ctx, to, beats, wait)
		if ctx.Err() != nil {
			break
		}
		to.state(false, false, err)
		wait.sleep(ctx)
	}
	return nil
}

// session listens until something ends it.
func (d *engineDriver) session(ctx context.Context, to *ear, beats *beats, wait *pause) error {
	patient, cancel := context.WithTimeout(ctx, lookEvery)
	js, err := d.bus.JetStream(patient)
	cancel()
	if err != nil {
		return err
	}
	nc := js.Conn()
	if !nc.IsConnected() {
		return errors.New("the engine is not connected")
	}
	if err := beats.on(nc); err != nil {
		return err
	}
	to.state(true, false, nil)
	last, err := d.snapshot(ctx, js, nc, to)
	if err != nil {
		return fmt.Errorf("read the state of alarms: %w", err)
	}
	err = d.follow(ctx, js, nc, to, last, wait)
	return fmt.Errorf("follow the changes of alarms: %w", err)
}

// snapshot reads the newest event of each alarm, and returns the number of the
// last one.
func (d *engineDriver) snapshot(ctx context.Context, js jetstream.JetStream, nc *nats.Conn, to *ear) (last uint64, err error) {
	stream, err := js.Stream(ctx, stateStream)
	if err != nil {
		return 0, fmt.Errorf("stream %s, which the engine makes: %w", stateStream, err)
	}
	info, err := stream.Info(ctx)
	if err != nil {
		return 0, err
	}
	last = info.State.LastSeq
	if info.State.Msgs == 0 {
		return last, nil
	}
	err = d.read(ctx, stream, nc, jetstream.OrderedConsumerConfig{DeliverPolicy: jetstream.DeliverAllPolicy}, func(m jetstream.Msg, meta *jetstream.MsgMetadata) bool {
		last = max(last, meta.Sequence.Stream)
		to.event(m.Data(), meta.Timestamp)
		return meta.NumPending > 0
	})
	return last, err
}

// follow reads what comes after the snapshot, until the connection ends.
func (d *engineDriver) follow(ctx context.Context, js jetstream.JetStream, nc *nats.Conn, to *ear, last uint64, wait *pause) error {
	stream, err := js.Stream(ctx, changesStream)
	if err != nil {
		return fmt.Errorf("stream %s, which the engine makes: %w", changesStream, err)
	}
	info, err := stream.Info(ctx)
	if err != nil {
		return err
	}
	from := jetstream.OrderedConsumerConfig{DeliverPolicy: jetstream.DeliverByStartSequencePolicy, OptStartSeq: last + 1}
	if info.State.LastSeq < last { // made anew since: its numbers begin again
		from = jetstream.OrderedConsumerConfig{DeliverPolicy: jetstream.DeliverLastPerSubjectPolicy, FilterSubjects: []string{"perfmon.alarm.v1.>"}}
		last = 0
	}
	complete := info.State.LastSeq <= last
	if complete {
		to.state(true, true, nil)
		wait.reset()
	}
	return d.read(ctx, stream, nc, from, func(m jetstream.Msg, meta *jetstream.MsgMetadata) bool {
		if complete {
			// As it comes. The server's clock may be another's: what it says is of
			// use only where the event may be old.
			to.event(m.Data(), time.Time{})
			return true
		}
		to.event(m.Data(), meta.Timestamp)
		if meta.NumPending == 0 {
			complete = true
			to.state(true, true, nil)
			wait.reset()
		}
		return true
	})
}

// read hands messages over in order, until f returns false.
func (d *engineDriver) read(ctx context.Context, stream jetstream.Stream, nc *nats.Conn, c jetstream.OrderedConsumerConfig, f func(jetstream.Msg, *jetstream.MsgMetadata) bool) error {
	consumer, err := stream.OrderedConsumer(ctx, c)
	if err != nil {
		return err
	}
	messages, err := consumer.Messages()
	if err != nil {
		return err
	}
	defer messages.Stop()
	for {
		quiet, cancel := context.WithTimeout(ctx, lookEvery)
		m, err := messages.Next(jetstream.NextContext(quiet))
		late := quiet.Err() != nil
		cancel()
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case !nc.IsConnected():
			return errors.New("the engine's connection is lost")
		case err != nil && late:
			continue
		case err != nil:
			return err
		}
		meta, err := m.Metadata()
		if err != nil {
			return err
		}
		if !f(m, meta) {
			return nil
		}
	}
}

// beats hears heartbeats, which no stream keeps, for as long as there is the
// same connection.
type beats struct {
	to *ear

	nc   *nats.Conn
	sub  *nats.Subscription
	over chan struct{} // closed when nobody reads any more
	wg   sync.WaitGroup
}

// beatsWaiting is how many heartbeats may wait to be read. What is lost beyond
// that is made good by the next.
const beatsWaiting = 4096

func (b *beats) on(nc *nats.Conn) error {
	if b.nc == nc && b.sub.IsValid() {
		return nil
	}
	b.stop()
	in := make(chan *nats.Msg, beatsWaiting)
	sub, err := nc.ChanSubscribe(beatSubjects, in)
	if err != nil {
		return fmt.Errorf("listen for heartbeats: %w", err)
	}
	b.nc, b.sub, b.over = nc, sub, make(chan struct{})
	b.wg.Go(func() {
		for {
			select {
			case m := <-in:
				b.to.event(m.Data, time.Time{})
			case <-b.over:
				return
			}
		}
	})
	return nil
}

func (b *beats) stop() {
	if b.sub == nil {
		return
	}
	_ = b.sub.Unsubscribe() // an error says that it is over already
	b.sub = nil
	close(b.over)
	b.wg.Wait()
}
