package hear

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// alert is one of a notification, as JSON.
func alertJSON(status, name string, starts, ends time.Time, labels map[string]string) map[string]any {
	l := map[string]string{"alertname": name, "class": "host", "uuid": hostA, "host_uuid": hostA, "severity": "critical", "state": "firing", "name": "xen-03"}
	for k, v := range labels {
		if l[k] = v; v == "" {
			delete(l, k)
		}
	}
	return map[string]any{
		"status": status, "labels": l, "annotations": map[string]string{"value": "0.97", "level": "0.9", "summary": "x"},
		"startsAt": starts, "endsAt": ends, "generatorURL": "", "fingerprint": "4f1e",
	}
}

func note(alerts ...map[string]any) []byte {
	b, err := json.Marshal(map[string]any{
		"version": "4", "groupKey": "{}:{}", "truncatedAlerts": 0, "status": "firing", "receiver": "rubber", "groupLabels": map[string]string{}, "alerts": alerts,
	})
	if err != nil {
		panic(err)
	}
	return b
}

// receiver is the webhook's handler in front of a hearing whose clock the test
// has.
type receiver struct {
	*Hearing
	n   *notifications
	now time.Time
	t   *testing.T
}

func newReceiver(t *testing.T, o Webhook) *receiver {
	t.Helper()
	r := &receiver{now: start, t: t}
	o.Listen = "127.0.0.1:0"
	d, err := FromWebhook(o)
	if err != nil {
		t.Fatal(err)
	}
	if r.Hearing, err = New(Options{Now: func() time.Time { return r.now }}, d); err != nil {
		t.Fatal(err)
	}
	r.n = newNotifications(d.(*webhookDriver).o, &ear{h: r.Hearing})
	return r
}

