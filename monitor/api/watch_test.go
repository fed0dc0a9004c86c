package api

import (
	"bufio"
	"context"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"perfmon/alarm"
	"perfmon/monitor"
	"perfmon/monitor/api/door/doortest"
)

// eventOfWeb is the n-th transition of a variable of web-07.
func eventOfWeb(n int64) *alarm.Event {
	return &alarm.Event{
		ID: alarm.ID{Class: "vm", UUID: webUUID, Variable: "cpu_usage"}, Kind: alarm.KindRaised, HostUUID: hostUUID, Name: "web-07",
		Epoch: "e", Sequence: n, Time: 900 + n, State: "firing", Severity: alarm.Critical, Known: true, Value: float64(n), Level: 0.5,
	}
}

// chronicle is the transitions that are remembered.
type chronicle struct {
	mu     sync.Mutex
	events []*alarm.Event
}

func (c *chronicle) add(events ...*alarm.Event) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.events = append(c.events, events...)
}

func (c *chronicle) newestFirst() iter.Seq[*alarm.Event] {
	c.mu.Lock()
	defer c.mu.Unlock()
	events := slices.Clone(c.events)
	return func(yield func(*alarm.Event) bool) {
		for _, e := range slices.Backward(events) {
			if !yield(e) {
				return
			}
		}
	}
}

// station is an API to watch, on a unix socket and on a web port.
type station struct {
	*testing.T
	l      *local
	feed   *Feed
	past   *chronicle
	socket string
	web    string
}

func newStation(t *testing.T, with func(*local)) *station {
	past := &chronicle{}
	s := &station{T: t, feed: NewFeed(), past: past}
	s.l = newLocal(LocalOptions{Monitor: &fakeMonitor{snapshot: snapshotOf()}, Version: "1.2", Logger: quiet, Feed: s.feed, History: past.newestFirst})
	s.l.now = func() time.Time { return time.Unix(1000, 0) }
	if with != nil {
		with(s.l)
	}
	service := &Service{s.l}
	s.socket = doortest.ShortDir(t) + "/s"
	serveSocket(t, s.socket, service.Local())
	s.web = startPort(t, handlerFor(t, Options{API: service.Public(), Listen: []string{"127.0.0.1:0"}}), "")
	return s
}

// listener reads one stream.
type listener struct {
	*testing.T
	resp  *http.Response
	lines *bufio.Scanner
}

// listen begins a stream and reads its first event, a poll.
func (s *station) listen(client *http.Client, url string, header ...string) *listener {
	s.Helper()
	r := doortest.Request(s.T, "GET", url, header...)
	resp, err := client.Do(r)
	if err != nil {
		s.Fatal(err)
	}
	s.Cleanup(func() { resp.Body.Close() })
	if resp.StatusCode != 200 || resp.Header.Get("Content-Type") != "text/event-stream" || resp.Header.Get(VersionHeader) != "1.2" {
		s.Fatalf("%s, %v", resp.Status, resp.Header)
	}
	lines := bufio.NewScanner(resp.Body)
	lines.Buffer(nil, 1<<20)
	return &listener{s.T, resp, lines}
}

func (s *station) onSocket(query string, header ...string) *listener {
	s.Helper()
	return s.listen(doortest.SocketClient(s.T, s.socket), "http://perfmon/v1/watch"+query, header...)
}

// next is the next event: its name, id and data; "" at the end of the stream.
func (l *listener) next() (event, id, data string) {
	for l.lines.Scan() {
		name, value, _ := strings.Cut(l.lines.Text(), ": ")
		switch name {
		case "event":
			event = value
		case "id":
			id = value
		case "data":
			data = value
		case "":
			if event != "" {
				return event, id, data
			}
		}
	}
	return "", "", ""
}

// want reads the next event, which has to be of a kind.
func (l *listener) want(kind string, into any) (id string) {
	l.Helper()
	event, id, data := l.next()
	if event != kind {
		l.Fatalf("the event %q %s; want %q", event, data, kind)
	}
	if err := json.Unmarshal([]byte(data), into); err != nil {
		l.Fatal(err)
	}
	return id
}

