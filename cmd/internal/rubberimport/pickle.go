package rubberimport

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Bounds of a pickle.
const (
	maxPickle = 1 << 20 // bytes
	maxStack  = 10_000  // values, and marks
)

// mark is where a group of values begins on the stack.
type mark struct{}

// pickled is a list or a dictionary that a pickle makes.
type pickledDict struct{ items map[string]any }
type pickledList struct{ items []any }

// unpickle reads a pickle of protocol 0 to 4 that has texts, numbers, lists and
// dictionaries and nothing else. An opcode that would make an object of a class,
// which is how a pickle runs a program, is an error:
//
//	(dp0\nVtime\np1\nF1766000100.5\nsVqueue_name\np2\nVthumbnails\np3\ns.
//
// The opcodes are those of Python's pickletools.
func unpickle(b []byte) (any, error) {
	if len(b) > maxPickle {
		return nil, fmt.Errorf("a pickle of more than %d bytes", maxPickle)
	}
	u := &unpickler{rest: b, memo: map[int]any{}}
	for {
		if len(u.rest) == 0 {
			return nil, errCut
		}
		op := u.rest[0]
		u.rest = u.rest[1:]
		if op == '.' {
			return u.pop()
		}
		if err := u.do(op); err != nil {
			return nil, err
		}
		if len(u.stack) > maxStack || len(u.memo) > maxStack {
			return nil, fmt.Errorf("a pickle of more than %d values", maxStack)
		}
	}
}

var errCut = errors.New("a pickle that ends too early")

type unpickler struct {
	rest  []byte
	stack []any
	memo  map[int]any
}

func (u *unpickler) push(v any) { u.stack = append(u.stack, v) }

func (u *unpickler) pop() (any, error) {
	if len(u.stack) == 0 {
		return nil, errors.New("a pickle that takes what is not there")
	}
	v := u.stack[len(u.stack)-1]
	u.stack = u.stack[:len(u.stack)-1]
	return v, nil
}

// group takes the values down to the last mark.
func (u *unpickler) group() ([]any, error) {
	for i := len(u.stack) - 1; i >= 0; i-- {
		if _, ok := u.stack[i].(mark); ok {
			out := append([]any(nil), u.stack[i+1:]...)
			u.stack = u.stack[:i]
			return out, nil
		}
	}
	return nil, errors.New("a pickle with a group that does not begin")
}

func (u *unpickler) take(n int) ([]byte, error) {
	if n < 0 || n > len(u.rest) {
		return nil, errCut
	}
	b := u.rest[:n]
	u.rest = u.rest[n:]
	return b, nil
}

func (u *unpickler) lineText() (string, error) {
	i := bytes.IndexByte(u.rest, '\n')
	if i < 0 {
		return "", errCut
	}
	s := string(u.rest[:i])
	u.rest = u.rest[i+1:]
	return s, nil
}

// sized takes a text whose length stands before it in n bytes.
func (u *unpickler) sized(n int) (string, error) {
	b, err := u.take(n)
	if err != nil {
		return "", err
	}
	var size uint64
	for i := n - 1; i >= 0; i-- {
		size = size<<8 | uint64(b[i])
	}
	if size > uint64(len(u.rest)) {
		return "", errCut
	}
	b, err = u.take(int(size))
	return string(b), err
}

func (u *unpickler) do(op byte) error {
	switch op {
	case '(':
		u.push(mark{})
	case '}':
		u.push(&pickledDict{map[string]any{}})
	case ']', ')':
		u.push(&pickledList{})
	case 'N':
		u.push(nil)
	case 0x88, 0x89:
		u.push(op == 0x88)
	case 0x80: // the protocol
		_, err := u.take(1)
		return err
	case 0x95: // a frame
		_, err := u.take(8)
		return err
	case '0':
		_, err := u.pop()
		return err
	case 'd', 's', 'u':
		return u.setItems(op)
	case 'l', 't', 'a', 'e', 0x85, 0x86, 0x87:
		return u.collect(op)
	case 'p', 'q', 'r', 0x94, 'g', 'h', 'j':
		return u.remember(op)
	case 'S', 'T', 'U', 'V', 'X', 'C', 'B', 0x8c, 0x8d, 0x8e:
		return u.text(op)
	case 'F', 'G', 'I', 'J', 'K', 'M', 'L', 0x8a:
		return u.number(op)
	default:
		return fmt.Errorf("a pickle with the instruction %q, which can run a program: it is not followed", op)
	}
	return nil
}