func (r *receiver) post(body []byte, want int, header ...string) string {
	r.t.Helper()
	q := httptest.NewRequest(http.MethodPost, WebhookPath, bytes.NewReader(body))
	for i := 0; i+1 < len(header); i += 2 {
		q.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	r.n.ServeHTTP(w, q)
	if w.Code != want {
		r.t.Errorf("status %d, want %d: %s", w.Code, want, w.Body)
	}
	return w.Body.String()
}

func (r *receiver) contended() Mark {
	v := r.View()
	if h := v.Host(hostA); h != nil {
		return h.Contended
	}
	return Unknown
}

// TestWebhookLife: raised, repeated, resolved, and silent after three minutes.
func TestWebhookLife(t *testing.T) {
	r := newReceiver(t, Webhook{})
	zero := time.Time{}
	r.post(note(
		alertJSON("firing", heartbeatAlert, start, zero, map[string]string{"severity": "none", "uuid": "", "state": ""}),
		alertJSON("firing", "cpu_usage", start, zero, nil),
	), 200)
	v := r.View()
	h := v.Host(hostA)
	if h.Silent || h.Contended != Bad || h.MemoryShort != Fine || h.Name != "xen-03" || *h.Alarms[0].Value != 0.97 || h.Alarms[0].Level != 0.9 || h.Alarms[0].Via != "webhook" {
		t.Errorf("%+v", h)
	}
	r.now = start.Add(3*time.Minute - 1)
	if h := r.View().Hosts[0]; h.Silent || h.Contended != Bad {
		t.Errorf("%+v", h)
	}
	r.now = start.Add(3 * time.Minute)
	if h := r.View().Hosts[0]; !h.Silent || h.Contended != Unknown || !h.Since.Equal(start) {
		t.Errorf("%+v", h)
	}
	r.post(note(alertJSON("firing", "cpu_usage", start, zero, nil)), 200)
	if r.contended() != Bad {
		t.Error("a repeat is not believed")
	}
	r.now = r.now.Add(time.Second)
	r.post(note(alertJSON("resolved", "cpu_usage", start, r.now, nil)), 200)
	if r.contended() != Unknown || len(r.View().Hosts[0].Alarms) != 0 {
		t.Errorf("%+v", r.View())
	}
	r.post(note(alertJSON("firing", heartbeatAlert, start, zero, map[string]string{"severity": "none", "uuid": "", "state": ""})), 200)
	if r.contended() != Fine {
		t.Errorf("%+v", r.View())
	}
	r.now = r.now.Add(time.Second)
	r.post(note(alertJSON("resolved", heartbeatAlert, start, r.now, map[string]string{"severity": "none", "uuid": "", "state": ""})), 200)
	if h := r.View().Hosts[0]; !h.Silent || !h.Since.Equal(r.now.Add(-time.Second)) {
		t.Errorf("the end of the heartbeat: %+v", h)
	}
}

// TestWebhookPeers: what peers of a cluster tell twice, or late.
func TestWebhookPeers(t *testing.T) {
	r := newReceiver(t, Webhook{})
	zero := time.Time{}
	fires := note(alertJSON("firing", "cpu_usage", start, zero, nil))
	r.post(fires, 200)
	r.post(fires, 200)
	r.now = start.Add(time.Minute)
	r.post(note(alertJSON("resolved", "cpu_usage", start, r.now, nil)), 200)
	r.now = r.now.Add(15 * time.Second)
	r.post(fires, 200)
	if len(r.View().Hosts[0].Alarms) != 0 || r.Counts()[Late] != 1 {
		t.Errorf("a peer that is behind is believed: %+v %v", r.View(), r.Counts())
	}
	// It begins again.
	r.post(note(alertJSON("firing", "cpu_usage", r.now, zero, nil)), 200)
	if r.contended() != Bad {
		t.Error("a new alert is not believed")
	}
	r.post(note(alertJSON("resolved", "cpu_usage", start, start.Add(time.Minute), nil)), 200)
	if r.contended() != Bad {
		t.Error("the end of the alert before is taken for this one's")
	}
	// A warning that became critical: the end of the one comes after the other.
	r.post(note(alertJSON("firing", "memory_free_kib", start, zero, map[string]string{"severity": "warning"})), 200)
	r.post(note(alertJSON("firing", "memory_free_kib", start, zero, nil)), 200)
	r.post(note(alertJSON("resolved", "memory_free_kib", start, r.now, map[string]string{"severity": "warning"})), 200)
	if h := r.View().Hosts[0]; h.MemoryShort != Bad {
		t.Errorf("%+v", h)
	}
	// The end of an alert that is believed again after its peers have had their say.
	r.now = r.now.Add(time.Hour)
	r.post(note(alertJSON("resolved", "cpu_usage", start, r.now, nil)), 200)
	r.now = r.now.Add(peerLag)
	r.post(fires, 200)
	if r.contended() != Bad {
		t.Error("an alert that goes on under its old start is not believed")
	}
}

// TestWebhookOthers: alerts of somebody else, with the host's uuid and without.
func TestWebhookOthers(t *testing.T) {
	r := newReceiver(t, Webhook{})
	r.post(note(
		alertJSON("firing", "NodeDown", start, time.Time{}, map[string]string{"host_uuid": "", "class": "", "uuid": ""}),
		alertJSON("firing", "cpu_usage", start, time.Time{}, map[string]string{"class": "", "uuid": "", "state": ""}),
		alertJSON("firing", "", start, time.Time{}, nil),
		alertJSON("melted", "cpu_usage", start, time.Time{}, nil),
		alertJSON("firing", "cpu_usage", start, time.Time{}, map[string]string{"host_uuid": "../x"}),
		alertJSON("firing", "cpu_usage", start, time.Time{}, map[string]string{"class": "pool"}),
		alertJSON("firing", "fs_usage", start, time.Time{}, map[string]string{"state": "nodata"}),
	), 200)
	c, h := r.Counts(), r.View().Hosts[0]
	if c[Foreign] != 1 || c[Malformed] != 4 || c[Raised] != 2 || h.Contended != Bad || h.InDanger != Unknown || !h.Silent {
		t.Errorf("%v %+v", c, h)
	}
}

// TestWebhookRefuses: what is refused, with the reason.
func TestWebhookRefuses(t *testing.T) {
	r := newReceiver(t, Webhook{Token: "hush"})
	good := note(alertJSON("firing", "cpu_usage", start, time.Time{}, nil))
	for _, h := range []string{"", "Bearer", "Bearer hus", "Bearer hushh", "Basic hush"} {
		if text := r.post(good, 401, "Authorization", h); strings.Contains(text, "hush") {
			t.Error(text)
		}
	}
	if len(r.View().Hosts) != 0 {
		t.Error("believed without the token")
	}
	authorized := []string{"Authorization", "bearer hush"}
	r.post(good, 200, authorized...)
	for _, bad := range []string{"", "{", "[]", `{"version":"3"}`, `{"version":"4","alerts":[{"startsAt":"x"}]}`, `{"version":"4","alerts":[{"labels":{"a":NaN}}]}`} {
		r.post([]byte(bad), 400, authorized...)
	}
	r.post(bytes.Repeat([]byte(" "), maxNotification+1), 413, authorized...)
	if c := r.Counts(); c[Malformed] != 6 || c[TooLarge] != 1 {
		t.Errorf("%v", c)
	}
	for path, want := range map[string]int{"/": 404, WebhookPath: 405} {
		q := httptest.NewRequest(http.MethodGet, path, nil)
		q.Header.Set("Authorization", "Bearer hush")
		w := httptest.NewRecorder()
		r.n.ServeHTTP(w, q)
		if w.Code != want {
			t.Errorf("GET %s: %d", path, w.Code)
		}
	}
	for range maxAtOnce {
		r.n.slot <- struct{}{}
	}
	r.post(good, 503, authorized...)
}

// TestWebhookCutShort: alerts that were left out are missed until the group is
// told whole.
func TestWebhookCutShort(t *testing.T) {
	r := newReceiver(t, Webhook{})
	r.n.settled = true
	r.n.report(true)
	if !r.View().Complete {
		t.Fatal("not complete")
	}
	cut := func(group string, n int) []byte {
		return []byte(fmt.Sprintf(`{"version":"4","groupKey":%q,"truncatedAlerts":%d,"alerts":[]}`, group, n))
	}
	r.post(cut("a", 7), 200)
	r.post(cut("b", 1), 200)
	r.post(cut("c", -5), 200)
	if v := r.View(); v.Complete || !strings.Contains(v.Drivers[0].Err, "8 alerts") {
		t.Errorf("%+v", v.Drivers)
	}
	r.post(cut("a", 0), 200)
	r.post(cut("b", 0), 200)
	if v := r.View(); !v.Complete || v.Drivers[0].Err != "" {
		t.Errorf("%+v", v.Drivers)
	}
	for i := range 2 * maxGroups {
		r.post(cut(fmt.Sprint(i), 1), 200)
	}
	if len(r.n.short) != maxGroups {
		t.Errorf("%d groups are remembered", len(r.n.short))
	}
}

// TestWebhookListens: a real listener, and peers that are asked for what fires.
func TestWebhookListens(t *testing.T) {
	fail := make(chan bool, 1)
	peer := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		select {
		case <-fail:
			http.Error(w, "no", http.StatusServiceUnavailable)
			return
		default:
		}
		if r.URL.Path != "/prefix/api/v2/alerts" {
			t.Errorf("asked for %s", r.URL)
		}
		_ = json.NewEncoder(w).Encode([]any{alertJSON("", "cpu_usage", time.Now(), time.Now().Add(time.Minute), nil)})
	}))
	defer peer.Close()
	d, err := FromWebhook(Webhook{Listen: "127.0.0.1:0", Peers: []string{peer.URL + "/prefix"}, Client: peer.Client()})
	if err != nil {
		t.Fatal(err)
	}
	h := listen(t, Options{}, d)
	h.until("what fires already is known", func(v View) bool { return v.Complete && contended(Bad)(v) })

	fail <- true
	d, err = FromWebhook(Webhook{Listen: "127.0.0.1:0", Peers: []string{peer.URL + "/prefix"}, Client: peer.Client()})
	if err != nil {
		t.Fatal(err)
	}
	h = listen(t, Options{}, d)
	h.until("the peer that is away is named", func(v View) bool {
		return !v.Complete && strings.Contains(v.Drivers[0].Err, "status 503") && v.Drivers[0].Connected
	})
}

