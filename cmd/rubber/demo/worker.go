package demo

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"
)

// Worker is the program of a machine.
type Worker struct {
	URL    string        // of the shop
	Token  string        // that it asks for
	Name   string        // its own: "worker@machine"
	Slots  int           // jobs at once
	Boot   time.Duration // before it first reports, as a machine boots
	Client *http.Client
}

// Work takes jobs and does them, which is to wait, until it is told to end or
// ctx ends. It is an error when the shop is away for as long as the shop waits
// for a worker: nobody is left to tell it to end.
func (w *Worker) Work(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return nil
	case <-time.After(w.Boot):
	}
	const every = 500 * time.Millisecond
	t := time.NewTicker(every)
	defer t.Stop()
	ends := map[int64]time.Time{} // of jobs, when they are done
	done := map[int64]bool{}      // and not reported
	heard := time.Now()
	process := heard.UnixMilli() // two are not started at once under one name
	for {
		now := time.Now()
		r := Report{Name: w.Name, Process: process, Slots: w.Slots, Ends: ctx.Err() != nil}
		for id, end := range ends {
			if !now.Before(end) {
				delete(ends, id)
				done[id] = true
			}
		}
		for id := range ends {
			r.Holds = append(r.Holds, id)
		}
		for id := range done {
			r.Done = append(r.Done, id)
		}
		o, err := w.report(context.WithoutCancel(ctx), r)
		switch {
		case r.Ends:
			return nil
		case err == nil:
			heard = now
			clear(done)
			for _, j := range o.Start {
				if _, runs := ends[j.ID]; !runs {
					ends[j.ID] = now.Add(j.Run)
				}
			}
			if o.End && len(ends) == 0 {
				_, _ = w.report(context.WithoutCancel(ctx), Report{Name: w.Name, Process: process, Slots: w.Slots, Ends: true}) // else it is missed
				return nil
			}
		case now.Sub(heard) > lost:
			return fmt.Errorf("report to the shop: %w", err)
		}
		select {
		case <-ctx.Done():
		case <-t.C:
		}
	}
}

func (w *Worker) report(ctx context.Context, r Report) (o Orders, err error) {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	body, err := json.Marshal(r)
	if err != nil {
		return o, err
	}
	q, err := http.NewRequestWithContext(ctx, http.MethodPost, w.URL+"/report", bytes.NewReader(body))
	if err != nil {
		return o, err
	}
	q.Header.Set("Authorization", w.Token)
	a, err := w.Client.Do(q)
	if err != nil {
		return o, err
	}
	defer a.Body.Close()
	text, err := io.ReadAll(io.LimitReader(a.Body, 1<<20))
	if err != nil {
		return o, err
	}
	if a.StatusCode != http.StatusOK {
		return o, errors.New(a.Status)
	}
	return o, json.Unmarshal(text, &o)
}
