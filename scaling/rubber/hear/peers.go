package hear

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"
)

// askEvery is how often the peers are asked for what fires.
const askEvery = 30 * time.Second

// maxAnswer bounds what is read of an answer, bytes. A thousand alerts have a
// megabyte.
const maxAnswer = 64 << 20

// ask reads what fires from every peer, at once and then again and again. What
// one peer does not know another may, so each that answers counts.
func (n *notifications) ask(ctx context.Context) {
	for ctx.Err() == nil {
		var errs []error
		answered := false
		for _, peer := range n.o.Peers {
			if err := n.askPeer(ctx, peer); err != nil {
				errs = append(errs, fmt.Errorf("ask Alertmanager %s for its alerts: %w", peer, err))
			} else {
				answered = true
			}
		}
		n.mu.Lock()
		n.settled = n.settled || answered
		n.asked = nil
		if !answered {
			n.asked = errors.Join(errs...)
		}
		n.mu.Unlock()
		if ctx.Err() != nil {
			return
		}
		n.report(true)
		t := time.NewTimer(askEvery)
		select {
		case <-ctx.Done():
		case <-t.C:
		}
		t.Stop()
	}
}

// gettable is an alert as GET /api/v2/alerts lists it:
//
//	[{"labels":{"alertname":"cpu_usage",…},"annotations":{…},"startsAt":"2025-12-17T19:34:00Z","endsAt":"2025-12-17T19:38:05Z",
//	  "updatedAt":"…","fingerprint":"4f1…","receivers":[{"name":"rubber"}],"status":{"state":"active","silencedBy":[],"inhibitedBy":[]}}]
type gettable struct {
	Labels      map[string]string `json:"labels"`
	Annotations map[string]string `json:"annotations"`
	StartsAt    time.Time         `json:"startsAt"`
	EndsAt      time.Time         `json:"endsAt"`
}

func (n *notifications) askPeer(ctx context.Context, peer string) error {
	address, err := url.JoinPath(peer, "api/v2/alerts")
	if err != nil {
		return err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return err
	}
	answer, err := n.o.Client.Do(r)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("status %d", answer.StatusCode)
	}
	var alerts []gettable
	if err := json.NewDecoder(io.LimitReader(answer.Body, maxAnswer)).Decode(&alerts); err != nil {
		return fmt.Errorf("read the answer: %w", err)
	}
	for _, a := range alerts {
		n.to.alert(Alert{Fires: true, Labels: a.Labels, Annotations: a.Annotations, Starts: a.StartsAt, TTL: n.o.TTL})
	}
	return nil
}
