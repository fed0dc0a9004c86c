package rubberimport

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"
)

// maxStore bounds a store, bytes.
const maxStore = 64 << 20

// DumpCommand prints a store as JSON, which ReadStore takes. It is for stores in
// a format that is not known, and runs where the store was made. The path
// follows.
const DumpCommand = `python -c 'import json,shelve,sys; print(json.dumps(dict(shelve.open(sys.argv[1], "r"))))'`

// Machine is one that the ancestor has made.
type Machine struct {
	Name    string
	Queue   string
	Created time.Time // zero: not known
}

// ReadStore reads the machines of the ancestor's store, vm_object_store.dat: a
// shelve in any of the formats that Python 2 or 3 write (Berkeley DB's hash,
// gdbm, dumbdbm), or JSON, {"name": {"time": …, "queue_name": "…"}}. path is what
// the ancestor was told, which some formats add an ending to. Records that
// cannot be read are noted.
func ReadStore(path string) ([]Machine, []Note, error) {
	records, err := readRecords(path)
	if err != nil {
		return nil, nil, fmt.Errorf("read the ancestor's store: %w", err)
	}
	var machines []Machine
	var notes []Note
	for _, r := range records {
		name := latin(string(r.key))
		m, err := machine(name, r.value)
		if err != nil {
			notes = append(notes, Note{Key: fmt.Sprintf("machine %.64q", name), Text: fmt.Sprintf("its record is not understood: %v; look for it in the cloud", err)})
			continue
		}
		machines = append(machines, m)
	}
	slices.SortFunc(machines, func(a, b Machine) int { return strings.Compare(a.Name, b.Name) })
	return machines, notes, nil
}

func machine(name string, pickle []byte) (Machine, error) {
	v, err := unpickle(pickle)
	if err != nil {
		return Machine{}, err
	}
	d, ok := v.(*pickledDict)
	if !ok {
		return Machine{}, errors.New("it is no dictionary")
	}
	return machineOf(name, d.items["queue_name"], d.items["time"])
}

// machineOf checks what a record says.
func machineOf(name string, queue, when any) (Machine, error) {
	m := Machine{Name: name}
	if name == "" || len(name) > 255 || strings.ContainsFunc(name, func(r rune) bool { return r < ' ' || r == 0x7f }) {
		return m, errors.New("its key is no name")
	}
	m.Queue, _ = queue.(string)
	if m.Queue == "" || len(m.Queue) > 255 {
		return m, errors.New("it has no queue_name")
	}
	if s, ok := when.(float64); ok && s > 0 && s < 1e11 {
		whole, part := math.Modf(s)
		m.Created = time.Unix(int64(whole), int64(part*1e9)).UTC()
	}
	return m, nil
}

func readRecords(path string) ([]record, error) {
	// dumbdbm has an index beside its data, and no file of the plain name.
	if index, err := readFile(path + ".dir"); err == nil && len(index) > 0 {
		if data, err := readFile(path + ".dat"); err == nil {
			return readDumb(index, data)
		}
	}
	var first error
	for _, name := range []string{path, path + ".db", path + ".pag"} {
		b, err := readFile(name)
		if errors.Is(err, fs.ErrNotExist) {
			first = firstOf(first, err)
			continue
		}
		if err != nil {
			return nil, err
		}
		return recordsOf(name, b)
	}
	return nil, first
}

func firstOf(a, b error) error {
	if a != nil {
		return a
	}
	return b
}

func readFile(name string) ([]byte, error) {
	info, err := os.Stat(name)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is no file", name)
	}
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, maxStore+1))
	if err == nil && len(b) > maxStore {
		err = fmt.Errorf("%s has more than %d bytes", name, maxStore)
	}
	return b, err
}

// recordsOf reads a file by what it begins with.
func recordsOf(name string, b []byte) ([]record, error) {
	if o := order(b, 0, gdbm32, gdbm64, gdbmSync32, gdbmSync64, gdbmOld); o != nil {
		return readGDBM(b, o)
	}
	if o := order(b, hashMagicAt, hashMagic); o != nil {
		return readBerkeley(b, o)
	}
	if t := bytes.TrimLeft(b, " \t\r\n"); len(t) > 0 && t[0] == '{' {
		return readJSON(b)
	}
	if len(b) == 0 {
		return nil, nil
	}
	return nil, fmt.Errorf("%s is in a format that is not known here; run, where it was made:\n  %s %s > machines.json\nand name machines.json instead", name, DumpCommand, name)
}

// readDumb reads what dumbdbm writes, in an index with lines
//
//	'thumbnail-0e7c…', (512, 94)
func readDumb(index, data []byte) ([]record, error) {
	var out []record
	n := 0
	for line := range bytes.Lines(index) {
		n++
		if len(bytes.TrimSpace(line)) == 0 {
			continue
		}
		bad := fmt.Errorf("line %d of the index is not 'name', (place, size)", n)
		i := bytes.LastIndexByte(line, '(')
		if i < 0 || len(out) >= maxRecords {
			return nil, bad
		}
		key, err := literal(string(line[:i]))
		if err != nil {
			return nil, bad
		}
		place, size, ok := strings.Cut(strings.TrimRight(string(line[i+1:]), ") \r\n"), ",")
		at, err1 := strconv.Atoi(strings.TrimSpace(place))
		length, err2 := strconv.Atoi(strings.TrimSpace(size))
		if !ok || err1 != nil || err2 != nil || at < 0 || length < 0 || at > len(data) || length > len(data)-at {
			return nil, bad
		}
		out = append(out, record{[]byte(key), data[at : at+length]})
	}
	return out, nil
}

// readJSON makes records of what DumpCommand prints, as if they had been
// pickled.
func readJSON(b []byte) ([]record, error) {
	var all map[string]struct {
		Time  float64 `json:"time"`
		Queue string  `json:"queue_name"`
	}
	if err := json.Unmarshal(b, &all); err != nil {
		return nil, fmt.Errorf(`this is not {"name": {"time": 0, "queue_name": "…"}}: %w`, err)
	}
	var out []record
	for name, r := range all {
		p := fmt.Appendf(nil, "\x80\x02}(X\x04\x00\x00\x00timeF%s\nX\x0a\x00\x00\x00queue_nameX", strconv.FormatFloat(r.Time, 'g', -1, 64))
		p = append(p, byte(len(r.Queue)), byte(len(r.Queue)>>8), byte(len(r.Queue)>>16), byte(len(r.Queue)>>24))
		p = append(append(p, r.Queue...), "u."...)
		out = append(out, record{[]byte(name), p})
	}
	return out, nil
}
