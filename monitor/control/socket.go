package control

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// DefaultName is the abstract name that the stock daemon's clients send to.
const DefaultName = "@perfmon"

const (
	// logInterval is the least time between two log lines of one kind.
	logInterval = 30 * time.Second
	// logBytes is how much of a refused datagram is shown.
	logBytes = 40
)

// Options are what a Socket tells the rest of the agent.
type Options struct {
	// Logger gets refused datagrams, at most one line in 30 s for each
	// reason. Nil discards them.
	Logger *slog.Logger
	// OnCommand, if set, is called once for each datagram, with Refresh,
	// DebugMem or Other and one of the results of this package. It is called
	// on the reader's goroutine and must not block.
	OnCommand func(word, result string)
}

// Socket is a bound command socket. Its name is taken until Close, whether or
// not Run is reading.
type Socket struct {
	conn *net.UnixConn
	opts Options
	own  uint32 // the user whose commands are heard beside root's
	now  func() time.Time

	lines *limiter // of log lines; the reader's
}

// Listen binds the abstract name, which starts with "@". Credentials are
// asked for before the name is bound, so there is no datagram without them.
// When another process holds the name, the error is syscall.EADDRINUSE.
func Listen(name string, opts Options) (*Socket, error) {
	if err := checkName(name); err != nil {
		return nil, err
	}
	config := net.ListenConfig{Control: func(_, _ string, raw syscall.RawConn) error {
		return askCredentials(raw)
	}}
	conn, err := config.ListenPacket(context.Background(), "unixgram", name)
	if err != nil {
		return nil, fmt.Errorf("bind command socket: %w", err)
	}
	return newSocket(conn.(*net.UnixConn), opts), nil
}

// FromConn makes a Socket of one that somebody else has bound: systemd, which
// keeps it while the agent restarts. The unit should say PassCredentials=yes;
// commands that were queued without credentials are refused. The connection
// belongs to the Socket if there is no error.
func FromConn(conn *net.UnixConn, opts Options) (*Socket, error) {
	if got := conn.LocalAddr().Network(); got != "unixgram" {
		return nil, fmt.Errorf("adopt command socket: want a unix datagram socket, got %q (ListenDatagram= in the socket unit)", got)
	}
	raw, err := conn.SyscallConn()
	if err != nil {
		return nil, fmt.Errorf("adopt command socket: %w", err)
	}
	if err := askCredentials(raw); err != nil {
		return nil, fmt.Errorf("adopt command socket: %w", err)
	}
	return newSocket(conn, opts), nil
}

func newSocket(conn *net.UnixConn, opts Options) *Socket {
	if opts.Logger == nil {
		opts.Logger = slog.New(slog.DiscardHandler)
	}
	if opts.OnCommand == nil {
		opts.OnCommand = func(string, string) {}
	}
	return &Socket{
		conn:  conn,
		opts:  opts,
		own:   uint32(os.Getuid()),
		now:   time.Now,
		lines: newLimiter(logInterval),
	}
}

func checkName(name string) error {
	if !strings.HasPrefix(name, "@") || len(name) < 2 {
		return fmt.Errorf("command socket name %q: want an abstract name, like %q", name, DefaultName)
	}
	return nil
}

// askCredentials makes the kernel attach the sender to each datagram.
func askCredentials(raw syscall.RawConn) error {
	var set error
	err := raw.Control(func(fd uintptr) {
		set = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_PASSCRED, 1)
	})
	if err := errors.Join(err, set); err != nil {
		return fmt.Errorf("ask for senders' credentials: %w", err)
	}
	return nil
}

// Run reads commands and calls handle for each, one at a time, until ctx ends
// or the Socket is closed; both return nil. It waits for a handle that is
// under way. A command that arrives while the same command waits for handle
// is one with it, so a flood of commands keeps at most one of each waiting,
// and reading never waits for handle. Run must not run twice at a time.
func (s *Socket) Run(ctx context.Context, handle func(Command)) error {
	waiting := map[Command]chan struct{}{
		Refresh:  make(chan struct{}, 1),
		DebugMem: make(chan struct{}, 1),
	}
	if err := s.conn.SetReadDeadline(time.Time{}); err != nil {
		return s.ended(ctx, err)
	}
	// A deadline that has passed wakes the reader and leaves the name bound.
	unhook := context.AfterFunc(ctx, func() { s.conn.SetReadDeadline(time.Unix(1, 0)) })
	defer unhook()

	read := make(chan error, 1)
	go func() { read <- s.read(waiting) }()
	for {
		select {
		case err := <-read:
			s.logSwallowed()
			return s.ended(ctx, err)
		case <-waiting[Refresh]:
			handle(Refresh)
		case <-waiting[DebugMem]:
			handle(DebugMem)
		}
	}
}

// ended tells a wanted end from a broken socket.
func (s *Socket) ended(ctx context.Context, err error) error {
	if ctx.Err() != nil || errors.Is(err, net.ErrClosed) {
		return nil
	}
	return fmt.Errorf("read command socket: %w", err)
}

// read takes datagrams until the connection ends, and returns why it did.
func (s *Socket) read(waiting map[Command]chan struct{}) error {
	// One byte more than is allowed tells a long datagram from a full one.
	datagram := make([]byte, MaxDatagram+1)
	control := make([]byte, credentialSpace)
	for {
		n, controlN, _, _, err := s.conn.ReadMsgUnix(datagram, control)
		if err != nil {
			return err
		}
		s.take(datagram[:n], parseSender(control[:controlN]), waiting)
	}
}

// take judges one datagram and passes its command on.
func (s *Socket) take(datagram []byte, from sender, waiting map[Command]chan struct{}) {
	if !from.mayCommand(s.own) {
		s.refuse(datagram, from, Denied)
		return
	}
	command, result := parse(datagram)
	if result != Accepted {
		s.refuse(datagram, from, result)
		return
	}
	select {
	case waiting[command] <- struct{}{}:
	default:
		result = Coalesced
	}
	s.opts.OnCommand(string(command), result)
}

// wayOut says what a refused sender should have done.
var wayOut = map[string]string{
	TooLong: fmt.Sprintf("a command has at most %d bytes", MaxDatagram),
	NotUTF8: "a command is plain text",
	Unknown: fmt.Sprintf("the commands are %s and %s", Refresh, DebugMem),
	Denied:  "send as root or as the agent's own user",
}

// refuse logs a datagram, if its kind has been quiet, and counts it.
func (s *Socket) refuse(datagram []byte, from sender, result string) {
	if pass, swallowed := s.lines.allow(result, s.now()); pass {
		attrs := []any{"reason", result, "hint", wayOut[result],
			"datagram", string(datagram[:min(len(datagram), logBytes)])}
		if from.known {
			attrs = append(attrs, "uid", from.uid, "pid", from.pid)
		}
		s.opts.Logger.Warn("command refused", append(attrs, "swallowed", swallowed)...)
	}
	s.opts.OnCommand(Other, result)
}

// logSwallowed tells at the end what no later line will tell.
func (s *Socket) logSwallowed() {
	for result, swallowed := range s.lines.drain() {
		s.opts.Logger.Warn("commands refused", "reason", result, "hint", wayOut[result], "swallowed", swallowed)
	}
}

// Close gives the name back and ends Run.
func (s *Socket) Close() error {
	if err := s.conn.Close(); err != nil {
		return fmt.Errorf("close command socket: %w", err)
	}
	return nil
}
