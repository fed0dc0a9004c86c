package rabbit

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"sync"
	"time"

	"perfmon/scaling/rubber/work"
	"perfmon/scaling/rubber/work/internal/pause"
)

// maxAnswer is more than any answer has that was asked for by columns, and
// room for a broker that ignores them.
const maxAnswer = 4 << 20

// countingFor is how long the broker's mode of counting is believed.
const countingFor = 10 * time.Minute

// management asks the plugins of one cluster.
type management struct {
	addresses      []string
	user, password string
	timeout        time.Duration
	client         *http.Client
	transport      *http.Transport
	gate           pause.Gate

	mu         sync.Mutex // guards what follows
	good       int        // index of the address that has answered last
	counting   counting
	countingAt time.Time // zero: not known
}

func newManagement(o *Options) *management {
	addresses, _ := o.Broker.Addresses() // validated
	m := &management{addresses: o.management(), user: addresses[0].User, password: addresses[0].Password, timeout: o.Broker.Timeout}
	if o.ManagementUsername != "" {
		m.user, m.password = o.ManagementUsername, o.ManagementPassword
	}
	m.transport = &http.Transport{
		TLSClientConfig: cmp.Or(o.ManagementTLS, o.Broker.TLS).Clone(), Proxy: nil,
		MaxConnsPerHost: 8, MaxIdleConnsPerHost: 8, IdleConnTimeout: time.Minute, ForceAttemptHTTP2: true,
	}
	m.client = &http.Client{
		Transport:     m.transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }, // it would take the password along
	}
	return m
}

func (m *management) close() { m.transport.CloseIdleConnections() }

// figures asks for one queue. A queue that the plugin does not know of yet
// has no figures.
func (m *management) figures(ctx context.Context, vhost, queue string) (figures, error) {
	if err := m.gate.Closed(time.Now()); err != nil {
		return figures{}, err
	}
	f, err := m.ask(ctx, vhost, queue)
	switch {
	case err == nil:
		m.gate.Succeeded()
	case !errors.Is(err, context.Canceled):
		m.gate.Failed(time.Now(), err, 0)
	}
	return f, err
}

func (m *management) ask(ctx context.Context, vhost, queue string) (figures, error) {
	ctx, cancel := context.WithTimeout(ctx, m.timeout)
	defer cancel()
	c, err := m.counts(ctx)
	if err != nil {
		return figures{}, err
	}
	status, body, err := m.get(ctx, "/api/queues/"+url.PathEscape(vhost)+"/"+url.PathEscape(queue)+
		"?columns=name,messages_ready,messages_unacknowledged,message_stats.publish,head_message_timestamp")
	if err != nil || status == http.StatusNotFound {
		return figures{}, err
	}
	f, err := parseFigures(body, c.Rates)
	if err != nil {
		return figures{}, &work.Error{Kind: work.Garbled, Op: "ask the management plugin for queue", Name: queue, Err: err}
	}
	if c.Off && f.Unacked == nil { // otherwise it has been told to keep the totals all the same
		return figures{}, &work.Error{Kind: work.Invalid, Op: "ask the management plugin for queue", Name: queue, Err: errors.New("the broker keeps no statistics"),
			Hint: "set management_agent.disable_metrics_collector and management.disable_stats to false in rabbitmq.conf; until then nobody but the workers can say what they have"}
	}
	return f, nil
}

// counts says what the broker counts.
func (m *management) counts(ctx context.Context) (c counting, err error) {
	m.mu.Lock()
	c, fresh := m.counting, !m.countingAt.IsZero() && time.Since(m.countingAt) < countingFor
	m.mu.Unlock()
	if fresh {
		return c, nil
	}
	status, body, err := m.get(ctx, "/api/overview?columns=rates_mode,disable_stats")
	if err != nil {
		return counting{}, err
	}
	if status == http.StatusOK {
		c, err = parseCounting(body)
	} else {
		err = fmt.Errorf("status %d", status)
	}
	if err != nil {
		return counting{}, &work.Error{Kind: work.Garbled, Op: "ask the management plugin", Err: err, Hint: "is this the address of RabbitMQ's management plugin?"}
	}
	m.mu.Lock()
	m.counting, m.countingAt = c, time.Now()
	m.mu.Unlock()
	return c, nil
}

// get asks the plugins in order, that which answered last first, until one
// answers: with 200 or 404.
func (m *management) get(ctx context.Context, path string) (status int, body []byte, err error) {
	m.mu.Lock()
	first := m.good
	m.mu.Unlock()
	var errs []error
	kind, hint := work.Away, "is RabbitMQ's management plugin on, and is its address right?"
	for i := range m.addresses {
		n := (first + i) % len(m.addresses)
		deadline, _ := ctx.Deadline()
		part, done := context.WithTimeout(ctx, time.Until(deadline)/time.Duration(len(m.addresses)-i))
		status, body, err = m.getFrom(part, m.addresses[n], path)
		done()
		if err == nil {
			m.mu.Lock()
			m.good = n
			m.mu.Unlock()
			return status, body, nil
		}
		var unverified *tls.CertificateVerificationError
		switch {
		case status == http.StatusUnauthorized || status == http.StatusForbidden:
			kind, hint = work.Auth, "check the user and password; the user needs the tag management, or monitoring, and rights in the vhost"
		case errors.As(err, &unverified):
			kind, hint = work.Auth, "name the authority that has signed the plugin's certificate"
		}
		errs = append(errs, err)
	}
	m.mu.Lock()
	m.countingAt = time.Time{} // it may come back as another
	m.mu.Unlock()
	return 0, nil, &work.Error{Kind: kind, Op: "ask the management plugin", Err: errors.Join(errs...), Hint: hint}
}

// getFrom returns an answer, or an error, with the status if there was one.
func (m *management) getFrom(ctx context.Context, base, path string) (int, []byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, base+path, nil)
	if err != nil {
		return 0, nil, err
	}
	if m.user != "" {
		req.SetBasicAuth(m.user, m.password)
	}
	resp, err := m.client.Do(req)
	if err != nil {
		return 0, nil, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer+1))
	switch {
	case err != nil:
		return 0, nil, fmt.Errorf("%s: read the answer: %w", base, err)
	case resp.StatusCode != http.StatusOK && resp.StatusCode != http.StatusNotFound:
		return resp.StatusCode, nil, fmt.Errorf("%s: status %s", base, resp.Status)
	case len(body) > maxAnswer:
		return 0, nil, fmt.Errorf("%s: the answer is longer than %d bytes", base, maxAnswer)
	}
	return resp.StatusCode, body, nil
}
