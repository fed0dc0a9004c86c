package rabbit

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// figures are what the management plugin has of a queue. They are of one
// instant, up to some seconds ago. What is nil it did not say.
type figures struct {
	Ready, Unacked *int64
	Published      *int64     // since the broker's start, or since the queue was made
	Head           *time.Time // when the oldest message was sent, if its sender wrote that down
}

// parseFigures reads an answer to GET /api/queues/VHOST/QUEUE:
//
//	{"name":"q","messages_ready":2,"messages_unacknowledged":4,"message_stats":{"publish":10},"head_message_timestamp":1763822824}
//
// Of a queue without figures yet, such as a new one, all but its name is
// missing. The plugin writes an object that has nothing in it as [].
// Without rates in the broker ("rates_mode": "none") message_stats always is;
// with them it is missing only while nothing has been counted.
func parseFigures(body []byte, rates bool) (f figures, err error) {
	var doc struct {
		Ready   *int64          `json:"messages_ready"`
		Unacked *int64          `json:"messages_unacknowledged"`
		Stats   json.RawMessage `json:"message_stats"`
		Head    *int64          `json:"head_message_timestamp"`
	}
	var stats struct {
		Publish *int64 `json:"publish"`
	}
	err = json.Unmarshal(body, &doc)
	if err == nil && len(doc.Stats) > 0 && string(doc.Stats) != "[]" {
		err = json.Unmarshal(doc.Stats, &stats)
	}
	if err != nil {
		return figures{}, fmt.Errorf("read a queue's figures: %w", err)
	}
	for _, n := range []*int64{doc.Ready, doc.Unacked, stats.Publish, doc.Head} {
		if n != nil && (*n < 0 || *n > 1<<53) {
			return figures{}, fmt.Errorf("read a queue's figures: there cannot be %d of anything", *n)
		}
	}
	f = figures{Ready: doc.Ready, Unacked: doc.Unacked, Published: stats.Publish}
	if f.Published == nil && rates && f.Ready != nil {
		f.Published = new(int64)
	}
	if doc.Head != nil && *doc.Head > 0 {
		at := time.Unix(*doc.Head, 0)
		f.Head = &at
	}
	return f, nil
}

// counting is what a broker says of its own statistics.
type counting struct {
	Rates bool // it counts messages
	Off   bool // it keeps no statistics of queues
}

// parseCounting reads an answer to GET /api/overview. The second is missing
// in brokers before 3.8.
//
//	{"rates_mode":"basic","disable_stats":false}
func parseCounting(body []byte) (counting, error) {
	var doc struct {
		Mode string `json:"rates_mode"`
		Off  bool   `json:"disable_stats"`
	}
	if err := json.Unmarshal(body, &doc); err != nil {
		return counting{}, fmt.Errorf("read the broker's overview: %w", err)
	}
	if doc.Mode == "" {
		return counting{}, errors.New("read the broker's overview: no rates_mode in it")
	}
	return counting{Rates: doc.Mode != "none", Off: doc.Off}, nil
}
