package xapitest

import (
	"slices"
	"sync"
)

// FaultKind is what goes wrong.
type FaultKind int

// The kinds of faults. Those of one request of any kind come first, then
// those of an answer's bytes, of an updates document, and of an RPC.
const (
	// Status answers with the HTTP status Code and the toolstack's page.
	Status FaultKind = iota + 1
	// HangHeader reads the request and sends nothing, until the client or
	// the server closes the connection.
	HangHeader
	// Cut closes the connection without carrying the request out.
	Cut
	// LostAnswer carries the request out and closes the connection without
	// an answer.
	LostAnswer

	// HangBody sends the header and At bytes of the body, and hangs. A
	// negative At counts from the end; never is the whole body sent.
	HangBody
	// Truncate sends the whole header and At bytes of the body, counted as
	// for HangBody, and closes.
	Truncate
	// Garbage overwrites the body from byte At with 32 bytes that belong to
	// no format.
	Garbage
	// HTMLPage answers with status 200 and an HTML page.
	HTMLPage
	// Oversize repeats the rows of an updates document until it has At bytes,
	// or for ever if At is 0, and then ends it well. A document without rows
	// is left as it is.
	Oversize

	// WrongForm answers JSON where XML is due, and XML where JSON is.
	WrongForm
	// ShortRow leaves the last value of row At out (0 is the newest).
	ShortRow
	// LongRow adds a value to row At.
	LongRow
	// BadNumber writes Text in place of the value in column At of the newest
	// row.
	BadNumber
	// BadLegend writes Text in place of legend entry At.
	BadLegend

	// RPCFailure fails the call with Failure, code first, whatever its
	// session and arguments; a call that the emergency mode refuses is none.
	RPCFailure
	// NullRef makes message.create report success with OpaqueRef:NULL, and
	// store nothing.
	NullRef
)

var faultNames = map[FaultKind]string{
	Status: "status", HangHeader: "hang-header", Cut: "cut", LostAnswer: "lost-answer", HangBody: "hang-body",
	Truncate: "truncate", Garbage: "garbage", HTMLPage: "html", Oversize: "oversize", WrongForm: "wrong-form",
	ShortRow: "short-row", LongRow: "long-row", BadNumber: "bad-number", BadLegend: "bad-legend",
	RPCFailure: "failure", NullRef: "null",
}

// String is the word for the kind in scripts and records.
func (k FaultKind) String() string { return faultNames[k] }

// ParseFaultKind is the reverse of String.
func ParseFaultKind(word string) (FaultKind, bool) {
	for k, name := range faultNames {
		if name == word {
			return k, true
		}
	}
	return 0, false
}

// beforeAnswer says whether the fault comes before an answer is made.
func (k FaultKind) beforeAnswer() bool {
	return k == Status || k == HangHeader || k == Cut || k == HTMLPage
}

// Fault is an order to spoil requests. Which ones: those that agree with
// every one of Endpoint, Path, Method and Object that is set. A kind that is
// about RPC spoils only calls, a kind about documents only updates.
type Fault struct {
	Endpoint Endpoint
	Path     string // of the URL, such as "/rrd_updates"
	Method   string // of the RPC, such as "message.create"
	Object   string // one of the RPC's arguments is this uuid or reference
	Skip     int    // let the first Skip of them pass
	Count    int    // spoil so many; 0 means until cleared

	Kind    FaultKind
	Code    int      // Status: the HTTP status
	At      int      // a byte, row or column; see the kinds
	Text    string   // BadNumber, BadLegend; empty means "bogus"
	Failure []string // RPCFailure: code and parameters
}

// Installed is a fault that has been ordered.
type Installed struct {
	faults *faults
	fault  Fault

	seen, hits int // guarded by faults.mu
}

// faults are those ordered and not used up. The first that matches is used.
type faults struct {
	mu   sync.Mutex
	list []*Installed // guarded by mu
}

// Install orders a fault.
func (s *Server) Install(f Fault) *Installed {
	if f.Text == "" {
		f.Text = "bogus"
	}
	s.faults.mu.Lock()
	defer s.faults.mu.Unlock()
	i := &Installed{faults: &s.faults, fault: f}
	s.faults.list = append(s.faults.list, i)
	return i
}

// ClearFaults withdraws all orders. What hangs goes on hanging.
func (s *Server) ClearFaults() {
	s.faults.mu.Lock()
	defer s.faults.mu.Unlock()
	s.faults.list = nil
}

// Hits is how many requests the fault has spoiled.
func (i *Installed) Hits() int {
	i.faults.mu.Lock()
	defer i.faults.mu.Unlock()
	return i.hits
}

// Clear withdraws the order.
func (i *Installed) Clear() {
	i.faults.mu.Lock()
	defer i.faults.mu.Unlock()
	i.faults.list = slices.DeleteFunc(i.faults.list, func(o *Installed) bool { return o == i })
}

// take finds the fault for a request, and counts it as used.
func (f *faults) take(x *exchange) *Fault {
	refused := x.call != nil && x.s.emergency() != nil && !emergencyCalls[x.call.method]
	f.mu.Lock()
	defer f.mu.Unlock()
	for n, i := range f.list {
		if refused && i.fault.Kind >= RPCFailure {
			continue
		}
		if !i.fault.matches(x) {
			continue
		}
		if f.use(n) {
			return &i.fault
		}
	}
	return nil
}

// use counts a request that the n-th fault is for, and says whether it spoils
// it. It is called with the lock held.
func (f *faults) use(n int) bool {
	i := f.list[n]
	i.seen++
	if i.seen <= i.fault.Skip {
		return false
	}
	i.hits++
	if i.hits == i.fault.Count {
		f.list = slices.Delete(slices.Clone(f.list), n, n+1)
	}
	return true
}

func (f *Fault) matches(x *exchange) bool {
	switch {
	case f.Endpoint != "" && f.Endpoint != x.ep, f.Path != "" && f.Path != x.req.URL.Path:
		return false
	case x.call == nil:
		return f.Method == "" && f.Object == "" && f.Kind != RPCFailure && f.Kind != NullRef
	case f.Kind == NullRef && x.call.method != "message.create", f.Method != "" && f.Method != x.call.method:
		return false
	case f.Kind == Oversize || f.Kind >= WrongForm && f.Kind <= BadLegend:
		return false
	}
	return f.Object == "" || slices.Contains(x.call.args, any(f.Object))
}
