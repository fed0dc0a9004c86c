package engine

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/nats-io/nuid"
)

// What buckets answer (errors.Is).
var (
	ErrNotFound = errors.New("no such key")
	ErrExists   = errors.New("the key exists")
	ErrConflict = errors.New("somebody has changed the key meanwhile")
	// ErrNoBucket is of engines that only look: nobody has made the bucket.
	ErrNoBucket = errors.New("there is no such bucket")
)

// BucketOptions say how much a bucket may keep; 0 is the default of each.
type BucketOptions struct {
	MaxBytes int64         // of all keys together, 64 MiB; what does not fit is refused
	MaxValue int           // bytes of one value, 512 KiB
	TTL      time.Duration // after which a value is forgotten; never
}

const (
	defaultBucketBytes = 64 << 20
	defaultMaxValue    = 512 << 10

	// writeWindow is how long the server knows a write again by its id.
	writeWindow = 10 * time.Minute
	// markerTTL is how long the mark of a deleted key stays for watchers.
	markerTTL = time.Hour
	// tryTimeout is of one try to write or read.
	tryTimeout = 5 * time.Second
)

// Entry is a key with what it has.
type Entry struct {
	Key      string
	Value    []byte
	Revision uint64    // grows with each write in the bucket
	Created  time.Time // of this revision, by the server's clock
}

// Bucket is a set of keys. Values are small: they are kept and moved whole.
//
// Every method tries again while there is no server, until its context ends,
// and knows a write of its own that was stored although the answer was lost. A
// write that returns without an error is on disk, as far as Options.SyncEvery
// says. When the context ends first, the write may have been stored or not.
type Bucket struct {
	e      *Engine
	name   string
	stream jetstream.Stream
}

var (
	bucketName = regexp.MustCompile(`^[a-zA-Z0-9_-]{1,60}$`)
	keyName    = regexp.MustCompile(`^[-/_=a-zA-Z0-9]+(\.[-/_=a-zA-Z0-9]+)*$`)
)

