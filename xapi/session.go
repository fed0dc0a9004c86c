package xapi

import (
	"context"
	"errors"
	"fmt"
	"time"
)

const (
	// loginGrace is how long a login goes on after its caller has gone. A
	// login that is cut off may have made a session that nobody knows, which
	// would count against the pool's quota for a day.
	loginGrace = 2 * time.Second
	// logoutTimeout is short: it is spent while a daemon is stopping.
	logoutTimeout = 2 * time.Second
)

// ErrClosed is what a Client answers after Close.
var ErrClosed = errors.New("xapi client is closed")

// Login makes sure that there is a session. Calls do so by themselves; it is
// for those who want to know early.
func (c *Client) Login(ctx context.Context) error {
	_, err := c.session(ctx, nil)
	return err
}

// Logout ends the session, if there is one. It takes two seconds at most. A
// later call logs in again. The session is forgotten even when the toolstack
// could not be told.
func (c *Client) Logout(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, logoutTimeout)
	defer cancel()
	if err := c.lockSession(ctx); err != nil {
		return fmt.Errorf("log out: %w", err)
	}
	defer c.unlockSession()
	return c.logoutLocked(ctx)
}

// Close ends the session and the idle connections. Calls after it fail with
// ErrClosed; who still runs one, or a Watcher, ends that first.
func (c *Client) Close(ctx context.Context) error {
	defer func() {
		c.rpc.CloseIdleConnections()
		c.put.CloseIdleConnections()
		c.rrdd.CloseIdleConnections()
		c.web.CloseIdleConnections()
	}()
	ctx, cancel := context.WithTimeout(ctx, logoutTimeout)
	defer cancel()
	if err := c.lockSession(ctx); err != nil {
		return fmt.Errorf("close: %w", err)
	}
	defer c.unlockSession()
	c.closed = true
	return c.logoutLocked(ctx)
}

// withSession runs do with a session, and a second time with a new one if
// the toolstack refused the first.
func (c *Client) withSession(ctx context.Context, do func(session string) error) error {
	session, err := c.session(ctx, nil)
	if err != nil {
		return err
	}
	err = do(session)
	if !sessionRefused(err) {
		return err
	}
	session, loginErr := c.session(ctx, &refusal{session: session, err: err})
	if loginErr != nil {
		return loginErr
	}
	return do(session)
}

// sessionRefused says whether a new session may help.
func sessionRefused(err error) bool {
	var status *HTTPStatusError
	return IsCode(err, "SESSION_INVALID") || errors.As(err, &status) && status.Code == 401
}

// refusal is a session that the toolstack did not accept, and how it said so.
type refusal struct {
	session string
	err     error
}

// session returns the session, logging in if there is none or if it is the
// one that was refused. Callers that were refused together share one login.
func (c *Client) session(ctx context.Context, refused *refusal) (string, error) {
	if err := c.lockSession(ctx); err != nil {
		return "", fmt.Errorf("wait for login: %w", err)
	}
	defer c.unlockSession()
	if c.closed {
		return "", ErrClosed
	}
	if refused != nil && refused.session == c.sessionRef {
		c.dropLocked(ctx, refused)
	}
	if c.sessionRef != "" {
		return c.sessionRef, nil
	}
	ref, err := c.login(ctx)
	if err != nil {
		return "", err
	}
	c.sessionRef = ref
	return ref, nil
}

// forget drops the session if it is the one that was refused, so that the
// next call logs in.
func (c *Client) forget(ctx context.Context, refused *refusal) {
	if err := c.lockSession(ctx); err != nil {
		return // the context is over: so is the caller
	}
	defer c.unlockSession()
	if refused.session == c.sessionRef {
		c.dropLocked(ctx, refused)
	}
}

// dropLocked forgets a session that was refused. A 401 may also mean that
// the session could not be looked up, in which case it is still alive:
// logging out keeps it from being left behind.
func (c *Client) dropLocked(ctx context.Context, refused *refusal) {
	if IsCode(refused.err, "SESSION_INVALID") {
		c.sessionRef = ""
		return
	}
	ctx, cancel := context.WithTimeout(ctx, logoutTimeout)
	defer cancel()
	if err := c.logoutLocked(ctx); err != nil {
		c.opts.Logger.Debug("a refused session could not be logged out", "err", err)
	}
}

func (c *Client) login(ctx context.Context) (string, error) {
	if err := ctx.Err(); err != nil {
		return "", fmt.Errorf("log in: %w", err)
	}
	lasting, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	stop := context.AfterFunc(ctx, func() { time.AfterFunc(loginGrace, cancel) })
	defer stop()

	var ref string
	var err error
	for hop := 0; ; hop++ {
		err = c.exchange(lasting, exchange{
			method:  "session.login_with_password",
			params:  []any{c.opts.Username, c.opts.Password, "1.0", c.opts.Originator},
			timeout: c.opts.CallTimeout,
			limit:   c.opts.MaxReplyBytes,
			result:  into(&ref),
		})
		if hop == maxHops || !c.follow(err) {
			break
		}
	}
	switch {
	case err != nil && ctx.Err() != nil:
		return "", fmt.Errorf("log in: %w", ctx.Err())
	case err != nil:
		return "", fmt.Errorf("log in: %w", err)
	case nullRef(ref):
		return "", fmt.Errorf("log in: %w", ErrNullRef)
	}
	return ref, nil
}

func (c *Client) logoutLocked(ctx context.Context) error {
	ref := c.sessionRef
	if ref == "" {
		return nil
	}
	c.sessionRef = ""
	err := c.exchange(ctx, exchange{
		method:  "session.logout",
		params:  []any{ref},
		session: ref,
		timeout: logoutTimeout,
		limit:   c.opts.MaxReplyBytes,
		result:  into(nil),
	})
	if err == nil || IsCode(err, "SESSION_INVALID") {
		return nil
	}
	return fmt.Errorf("log out: %w", err)
}

func (c *Client) lockSession(ctx context.Context) error {
	select {
	case <-c.sessionLock:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (c *Client) unlockSession() { c.sessionLock <- struct{}{} }
