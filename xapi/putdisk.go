package xapi

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"
)

// ErrElsewhere says that only another host of the pool can reach a disk's
// storage, and that it cannot be asked over the local socket.
var ErrElsewhere = errors.New("another host has the disk's storage")

// PutDisk writes content to the beginning of a disk (a VDI's reference). The
// toolstack accepts it before it has written it, and what goes wrong then is
// said by a task alone, so one is made for it.
//
//	PUT /import_raw_vdi?session_id=OpaqueRef:…&task_id=OpaqueRef:…&vdi=OpaqueRef:…&format=raw
func (c *Client) PutDisk(ctx context.Context, vdi string, content []byte) error {
	if err := c.putDisk(ctx, vdi, content); err != nil {
		return fmt.Errorf("write a disk: %w", err)
	}
	return nil
}

func (c *Client) putDisk(ctx context.Context, vdi string, content []byte) error {
	var task string
	if err := c.Call(ctx, "task.create", &task, "write a disk", "by "+c.opts.Originator); err != nil {
		return err
	}
	defer c.forgetTask(ctx, task)
	err := c.withSession(ctx, func(session string) error {
		query := url.Values{"session_id": {session}, "task_id": {task}, "vdi": {vdi}, "format": {"raw"}}
		at := *c.server.Load()
		for hop := 0; ; hop++ {
			next, err := c.sendDisk(ctx, &at, query, content)
			if err != nil || next == nil {
				return err
			}
			// Over the local socket there is no TLS to ask the other host with.
			if c.opts.Server == nil || next.Scheme != at.Scheme || hop == maxHops {
				return fmt.Errorf("%w (%s)", ErrElsewhere, next.Host)
			}
			at.Host = next.Host
		}
	})
	if err != nil {
		return err
	}
	ended, err := c.Await(ctx, task)
	if err != nil {
		return err
	}
	return ended.Err()
}

// sendDisk is one request. The host that it says is where the disk can be
// reached, if not here.
func (c *Client) sendDisk(ctx context.Context, at *url.URL, query url.Values, content []byte) (elsewhere *url.URL, err error) {
	began := time.Now()
	defer func() { c.opts.OnCall("import_raw_vdi", err, time.Since(began).Seconds()) }()
	ctx, cancel := context.WithTimeout(ctx, c.opts.CallTimeout)
	defer cancel()
	u := at.JoinPath("import_raw_vdi")
	u.RawQuery = query.Encode()
	req, err := http.NewRequestWithContext(ctx, http.MethodPut, u.String(), bytes.NewReader(content))
	if err != nil {
		return nil, withoutURL(err)
	}
	req.Header.Set("User-Agent", c.opts.UserAgent)
	req.Header.Set("Content-Type", "application/octet-stream")
	resp, err := c.put.Do(req)
	if err != nil {
		return nil, withoutURL(err)
	}
	defer resp.Body.Close()
	switch resp.StatusCode {
	case http.StatusOK:
		// The head comes first of all; the end of the answer is when the last
		// byte has been written.
		if _, err := io.Copy(io.Discard, io.LimitReader(resp.Body, 64<<10)); err != nil {
			return nil, withoutURL(err)
		}
		return nil, nil
	case http.StatusFound:
		to, err := url.Parse(resp.Header.Get("Location"))
		if err != nil || to.Host == "" {
			return nil, errors.New("the toolstack names another host, but in no form that can be followed")
		}
		return to, nil
	}
	return nil, newStatusError("xapi /import_raw_vdi", resp)
}

// forgetTask destroys a task of ours, which nobody else would for a day. It
// does so even if the caller has gone.
func (c *Client) forgetTask(ctx context.Context, task string) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), logoutTimeout)
	defer cancel()
	_ = c.Call(ctx, "task.destroy", nil, task) // the toolstack forgets it too, only later
}