// Bucket waits until the engine can be used and opens a bucket, which is made
// if it is not there and changed if its options are others. An engine that only
// looks opens what is there, or says ErrNoBucket.
func (e *Engine) Bucket(ctx context.Context, name string, o BucketOptions) (*Bucket, error) {
	if !bucketName.MatchString(name) {
		return nil, fmt.Errorf("engine: bucket %q: a name has letters, digits, - and _, at most 60", name)
	}
	fill(&o.MaxBytes, defaultBucketBytes)
	fill(&o.MaxValue, defaultMaxValue)
	if err := e.Wait(ctx); err != nil {
		return nil, err
	}
	b := &Bucket{e: e, name: name}
	want := jetstream.StreamConfig{
		Name: "KV_" + name, Description: "keys of perfmon", Subjects: []string{b.subject(">")},
		MaxMsgsPerSubject: 1, MaxBytes: o.MaxBytes, MaxMsgSize: int32(o.MaxValue) + 1024, MaxAge: o.TTL, Discard: jetstream.DiscardNew,
		Duplicates: writeWindow, AllowRollup: true, AllowMsgTTL: true, DenyDelete: true, Replicas: e.opts.Replicas,
		// Of several copies the leader's is the one that has what was written.
		AllowDirect: !e.opts.external(),
	}
	if o.TTL > 0 {
		want.Duplicates = min(want.Duplicates, o.TTL)
	}
	err := b.try(ctx, func(ctx context.Context) (err error) {
		if e.opts.LookOnly {
			if b.stream, err = e.js.Stream(ctx, want.Name); errors.Is(err, jetstream.ErrStreamNotFound) {
				err = &final{ErrNoBucket}
			}
			return err
		}
		b.stream, err = ensureStream(ctx, e.js, want)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("engine: open bucket %s: %w", name, err)
	}
	return b, nil
}

func (b *Bucket) subject(key string) string { return "$KV." + b.name + "." + key }

// Name is the bucket's name.
func (b *Bucket) Name() string { return b.name }

// Get reads a key, or says ErrNotFound.
func (b *Bucket) Get(ctx context.Context, key string) (Entry, error) {
	if err := b.check(key); err != nil {
		return Entry{}, err
	}
	m, err := b.last(ctx, key)
	if err == nil && isMarker(m.Header) {
		err = ErrNotFound
	}
	if err != nil {
		return Entry{}, fmt.Errorf("engine: read %s of bucket %s: %w", key, b.name, err)
	}
	return b.entry(m), nil
}

// last reads the last message of a key, which may be a mark that it was
// deleted.
func (b *Bucket) last(ctx context.Context, key string) (m *jetstream.RawStreamMsg, err error) {
	err = b.try(ctx, func(ctx context.Context) (err error) {
		m, err = b.stream.GetLastMsgForSubject(ctx, b.subject(key))
		if errors.Is(err, jetstream.ErrMsgNotFound) {
			return ErrNotFound
		}
		return err
	})
	return m, err
}

func (b *Bucket) entry(m *jetstream.RawStreamMsg) Entry {
	return Entry{Key: strings.TrimPrefix(m.Subject, b.subject("")), Value: m.Data, Revision: m.Sequence, Created: m.Time}
}

// isMarker says whether a message says that the key is gone.
func isMarker(h nats.Header) bool {
	return h.Get("KV-Operation") != "" || h.Get(jetstream.MarkerReasonHeader) != ""
}

// Put writes a key, whatever it has, and returns its revision.
func (b *Bucket) Put(ctx context.Context, key string, value []byte) (uint64, error) {
	return b.write(ctx, "write", key, value, nil, nil)
}

// Create writes a key that is not there, or says ErrExists.
func (b *Bucket) Create(ctx context.Context, key string, value []byte) (uint64, error) {
	zero := uint64(0)
	rev, err := b.write(ctx, "make", key, value, nil, &expect{revision: &zero})
	if !errors.Is(err, ErrConflict) {
		return rev, err
	}
	// There may be a mark of a key that was deleted.
	m, e := b.last(ctx, key)
	switch {
	case errors.Is(e, ErrNotFound): // gone this instant
		rev, err = b.write(ctx, "make", key, value, nil, &expect{revision: &zero})
	case e != nil:
		return 0, fmt.Errorf("engine: make %s of bucket %s: %w", key, b.name, e)
	case isMarker(m.Header):
		rev, err = b.write(ctx, "make", key, value, nil, &expect{revision: &m.Sequence})
	}
	if errors.Is(err, ErrConflict) {
		return 0, fmt.Errorf("engine: make %s of bucket %s: %w", key, b.name, ErrExists)
	}
	return rev, err
}

// Update writes a key that has still the revision given, or says ErrConflict.
func (b *Bucket) Update(ctx context.Context, key string, value []byte, revision uint64) (uint64, error) {
	return b.write(ctx, "write", key, value, nil, &expect{revision: &revision})
}

// Delete removes a key that has still the revision given, or says ErrConflict;
// revision 0 is any. A key that is not there is no error.
func (b *Bucket) Delete(ctx context.Context, key string, revision uint64) error {
	var ex *expect
	if revision != 0 {
		ex = &expect{revision: &revision}
	}
	_, err := b.write(ctx, "delete", key, nil, deletion, ex)
	return err
}

// deletion is what makes a message the mark of a deleted key.
var deletion = nats.Header{
	"KV-Operation":         {"PURGE"},
	jetstream.MsgRollup:    {jetstream.MsgRollupSubject},
	jetstream.MsgTTLHeader: {markerTTL.String()},
}

// expect is what has to be so, or a write is refused.
type expect struct {
	revision *uint64 // of the key, or of another one
	other    string  // that other key
}

func (b *Bucket) check(key string) error {
	if len(key) > 200 || !keyName.MatchString(key) {
		return fmt.Errorf("engine: key %q: it has letters, digits, -, /, _, = and dots between them, at most 200", key)
	}
	return nil
}

// write stores one message and finds out what became of it.
func (b *Bucket) write(ctx context.Context, doing, key string, value []byte, header nats.Header, ex *expect) (uint64, error) {
	if err := b.check(key); err != nil {
		return 0, err
	}
	if b.e.opts.LookOnly {
		return 0, fmt.Errorf("engine: %s %s of bucket %s: this process only looks", doing, key, b.name)
	}
	m := &nats.Msg{Subject: b.subject(key), Data: value, Header: nats.Header{}}
	for k, v := range header {
		m.Header[k] = v
	}
	id := nuid.Next()
	m.Header.Set(jetstream.MsgIDHeader, id)
	m.Header.Set(jetstream.ExpectedStreamHeader, "KV_"+b.name)
	if ex != nil {
		m.Header.Set(jetstream.ExpectedLastSubjSeqHeader, strconv.FormatUint(*ex.revision, 10))
		if ex.other != "" {
			m.Header.Set("Nats-Expected-Last-Subject-Sequence-Subject", b.subject(ex.other))
		}
	}
	var revision uint64
	tries := 0
	err := b.try(ctx, func(ctx context.Context) error {
		tries++
		ack, err := b.e.js.PublishMsg(ctx, m, jetstream.WithRetryAttempts(0))
		if conflicts(err) {
			if tries > 1 { // it may be an earlier try that has changed the key
				revision, err = b.stored(ctx, id)
				return err
			}
			return ErrConflict
		}
		if err == nil {
			revision = ack.Sequence
		}
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("engine: %s %s of bucket %s: %w", doing, key, b.name, err)
	}
	return revision, nil
}

// conflicts says whether the server refused a write because of its condition.
func conflicts(err error) bool {
	var api *jetstream.APIError
	return errors.As(err, &api) && (api.ErrorCode == jetstream.JSErrCodeStreamWrongLastSequence || api.ErrorCode == 10164)
}

// stored asks whether the write with an id was stored, and says ErrConflict if
// not. It is asked with a write that cannot be stored itself: if the server
// knows the id, it says so before it looks at the condition.
func (b *Bucket) stored(ctx context.Context, id string) (uint64, error) {
	m := &nats.Msg{Subject: b.subject("never"), Header: nats.Header{}}
	m.Header.Set(jetstream.MsgIDHeader, id)
	m.Header.Set(jetstream.ExpectedLastMsgIDHeader, "never")
	ack, err := b.e.js.PublishMsg(ctx, m, jetstream.WithRetryAttempts(0))
	var api *jetstream.APIError
	switch {
	case err == nil && ack.Duplicate:
		return ack.Sequence, nil
	case err == nil:
		return 0, errors.New("the server stored a write that it had to refuse")
	case errors.As(err, &api) && api.ErrorCode == 10070: // wrong last message id
		return 0, ErrConflict
	}
	return 0, err
}

// Keys are the names of the keys that begin with a prefix, "" for all.
func (b *Bucket) Keys(ctx context.Context, prefix string) ([]string, error) {
	entries, err := b.list(ctx, prefix, true)
	if err != nil {
		return nil, err
	}
	keys := make([]string, len(entries))
	for i := range entries {
		keys[i] = entries[i].Key
	}
	return keys, nil
}

// All are the keys that begin with a prefix, "" for all, with what they have,
// oldest revision first.
func (b *Bucket) All(ctx context.Context, prefix string) ([]Entry, error) {
	return b.list(ctx, prefix, false)
}

// try calls f until it succeeds, the answer is final or the context ends.
func (b *Bucket) try(ctx context.Context, f func(context.Context) error) error {
	var last error
	for {
		up, down := b.e.link.ends()
		select {
		case <-up:
		case <-b.e.ended:
			return ErrClosed
		case <-ctx.Done():
			return b.e.gaveUp(ctx, last)
		}
		tryCtx, cancel := b.e.link.within(ctx, tryTimeout)
		err := f(tryCtx)
		cancel()
		if err == nil || isAnswer(err) {
			return err
		}
		if ctx.Err() != nil {
			return b.e.gaveUp(ctx, err)
		}
		last = err
		pause(ctx, 50*time.Millisecond, down)
	}
}

// gaveUp is the context's error with what the engine waits for.
func (e *Engine) gaveUp(ctx context.Context, last error) error {
	if p := e.State().Problem; p != "" {
		return fmt.Errorf("%w: %s", ctx.Err(), p)
	}
	if last == nil || errors.Is(last, context.Canceled) || errors.Is(last, context.DeadlineExceeded) {
		return ctx.Err()
	}
	return fmt.Errorf("%w: %w", ctx.Err(), last)
}

// isAnswer says whether an error is what the server thinks, so that asking
// again brings the same.
func isAnswer(err error) bool {
	var f *final
	if errors.Is(err, ErrNotFound) || errors.Is(err, ErrConflict) || errors.Is(err, nats.ErrMaxPayload) || errors.As(err, &f) {
		return true
	}
	var api *jetstream.APIError
	if !errors.As(err, &api) {
		return false
	}
	// What is full is told as what is away is.
	return api.Code != 503 && api.Code != 408 || strings.Contains(api.Description, "maximum")
}
