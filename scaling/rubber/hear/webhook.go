package hear

import (
	"context"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"
)

// Webhook says where Alertmanager's notifications are taken. It prints without
// the token.
type Webhook struct {
	Listen string // host:port; loopback unless the token is given
	Token  string // that the Authorization header has to have; "" asks for none

	// TTL is how long an alert is believed that is not repeated, the heartbeat's
	// too; 0 is 3 min. Alertmanager has to repeat within it: see docs.
	TTL time.Duration

	// Peers are Alertmanagers, http://host:9093, that are asked every 30 s for
	// what fires. Without any, what began before we listened is known when it is
	// repeated: within TTL.
	Peers  []string
	Client *http.Client // for the peers; nil is one with a time limit of 10 s
}

// String leaves the token out.
func (o Webhook) String() string { return "webhook on " + o.Listen }

// GoString leaves the token out, too.
func (o Webhook) GoString() string { return o.String() }

// LogValue leaves the token out of logs.
func (o Webhook) LogValue() slog.Value { return slog.StringValue(o.String()) }

// WebhookPath is where notifications are to be posted to.
const WebhookPath = "/alerts"

// Bounds of what is taken.
const (
	maxNotification = 8 << 20 // bytes
	maxAtOnce       = 8       // notifications read at one time
	maxGroups       = 1000    // whose being cut short is remembered
)

type webhookDriver struct{ o Webhook }

// FromWebhook hears from Alertmanager. It does not listen yet.
func FromWebhook(o Webhook) (Driver, error) {
	host, _, err := net.SplitHostPort(o.Listen)
	if err != nil {
		return nil, fmt.Errorf("hear from webhook: listen on %q: write host:port", o.Listen)
	}
	if ip := net.ParseIP(host); o.Token == "" && host != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return nil, fmt.Errorf("hear from webhook: listen on %s without a token: give one, or listen on 127.0.0.1", o.Listen)
	}
	for i, raw := range o.Peers {
		u, err := url.Parse(raw)
		if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" || u.User != nil {
			return nil, fmt.Errorf("hear from webhook: peer %d: write http://host:9093, without a user", i+1)
		}
	}
	if o.TTL < 0 {
		return nil, errors.New("hear from webhook: a negative time")
	}
	if o.TTL == 0 {
		o.TTL = defaultTTL
	}
	if o.Client == nil {
		o.Client = &http.Client{Timeout: 10 * time.Second}
	}
	return &webhookDriver{o}, nil
}

func (d *webhookDriver) Name() string { return "webhook" }

// run listens until the context ends. That the address is taken is an error
// that waiting may mend.
func (d *webhookDriver) run(ctx context.Context, to *ear) error {
	wait := newPause()
	for ctx.Err() == nil {
		l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", d.o.Listen)
		if err != nil {
			to.state(false, false, err)
			wait.sleep(ctx)
			continue
		}
		wait.reset()
		err = d.serve(ctx, l, to)
		if ctx.Err() == nil {
			to.state(false, false, err)
			wait.sleep(ctx)
		}
	}
	return nil
}

func (d *webhookDriver) serve(ctx context.Context, l net.Listener, to *ear) error {
	ctx, cancel := context.WithCancel(ctx)
	h := newNotifications(d.o, to)
	server := &http.Server{
		Handler: h, ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 30 * time.Second, WriteTimeout: 30 * time.Second,
		IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 16 << 10, ErrorLog: slog.NewLogLogger(slog.DiscardHandler, slog.LevelDebug),
	}
	var wg sync.WaitGroup
	defer wg.Wait()
	defer cancel()
	h.report(true)
	wg.Go(func() { h.settle(ctx) })
	wg.Go(func() {
		<-ctx.Done()
		server.Close()
	})
	return server.Serve(l)
}

// notifications is what is known of those who notify us.
type notifications struct {
	o    Webhook
	to   *ear
	slot chan struct{}

	mu      sync.Mutex
	settled bool
	short   map[string]int // how many alerts the last notification of a group left out
	asked   error          // why a peer's answer is missing
}

func newNotifications(o Webhook, to *ear) *notifications {
	return &notifications{o: o, to: to, slot: make(chan struct{}, maxAtOnce), short: map[string]int{}}
}

