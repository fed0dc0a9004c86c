package control

import (
	"errors"
	"fmt"
	"net"
	"syscall"
	"time"
)

// sendTimeout bounds the wait for a place in a full queue.
const sendTimeout = 5 * time.Second

// Send gives a command to the agent that listens at the abstract name. No
// error means that it is queued; there is never an answer. When nobody
// listens the error is syscall.ECONNREFUSED.
func Send(name string, c Command) error {
	if err := checkName(name); err != nil {
		return err
	}
	conn, err := net.DialUnix("unixgram", nil, &net.UnixAddr{Net: "unixgram", Name: name})
	if errors.Is(err, syscall.ECONNREFUSED) {
		return fmt.Errorf("send %q: no agent listens at %s, is perfmon running?: %w", c, name, err)
	}
	if err != nil {
		return fmt.Errorf("send %q: %w", c, err)
	}
	defer conn.Close()
	if err := conn.SetWriteDeadline(time.Now().Add(sendTimeout)); err != nil {
		return fmt.Errorf("send %q: %w", c, err)
	}
	if _, err := conn.Write([]byte(c)); err != nil {
		return fmt.Errorf("send %q: %w", c, err)
	}
	return nil
}