func (u *unpickler) setItems(op byte) error {
	var pairs []any
	var err error
	if op == 's' {
		v, e1 := u.pop()
		k, e2 := u.pop()
		pairs, err = []any{k, v}, errors.Join(e1, e2)
	} else {
		pairs, err = u.group()
	}
	if err != nil {
		return err
	}
	if op == 'd' {
		u.push(&pickledDict{map[string]any{}})
	}
	if len(u.stack) == 0 || len(pairs)%2 != 0 {
		return errors.New("a pickle with half an item")
	}
	d, ok := u.stack[len(u.stack)-1].(*pickledDict)
	if !ok {
		return errors.New("a pickle that puts an item where there is no dictionary")
	}
	for i := 0; i < len(pairs); i += 2 {
		if k, ok := pairs[i].(string); ok {
			d.items[k] = pairs[i+1]
		}
	}
	return nil
}

func (u *unpickler) collect(op byte) error {
	var items []any
	var err error
	switch op {
	case 'a':
		var v any
		v, err = u.pop()
		items = []any{v}
	case 0x85, 0x86, 0x87:
		n := int(op - 0x84)
		if len(u.stack) < n {
			return errors.New("a pickle that takes what is not there")
		}
		items = append(items, u.stack[len(u.stack)-n:]...)
		u.stack = u.stack[:len(u.stack)-n]
	default:
		items, err = u.group()
	}
	if err != nil {
		return err
	}
	if op == 'a' || op == 'e' {
		if len(u.stack) == 0 {
			return errors.New("a pickle that takes what is not there")
		}
		l, ok := u.stack[len(u.stack)-1].(*pickledList)
		if !ok {
			return errors.New("a pickle that puts an item where there is no list")
		}
		l.items = append(l.items, items...)
		return nil
	}
	u.push(&pickledList{items})
	return nil
}

func (u *unpickler) remember(op byte) error {
	n := len(u.memo)
	switch op {
	case 'p', 'g':
		s, err := u.lineText()
		if err != nil {
			return err
		}
		if n, err = strconv.Atoi(s); err != nil {
			return fmt.Errorf("a pickle with the place %q", s)
		}
	case 'q', 'h', 'r', 'j':
		size := 1
		if op == 'r' || op == 'j' {
			size = 4
		}
		b, err := u.take(size)
		if err != nil {
			return err
		}
		n = int(b[0])
		if size == 4 {
			n = int(binary.LittleEndian.Uint32(b))
		}
	}
	if op == 'g' || op == 'h' || op == 'j' {
		v, ok := u.memo[n]
		if !ok {
			return errors.New("a pickle that recalls what it has not kept")
		}
		u.push(v)
		return nil
	}
	if len(u.stack) == 0 {
		return errors.New("a pickle that takes what is not there")
	}
	u.memo[n] = u.stack[len(u.stack)-1]
	return nil
}

func (u *unpickler) text(op byte) (err error) {
	var s string
	switch op {
	case 'S':
		if s, err = u.lineText(); err != nil {
			return err
		}
		v, err := literal(s)
		if err != nil {
			return err
		}
		s = v
	case 'V':
		if s, err = u.lineText(); err != nil {
			return err
		}
		s = rawUnicode(s)
	case 'T', 'X', 'B':
		s, err = u.sized(4)
	case 'U', 'C', 0x8c:
		s, err = u.sized(1)
	default:
		s, err = u.sized(8)
	}
	if err != nil {
		return err
	}
	if !utf8.ValidString(s) { // of Python 2: bytes, mostly Latin-1
		r := make([]rune, len(s))
		for i := range len(s) {
			r[i] = rune(s[i])
		}
		s = string(r)
	}
	u.push(s)
	return nil
}

func (u *unpickler) number(op byte) error {
	switch op {
	case 'F', 'I', 'L':
		s, err := u.lineText()
		if err != nil {
			return err
		}
		if op == 'I' && (s == "00" || s == "01") {
			u.push(s == "01")
			return nil
		}
		v, err := strconv.ParseFloat(strings.TrimSuffix(s, "L"), 64)
		if err != nil {
			return fmt.Errorf("a pickle with the number %.40q", s)
		}
		u.push(v)
		return nil
	case 0x8a:
		s, err := u.sized(1)
		if err != nil || len(s) > 8 {
			return errors.Join(err, errors.New("a pickle with a number that is too long"))
		}
		v := 0.0
		for i := range len(s) {
			v += float64(s[i]) * math.Pow(256, float64(i))
		}
		if s != "" && s[len(s)-1] >= 0x80 {
			v -= math.Pow(256, float64(len(s)))
		}
		u.push(v)
		return nil
	}
	b, err := u.take(map[byte]int{'G': 8, 'J': 4, 'K': 1, 'M': 2}[op])
	if err != nil {
		return err
	}
	switch op {
	case 'G':
		u.push(math.Float64frombits(binary.BigEndian.Uint64(b)))
	case 'J':
		u.push(float64(int32(binary.LittleEndian.Uint32(b))))
	case 'K':
		u.push(float64(b[0]))
	case 'M':
		u.push(float64(binary.LittleEndian.Uint16(b)))
	}
	return nil
}
