package broker

import (
	"errors"
	"fmt"
	"net"
	"sync/atomic"
	"time"
)

// opening is a connection in TLS that the library begins to use. A broker that
// refuses our certificate in TLS 1.3 says so when we take the handshake for done,
// and resets the connection behind its word. A library that writes then, and
// closes what it could not write to, would never hear why: so it closes nothing
// until it has been let in.
type opening struct {
	net.Conn
	opened atomic.Bool // Close is the library's business
}

func (o *opening) Close() error {
	if !o.opened.Load() {
		return nil
	}
	return o.Conn.Close()
}

// toldIn is how long a broker that has ended a connection may take to be heard:
// what it has said is here already.
const toldIn = time.Second

// reason adds to an error why the broker has ended the connection, if it said so
// in TLS. It reads, so the connection is of no use afterwards.
func (o *opening) reason(err error) error {
	_ = o.SetReadDeadline(time.Now().Add(toldIn)) // fails where reading fails at once
	var alert *net.OpError
	if _, told := o.Read(make([]byte, 1)); errors.As(told, &alert) && alert.Op == "remote error" {
		return fmt.Errorf("%w: %w", err, told)
	}
	return err
}