func TestWebhookOptions(t *testing.T) {
	for _, c := range []struct {
		o    Webhook
		want string
	}{
		{Webhook{Listen: "9095"}, "write host:port"},
		{Webhook{Listen: "0.0.0.0:9095"}, "without a token"},
		{Webhook{Listen: ":9095"}, "without a token"},
		{Webhook{Listen: "127.0.0.1:1", Peers: []string{"http://u:hush@a"}}, "peer 1"},
		{Webhook{Listen: "127.0.0.1:1", TTL: -1}, "negative"},
	} {
		if _, err := FromWebhook(c.o); err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "hush") {
			t.Errorf("%v: %v", c.o, err)
		}
	}
	if _, err := FromWebhook(Webhook{Listen: "0.0.0.0:9095", Token: "hush"}); err != nil {
		t.Error(err)
	}
	for _, c := range []struct {
		o    AMQP
		want string
	}{
		{AMQP{}, "no url"}, {AMQP{URLs: []string{"http://a"}, Username: "u"}, "url 1"}, {AMQP{URLs: []string{"amqp://u:hush@a"}, Username: "u"}, "url 1"},
		{AMQP{URLs: []string{"amqp://a"}}, "no username"}, {AMQP{URLs: []string{"amqps://a"}, External: true}, "certificate"},
		{AMQP{URLs: []string{"amqp://a"}, Username: "u", Settle: -1}, "negative"},
	} {
		if _, err := FromAMQP(c.o); err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "hush") {
			t.Errorf("%v: %v", c.o, err)
		}
	}
	for _, o := range []any{Webhook{Token: "hush"}, AMQP{Password: "hush"}} {
		if s := fmt.Sprintf("%v %+v %#v %s", o, o, o, o); strings.Contains(s, "hush") {
			t.Error(s)
		}
	}
}
