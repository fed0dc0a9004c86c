package sim

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"time"
)

// Task is one task of a trace.
type Task struct {
	At    time.Duration // when it comes, from the beginning of the trace
	Run   time.Duration // for how long it keeps one slot
	Queue string
}

// Trace is tasks in the order in which they come.
type Trace struct {
	Name  string
	Span  time.Duration // what it is a trace of; machines are paid for at least so long
	Tasks []Task
}

// Work is how much there is to do, in machine time.
func (t *Trace) Work() time.Duration {
	var sum time.Duration
	for _, task := range t.Tasks {
		sum += task.Run
	}
	return sum
}

// Queues are the names of queues, in order.
func (t *Trace) Queues() []string {
	var names []string
	seen := map[string]bool{}
	for _, task := range t.Tasks {
		if !seen[task.Queue] {
			seen[task.Queue] = true
			names = append(names, task.Queue)
		}
	}
	slices.Sort(names)
	return names
}

// maxTasks is how many tasks a trace from outside may have.
const maxTasks = 5_000_000

// ReadCSV reads an arrival log: a line a task, with the time it came and for how
// long it ran, both in seconds, and the queue, which may be left out. The time is
// counted from wherever the log likes; a first line of words is skipped.
//
//	time,duration,queue
//	1732283000.25,61.7,tiles
//	1732283001.00,12.4,tiles
func ReadCSV(r io.Reader, name string) (*Trace, error) {
	in := csv.NewReader(r)
	in.FieldsPerRecord = -1
	in.Comment = '#'
	in.TrimLeadingSpace = true
	in.ReuseRecord = true
	type row struct {
		at, run float64
		queue   string
	}
	var rows []row
	for first := true; ; first = false {
		record, err := in.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("read trace %s: %w", name, err)
		}
		line, _ := in.FieldPos(0)
		if len(record) < 2 {
			return nil, fmt.Errorf("read trace %s: line %d has %d fields, and needs time,duration[,queue]", name, line, len(record))
		}
		at, err := strconv.ParseFloat(record[0], 64)
		if errors.Is(err, strconv.ErrSyntax) && first {
			continue // the names of the columns
		}
		run, err2 := strconv.ParseFloat(record[1], 64)
		if err := errors.Join(err, err2); err != nil {
			return nil, fmt.Errorf("read trace %s: line %d: %w: time and duration are seconds", name, line, err)
		}
		if math.IsNaN(at) || math.Abs(at) > 1e12 || !(run >= 0) || run > 1e7 {
			return nil, fmt.Errorf("read trace %s: line %d: time %q or duration %q is out of range: seconds are expected", name, line, record[0], record[1])
		}
		if len(rows) == maxTasks {
			return nil, fmt.Errorf("read trace %s: line %d: more than %d tasks: cut the log", name, line, maxTasks)
		}
		queue := "default"
		if len(record) > 2 && record[2] != "" {
			queue = record[2]
		}
		rows = append(rows, row{at, run, queue})
	}
	if len(rows) == 0 {
		return nil, fmt.Errorf("read trace %s: there is no task in it", name)
	}
	slices.SortStableFunc(rows, func(a, b row) int {
		switch {
		case a.at < b.at:
			return -1
		case a.at > b.at:
			return 1
		}
		return 0
	})
	begin, end := rows[0].at, rows[len(rows)-1].at
	if end-begin > maxSpan.Seconds() {
		return nil, fmt.Errorf("read trace %s: it spans %.0f days, and the most is %.0f: cut the log", name, (end-begin)/86400, maxSpan.Hours()/24)
	}
	t := &Trace{Name: name, Span: seconds(end - begin)}
	for _, r := range rows {
		t.Tasks = append(t.Tasks, Task{At: seconds(r.at - begin), Run: seconds(r.run), Queue: r.queue})
	}
	return t, nil
}

// maxSpan is how long a trace may be.
const maxSpan = 31 * 24 * time.Hour

func seconds(s float64) time.Duration { return time.Duration(math.Round(s * 1e9)) }

// WriteCSV writes what ReadCSV reads.
func (t *Trace) WriteCSV(w io.Writer) error {
	out := csv.NewWriter(w)
	_ = out.Write([]string{"time", "duration", "queue"}) // Flush has the error
	for _, task := range t.Tasks {
		_ = out.Write([]string{
			strconv.FormatFloat(task.At.Seconds(), 'f', 3, 64),
			strconv.FormatFloat(task.Run.Seconds(), 'f', 3, 64), task.Queue})
	}
	out.Flush()
	if err := out.Error(); err != nil {
		return fmt.Errorf("write trace %s: %w", t.Name, err)
	}
	return nil
}