func (l *listener) wantEnd() {
	l.Helper()
	if event, _, data := l.next(); event != "" {
		l.Errorf("%s %s where the stream should have ended", event, data)
	}
}

func TestWatch(t *testing.T) {
	s := newStation(t, nil)
	socket := s.onSocket("")
	web := s.listen(doortest.Client(t), "http://"+s.web+"/v1/watch?overview=false")
	for _, l := range []*listener{socket, web} {
		var poll WatchPoll
		l.want(EventPoll, &poll)
		if poll.API != Version1 || poll.Counts.Variables != 1 || (poll.Overview == nil) != (l == web) {
			t.Errorf("the first poll: %+v", poll)
		}
	}
	e := eventOfWeb(1)
	s.past.add(e)
	s.feed.Said([]*alarm.Event{e})
	for _, l := range []*listener{socket, web} {
		var got Transition
		if id := l.want(EventAlarm, &got); id != e.EventID() || got.ID != id || got.Kind != alarm.KindRaised || got.UUID != webUUID || *got.Value != 1 || got.Time != 901 {
			t.Errorf("id %q: %+v", id, got)
		}
	}
	// A silence is made: the next picture has it.
	first, second := *snapshotOf(), *snapshotOf()
	first.Polled = 990
	second.Polled, second.Silences = 995, []alarm.Silence{{ID: "x", Ends: 2000}, {ID: "over", Ends: 999}}
	s.feed.Published(&first)
	for _, l := range []*listener{socket, web} {
		var poll WatchPoll
		if l.want(EventPoll, &poll); poll.LastPoll != 990 || poll.State != StateRunning {
			t.Errorf("%+v", poll)
		}
	}
	s.feed.Published(&second)
	for _, l := range []*listener{socket, web} {
		var silences Silences
		if l.want(EventSilence, &silences); len(silences.Silences) != 1 || silences.Silences[0].ID != "x" || silences.API != Version1 {
			t.Errorf("%+v", silences)
		}
		var poll WatchPoll
		if l.want(EventPoll, &poll); poll.LastPoll != 995 || poll.Counts.Silences != 1 {
			t.Errorf("%+v", poll)
		}
	}
	s.feed.Close()
	socket.wantEnd()
	web.wantEnd()
	s.onSocket("").wantEndAfterPoll()
}

// wantEndAfterPoll: who comes too late is told how it is, and no more.
func (l *listener) wantEndAfterPoll() {
	l.Helper()
	l.want(EventPoll, &WatchPoll{})
	l.wantEnd()
}

// TestWatchOneObject: transitions of others are not told.
func TestWatchOneObject(t *testing.T) {
	s := newStation(t, nil)
	l := s.onSocket("?object=web-07")
	l.want(EventPoll, &WatchPoll{})
	other, ours := eventOfWeb(1), eventOfWeb(2)
	other.UUID = dbUUID
	s.feed.Said([]*alarm.Event{other, ours})
	var got Transition
	if l.want(EventAlarm, &got); got.Sequence != 2 {
		t.Errorf("%+v", got)
	}
}

// TestWatchResumes: what was said while a reader was away comes first, once,
// also for names with which a line would end.
func TestWatchResumes(t *testing.T) {
	s := newStation(t, nil)
	var events []*alarm.Event
	for n := range int64(4) {
		e := eventOfWeb(n + 1)
		e.Variable = "a%b\n: c"
		events = append(events, e)
	}
	s.past.add(events[:3]...)
	id := lineOf(events[0].EventID())
	if strings.ContainsAny(id, "\n\r") {
		t.Fatalf("an id on several lines: %q", id)
	}
	for _, l := range []*listener{s.onSocket("", "Last-Event-ID", id), s.onSocket("?last=" + strings.NewReplacer("%", "%25", " ", "%20").Replace(id))} {
		for n := int64(2); n <= 3; n++ {
			var got Transition
			if at := l.want(EventAlarm, &got); got.Sequence != n || at != lineOf(events[n-1].EventID()) {
				t.Errorf("%q: %+v, want number %d", at, got, n)
			}
		}
		l.want(EventPoll, &WatchPoll{})
	}
	l := s.onSocket("", "Last-Event-ID", "of another journal")
	l.want(EventPoll, &WatchPoll{})

	// One that is told while the stream begins, and is in the history by then,
	// is told once.
	out := &stream{}
	told := s.l.resume(out, id, func(*alarm.Event) bool { return true })
	if len(told) != 2 || !told[events[1].EventID()] || !told[events[2].EventID()] {
		t.Errorf("told: %v", told)
	}
}

