package turn

import (
	"context"
	"fmt"
)

// Conn is a connection as Connection keeps it.
type Conn interface {
	// Alive says whether it can still be used, as far as is known.
	Alive() bool
	// Drop ends it at once.
	Drop()
}

// Connection is the one connection of a sink: made when it is asked for, and
// made anew when it has died. Its methods may be called by several goroutines
// at once. Make it with NewConnection.
type Connection[C Conn] struct {
	connect func(context.Context) (C, error)

	turn Turn
	conn C // what follows belongs to who has the turn
	made bool
}

// NewConnection makes a Connection. It does not connect.
func NewConnection[C Conn](connect func(context.Context) (C, error)) *Connection[C] {
	return &Connection[C]{connect: connect, turn: New()}
}

// Get returns the connection, a new one if there is none that is alive. Who
// finds it broken drops it; the next Get makes another.
func (c *Connection[C]) Get(ctx context.Context) (conn C, err error) {
	if err := c.turn.Enter(ctx); err != nil {
		return conn, fmt.Errorf("wait for the connection: %w", err)
	}
	defer c.turn.Leave()
	if c.made && c.conn.Alive() {
		return c.conn, nil
	}
	c.end(C.Drop)
	if conn, err = c.connect(ctx); err != nil {
		return conn, err
	}
	c.conn, c.made = conn, true
	return conn, nil
}

// Close lets end do away with the connection, if there is one.
func (c *Connection[C]) Close(ctx context.Context, end func(C)) error {
	if err := c.turn.Enter(ctx); err != nil {
		return fmt.Errorf("close: %w", err)
	}
	defer c.turn.Leave()
	c.end(end)
	return nil
}

func (c *Connection[C]) end(how func(C)) {
	if c.made {
		how(c.conn)
	}
	var none C
	c.conn, c.made = none, false
}
