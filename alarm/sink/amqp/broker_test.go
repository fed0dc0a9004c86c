package amqp

import (
	"bytes"
	"crypto/tls"
	"encoding/binary"
	"io"
	"net"
	"slices"
	"sync"
	"testing"
)

// published is a message that the broker has read.
type published struct {
	exchange, route string
	properties      map[string]string
	body            []byte
}

// What the broker does about a message that it has read.
const (
	ack     = "ack"
	nack    = "nack"
	lose    = "lose"    // hangs up, and has not taken it
	hangUp  = "hang up" // has taken it, and hangs up
	silence = "silence" // has taken it, and does not say so
	refuse  = "refuse"  // closes the channel
)

// broker takes messages as told.
type broker struct {
	t        *testing.T
	listener net.Listener
	url      string
	wg       sync.WaitGroup

	mu       sync.Mutex
	mute     bool                            // does not even answer a new connection
	password string                          // of the user u
	exchange bool                            // there is one
	answer   func(m published, n int) string // the n-th from 0; nil is ack
	messages []published
	declared []byte // the flags of each declaration
	conns    []net.Conn
	count    int // connections so far
}

func newBroker(t *testing.T) *broker { return startBroker(t, nil) }

func startBroker(t *testing.T, config *tls.Config) *broker {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	b := &broker{t: t, listener: l, url: "amqp://" + l.Addr().String() + "/%2F", password: "p", exchange: true}
	if config != nil {
		b.listener = tls.NewListener(l, config)
		b.url = "amqps://" + l.Addr().String()
	}
	b.wg.Go(func() {
		for {
			c, err := b.listener.Accept()
			if err != nil {
				return
			}
			b.mu.Lock()
			b.conns = append(b.conns, c)
			b.count++
			b.mu.Unlock()
			b.wg.Go(func() {
				defer c.Close()
				(&session{b: b, conn: c, open: map[uint16]bool{}}).serve()
			})
		}
	})
	t.Cleanup(func() {
		b.listener.Close()
		b.cut()
		b.wg.Wait()
	})
	return b
}

// options are those to reach the broker with.
func (b *broker) options() Options {
	return Options{URLs: []string{b.url}, Username: "u", Password: "p"}
}

// cut ends all connections.
func (b *broker) cut() {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, c := range b.conns {
		c.Close()
	}
	b.conns = nil
}

func (b *broker) set(change func()) {
	b.mu.Lock()
	defer b.mu.Unlock()
	change()
}

// taken are the messages so far.
func (b *broker) taken() []published {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.messages)
}

// session is one connection of a client.
type session struct {
	b       *broker
	conn    net.Conn
	open    map[uint16]bool
	tag     uint64
	current published
	size    uint64
}

func (s *session) send(f frame) bool {
	_, err := s.conn.Write(f.bytes())
	return err == nil
}

func (s *session) serve() {
	hello := make([]byte, 8)
	if _, err := io.ReadFull(s.conn, hello); err != nil || !bytes.Equal(hello, []byte("AMQP\x00\x00\x09\x01")) {
		return
	}
	s.b.mu.Lock()
	mute := s.b.mute
	s.b.mu.Unlock()
	if mute {
		_, _ = io.Copy(io.Discard, s.conn)
		return
	}
	if !s.send(method(0, 10, 10, byte(0), byte(9), []byte{}, []byte("PLAIN EXTERNAL"), []byte("en_US"))) {
		return
	}
	for {
		f, err := readFrame(s.conn)
		if err != nil || !s.handle(f) {
			return
		}
	}
}

// handle answers a frame. False ends the connection.
func (s *session) handle(f frame) bool {
	a := &arguments{f.payload}
	switch f.kind {
	case 2:
		a.take(4)
		s.size, s.current.properties = a.number(), a.properties()
		return true
	case 3:
		s.current.body = append(s.current.body, f.payload...)
		if uint64(len(s.current.body)) < s.size {
			return true
		}
		return s.message(f.channel)
	case 8:
		return true
	}
	switch class, number := a.short(), a.short(); [2]uint16{class, number} {
	case [2]uint16{10, 11}: // start-ok
		a.long()
		mechanism, response := a.text(), string(a.long())
		s.b.mu.Lock()
		ok := mechanism == "PLAIN" && response == "\x00u\x00"+s.b.password || mechanism == "EXTERNAL"
		s.b.mu.Unlock()
		if !ok {
			s.send(method(0, 10, 50, uint16(403), "ACCESS_REFUSED - login was refused", uint16(0), uint16(0)))
			return true
		}
		return s.send(method(0, 10, 30, uint16(2047), uint32(131072), uint16(60)))
	case [2]uint16{10, 31}: // tune-ok
		return true
	case [2]uint16{10, 51}: // close-ok
		return false
	case [2]uint16{10, 40}: // open
		if a.text() != "/" {
			return s.send(method(0, 10, 50, uint16(530), "NOT_ALLOWED - vhost not found", uint16(10), uint16(40)))
		}
		return s.send(method(0, 10, 41, ""))
	case [2]uint16{10, 50}: // close
		s.send(method(0, 10, 51))
		return false
	case [2]uint16{20, 10}: // channel open
		s.open[f.channel], s.tag = true, 0
		return s.send(method(f.channel, 20, 11, []byte{}))
	case [2]uint16{20, 40}: // channel close
		delete(s.open, f.channel)
		return s.send(method(f.channel, 20, 41))
	case [2]uint16{20, 41}: // channel close-ok
		return true
	case [2]uint16{40, 10}: // exchange declare
		a.short()
		exchange, kind, flags := a.text(), a.text(), a.octet()
		s.b.mu.Lock()
		s.b.declared = append(s.b.declared, flags)
		if exchange != DefaultExchange || kind != "topic" {
			s.b.t.Errorf("exchange %q of type %q", exchange, kind)
		}
		missing := flags&1 != 0 && !s.b.exchange
		s.b.exchange = s.b.exchange || !missing
		s.b.mu.Unlock()
		if missing {
			delete(s.open, f.channel)
			return s.send(method(f.channel, 20, 40, uint16(404), "NOT_FOUND - no exchange", class, number))
		}
		return s.send(method(f.channel, 40, 11))
	case [2]uint16{85, 10}: // confirm select
		return s.send(method(f.channel, 85, 11))
	case [2]uint16{60, 40}: // publish
		a.short()
		s.current = published{exchange: a.text(), route: a.text()}
		if flags := a.octet(); flags != 0 {
			s.b.t.Errorf("published with flags %b", flags)
		}
		return true
	default:
		s.b.t.Errorf("method %d.%d", class, number)
		return false
	}
}

// message does with the message that is complete what the test says.
func (s *session) message(channel uint16) bool {
	if !s.open[channel] {
		return true
	}
	s.tag++
	s.b.mu.Lock()
	what := ack
	if s.b.answer != nil {
		what = s.b.answer(s.current, len(s.b.messages))
	}
	if what != lose && what != refuse {
		s.b.messages = append(s.b.messages, s.current)
	}
	s.b.mu.Unlock()
	tag := binary.BigEndian.AppendUint64(nil, s.tag)
	confirm := func(number uint16) bool {
		f := method(channel, 60, number)
		f.payload = append(append(f.payload, tag...), 0)
		return s.send(f)
	}
	switch what {
	case ack:
		return confirm(80)
	case nack:
		return confirm(120)
	case refuse:
		delete(s.open, channel)
		return s.send(method(channel, 20, 40, uint16(403), "ACCESS_REFUSED - not yours", uint16(60), uint16(40)))
	case silence:
		return true
	}
	return false
}