func TestWatchIsRefused(t *testing.T) {
	s := newStation(t, nil)
	refused := func(query string, status int, says string) {
		t.Helper()
		resp, body := doortest.Do(t, doortest.SocketClient(t, s.socket), doortest.Request(t, "GET", "http://perfmon/v1/watch"+query))
		if resp.StatusCode != status || !strings.Contains(body, says) {
			t.Errorf("%s: %s %s", query, resp.Status, body)
		}
	}
	refused("?overview=maybe", 400, "overview is")
	refused("?objects=web-07", 400, `\"objects\"`)
	refused("?object=nobody", 404, "nobody")
	s.l.Feed = nil
	refused("", 404, "no news")
}

// TestManyWatch: the socket has places for requests besides those who watch,
// and whoever goes makes room.
func TestManyWatch(t *testing.T) {
	s := newStation(t, nil)
	var there []*listener
	for range maxWatchers {
		l := s.onSocket("?overview=false")
		l.want(EventPoll, &WatchPoll{})
		there = append(there, l)
	}
	resp, body := doortest.Do(t, doortest.SocketClient(t, s.socket), doortest.Request(t, "GET", "http://perfmon/v1/watch"))
	if resp.StatusCode != 503 || !strings.Contains(body, "watch already") {
		t.Errorf("one more: %s %s", resp.Status, body)
	}
	if resp, _ := doortest.Do(t, doortest.SocketClient(t, s.socket), doortest.Request(t, "GET", "http://perfmon/v1/status")); resp.StatusCode != 200 {
		t.Errorf("a request beside them: %s", resp.Status)
	}
	s.listen(doortest.Client(t), "http://"+s.web+"/v1/watch").want(EventPoll, &WatchPoll{}) // the web port has its own
	there[3].resp.Body.Close()
	for len(watchersOf(s.feed)) == maxWatchers+1 {
		time.Sleep(time.Millisecond) // the server notices
	}
	s.onSocket("").want(EventPoll, &WatchPoll{})
}

func watchersOf(f *Feed) []*watcher {
	f.mu.Lock()
	defer f.mu.Unlock()
	var list []*watcher
	for w := range f.watchers {
		list = append(list, w)
	}
	return list
}

// TestReaderVanishes: one who hangs up is forgotten.
func TestReaderVanishes(t *testing.T) {
	s := newStation(t, nil)
	for _, dial := range []func() (net.Conn, error){
		func() (net.Conn, error) { return net.Dial("unix", s.socket) },
		func() (net.Conn, error) { return net.Dial("tcp", s.web) },
	} {
		conn, err := dial()
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(conn, "GET /v1/watch HTTP/1.1\r\nHost: localhost\r\n\r\n")
		if _, err := io.ReadFull(conn, make([]byte, 100)); err != nil {
			t.Fatal(err)
		}
		conn.Close()
		for len(watchersOf(s.feed)) > 0 {
			time.Sleep(time.Millisecond)
		}
	}
}

// TestSlowReader: one who does not read is hung up on, the others and the
// loop do not notice.
func TestSlowReader(t *testing.T) {
	s := newStation(t, func(l *local) { l.takeTime = 50 * time.Millisecond })
	conn, err := net.Dial("unix", s.socket)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprintf(conn, "GET /v1/watch HTTP/1.1\r\nHost: localhost\r\n\r\n")
	quick := s.onSocket("?overview=false")
	quick.want(EventPoll, &WatchPoll{})
	for len(watchersOf(s.feed)) < 2 {
		time.Sleep(time.Millisecond)
	}
	e := eventOfWeb(1)
	e.Labels = map[string]string{"l": strings.Repeat("x", 20<<10)}
	n := 0
	for len(watchersOf(s.feed)) == 2 {
		s.feed.Said([]*alarm.Event{e})
		n++
		quick.want(EventAlarm, &Transition{})
	}
	if n < 2 {
		t.Error("it was hung up on at once")
	}
	s.feed.Said([]*alarm.Event{e})
	quick.want(EventAlarm, &Transition{})
}