// report says how the driver does. It is complete when all that fires must have
// been told, and nobody has left anything out.
func (n *notifications) report(listening bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	var err error
	left := 0
	for _, k := range n.short {
		left += k
	}
	switch {
	case n.asked != nil:
		err = n.asked
	case left > 0:
		err = fmt.Errorf("%d alerts were left out of notifications: set max_alerts: 0 at this receiver", left)
	}
	n.to.state(listening, listening && n.settled && err == nil, err)
}

// settle finds out what fired before we listened: from the peers if there are
// any, or else by waiting for it to be repeated.
func (n *notifications) settle(ctx context.Context) {
	if len(n.o.Peers) > 0 {
		n.ask(ctx)
		return
	}
	t := time.NewTimer(n.o.TTL)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return
	case <-t.C:
	}
	n.mu.Lock()
	n.settled = true
	n.mu.Unlock()
	n.report(true)
}

// notification is version 4 of the webhook's:
//
//	{"version":"4","groupKey":"{}:{alertname=\"cpu_usage\"}","truncatedAlerts":0,"status":"firing","receiver":"rubber",
//	 "alerts":[{"status":"firing","labels":{"alertname":"cpu_usage",…},"annotations":{…},
//	            "startsAt":"2025-12-17T19:34:00Z","endsAt":"0001-01-01T00:00:00Z","fingerprint":"4f1…"}]}
type notification struct {
	Version   string `json:"version"`
	GroupKey  string `json:"groupKey"`
	Truncated int64  `json:"truncatedAlerts"`
	Alerts    []struct {
		Status      string            `json:"status"`
		Labels      map[string]string `json:"labels"`
		Annotations map[string]string `json:"annotations"`
		StartsAt    time.Time         `json:"startsAt"`
		EndsAt      time.Time         `json:"endsAt"`
	} `json:"alerts"`
}

// ServeHTTP takes a notification. What is refused with a status below 500
// Alertmanager does not send again.
func (n *notifications) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path != WebhookPath {
		http.Error(w, "notifications are posted to "+WebhookPath, http.StatusNotFound)
		return
	}
	if n.o.Token != "" && !bearer(r, n.o.Token) {
		w.Header().Set("WWW-Authenticate", "Bearer")
		http.Error(w, "the Authorization header is not the bearer token of this receiver", http.StatusUnauthorized)
		return
	}
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		http.Error(w, "notifications are posted", http.StatusMethodNotAllowed)
		return
	}
	select {
	case n.slot <- struct{}{}:
		defer func() { <-n.slot }()
	default:
		http.Error(w, "too many notifications at once: try again", http.StatusServiceUnavailable)
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxNotification))
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		n.to.refuse(TooLarge)
		http.Error(w, fmt.Sprintf("more than %d bytes: set max_alerts or group_by", maxNotification), http.StatusRequestEntityTooLarge)
		return
	case err != nil:
		http.Error(w, "the body did not come whole", http.StatusBadRequest)
		return
	}
	var note notification
	if err := json.Unmarshal(body, &note); err != nil || note.Version != "4" {
		n.to.refuse(Malformed)
		http.Error(w, "this is no notification of version 4", http.StatusBadRequest)
		return
	}
	for _, a := range note.Alerts {
		switch a.Status {
		case "firing", "resolved":
			n.to.alert(Alert{Fires: a.Status == "firing", Labels: a.Labels, Annotations: a.Annotations, Starts: a.StartsAt, Ends: a.EndsAt, TTL: n.o.TTL})
		default:
			n.to.refuse(Malformed)
		}
	}
	n.cut(note.GroupKey, note.Truncated)
	w.WriteHeader(http.StatusOK)
}

// cut notes whether the last notification of a group left alerts out.
func (n *notifications) cut(group string, left int64) {
	n.mu.Lock()
	_, was := n.short[group]
	switch {
	case left > 0 && (was || len(n.short) < maxGroups) && len(group) <= 16<<10:
		n.short[group] = int(min(left, 1<<30))
	default:
		delete(n.short, group)
	}
	_, is := n.short[group]
	n.mu.Unlock()
	if was || is {
		n.report(true)
	}
}

func bearer(r *http.Request, token string) bool {
	kind, got, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	return strings.EqualFold(kind, "Bearer") && subtle.ConstantTimeCompare([]byte(strings.TrimSpace(got)), []byte(token)) == 1
}
