package amqp

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"strings"
)

// Just as much of AMQP 0-9-1 as a broker needs that only takes messages.

// frame is type, channel, size, payload and the octet 0xCE.
type frame struct {
	kind    byte // 1 method, 2 header, 3 body, 8 heartbeat
	channel uint16
	payload []byte
}

func readFrame(r io.Reader) (frame, error) {
	var head [7]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return frame{}, err
	}
	f := frame{head[0], binary.BigEndian.Uint16(head[1:]), make([]byte, binary.BigEndian.Uint32(head[3:]))}
	if _, err := io.ReadFull(r, f.payload); err != nil {
		return frame{}, err
	}
	var end [1]byte
	if _, err := io.ReadFull(r, end[:]); err != nil || end[0] != 0xCE {
		return frame{}, fmt.Errorf("a frame that ends in %x: %w", end, err)
	}
	return f, nil
}

func (f frame) bytes() []byte {
	b := binary.BigEndian.AppendUint16([]byte{f.kind}, f.channel)
	b = binary.BigEndian.AppendUint32(b, uint32(len(f.payload)))
	return append(append(b, f.payload...), 0xCE)
}

// method is class, number and arguments: a byte, uint16, uint32, uint64, a
// string for a short one and []byte for a long one or a table.
func method(channel uint16, class, number uint16, arguments ...any) frame {
	var b bytes.Buffer
	for _, a := range append([]any{class, number}, arguments...) {
		switch a := a.(type) {
		case string:
			b.WriteByte(byte(len(a)))
			b.WriteString(a)
		case []byte:
			_ = binary.Write(&b, binary.BigEndian, uint32(len(a)))
			b.Write(a)
		default:
			_ = binary.Write(&b, binary.BigEndian, a)
		}
	}
	return frame{1, channel, b.Bytes()}
}

// arguments takes the arguments of a method apart. Foreign ones would panic.
type arguments struct{ rest []byte }

func (a *arguments) take(n int) []byte {
	b := a.rest[:n]
	a.rest = a.rest[n:]
	return b
}

func (a *arguments) octet() byte    { return a.take(1)[0] }
func (a *arguments) short() uint16  { return binary.BigEndian.Uint16(a.take(2)) }
func (a *arguments) long() []byte   { return a.take(int(binary.BigEndian.Uint32(a.take(4)))) }
func (a *arguments) text() string   { return string(a.take(int(a.octet()))) }
func (a *arguments) number() uint64 { return binary.BigEndian.Uint64(a.take(8)) }

// properties reads those of a header frame: a bit for each that is there.
func (a *arguments) properties() map[string]string {
	flags := a.short()
	out := map[string]string{}
	for i, name := range strings.Fields(`content-type content-encoding headers delivery-mode priority correlation-id
		reply-to expiration message-id timestamp type user-id app-id cluster-id`) {
		if flags&(1<<(15-i)) == 0 {
			continue
		}
		switch name {
		case "delivery-mode", "priority":
			out[name] = fmt.Sprint(a.octet())
		case "timestamp":
			out[name] = fmt.Sprint(a.number())
		case "headers":
			a.long()
		default:
			out[name] = a.text()
		}
	}
	return out
}