// TestFeedDoesNotWait: nobody takes what is told, and the feed holds no more
// than its bound.
func TestFeedDoesNotWait(t *testing.T) {
	f := NewFeed()
	w := f.watch(false)
	var last *monitor.Snapshot
	for range 1000 {
		last = &monitor.Snapshot{}
		f.Published(last)
	}
	for n := range int64(maxUntold) {
		f.Said([]*alarm.Event{eventOfWeb(n)})
	}
	f.Said(nil)
	if got := f.take(w); got.poll != last || len(got.transitions) != maxUntold || got.over {
		t.Errorf("%d transitions, over %t", len(got.transitions), got.over)
	}
	if got := f.take(w); got.poll != nil || got.transitions != nil {
		t.Errorf("taken again: %+v", got)
	}
	for n := range int64(maxUntold + 1) {
		f.Said([]*alarm.Event{eventOfWeb(n)})
	}
	if got := f.take(w); !got.over || len(got.transitions) > 0 || len(watchersOf(f)) != 0 {
		t.Errorf("too many: over %t, %d transitions", got.over, len(got.transitions))
	}
	f.leave(w)
}

// TestKeepAlive: a stream without news says that it is there, and outlives
// the time that a server gives for a request to be read.
func TestKeepAlive(t *testing.T) {
	s := newStation(t, func(l *local) { l.keepAlive = time.Millisecond })
	l := s.onSocket("")
	l.want(EventPoll, &WatchPoll{})
	for comments := 0; comments < 3; {
		if !l.lines.Scan() {
			t.Fatal("the stream ended")
		}
		if l.lines.Text() == ":" {
			comments++
		}
	}

	server := &http.Server{Handler: s.l.handler(), ReadTimeout: time.Second, WriteTimeout: time.Second}
	at, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- server.Serve(at) }()
	defer func() {
		server.Shutdown(context.Background())
		<-done
	}()
	long := s.listen(doortest.Client(t), "http://"+at.Addr().String()+"/v1/watch")
	begun := time.Now()
	for time.Since(begun) < server.ReadTimeout*3/2 {
		if !long.lines.Scan() {
			t.Fatal("the stream ended with the time to read its request")
		}
	}
	s.feed.Close()
}

func TestHeadOfWatch(t *testing.T) {
	s := newStation(t, nil)
	resp, body := doortest.Do(t, doortest.SocketClient(t, s.socket), doortest.Request(t, "HEAD", "http://perfmon/v1/watch"))
	if resp.StatusCode != 200 || body != "" || resp.Header.Get("Content-Type") != "text/event-stream" {
		t.Errorf("%s %q", resp.Status, body)
	}
}

// TestWatchOverTLS: a stream goes on over HTTP/2 and its own deadlines, and
// behind a password.
func TestWatchOverTLS(t *testing.T) {
	s := newStation(t, nil)
	file, pool := doortest.WebConfig(t)
	address := startPort(t, handlerFor(t, Options{API: (&Service{s.l}).Public(), Listen: []string{"127.0.0.1:0"}}), file)
	for _, second := range []bool{true, false} {
		transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}, ForceAttemptHTTP2: second}
		r := doortest.Request(t, "GET", "https://"+address+"/v1/watch")
		r.SetBasicAuth("operator", "open sesame")
		resp, err := (&http.Client{Transport: transport}).Do(r)
		if err != nil {
			t.Fatal(err)
		}
		if (resp.ProtoMajor == 2) != second || resp.StatusCode != 200 {
			t.Errorf("%s, %s", resp.Proto, resp.Status)
		}
		l := &listener{t, resp, bufio.NewScanner(resp.Body)}
		l.want(EventPoll, &WatchPoll{})
		s.feed.Said([]*alarm.Event{eventOfWeb(1)})
		l.want(EventAlarm, &Transition{})
		resp.Body.Close()
		transport.CloseIdleConnections()
	}
}
