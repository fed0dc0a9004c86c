package xapi

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
)

// configKey is the key of other_config that has an object's trigger XML.
const configKey = "perfmon"

// putBackFor is how long a text is tried to be put in whose forerunner has
// been taken out.
const putBackFor = 30 * time.Second

// ConfigChanged says that somebody else has changed an object's trigger XML.
type ConfigChanged struct{ Now string }

func (e *ConfigChanged) Error() string { return "somebody else has changed it meanwhile" }

// ConfigLost says that an object's trigger XML has been taken out, and
// perhaps not been put in again.
type ConfigLost struct{ Err error }

func (e *ConfigLost) Error() string {
	return "the old text is out and the new one perhaps not in: " + e.Err.Error()
}
func (e *ConfigLost) Unwrap() error { return e.Err }

// SetConfig puts text in the place of o.Config in the toolstack, and takes the
// key away if it is "". It says ConfigChanged, and has changed nothing, when
// the toolstack has another text than o.Config. When there is no error it has
// seen the text there afterwards.
//
// The toolstack has no call that replaces one key. set_other_config replaces
// the whole map: whatever another writer (a backup program, another agent's
// perfmon-state) puts in between our look and that call would be lost, and
// nobody would know. So the key is taken out and put in again, as xe
// vm-param-set and XenCenter do it. For some milliseconds there is none, and
// two events come of it; a Watcher waits for the second (watcher.go). What is
// taken out is put in whatever becomes of ctx; a text that the toolstack would
// not take is refused before.
func (c *Client) SetConfig(ctx context.Context, o Object, text string) error {
	if err := c.setConfig(ctx, o, text); err != nil {
		return fmt.Errorf("set other-config:%s of %s %s: %w", configKey, o.Class, o.UUID, err)
	}
	return nil
}

func (c *Client) setConfig(ctx context.Context, o Object, text string) error {
	class := wireNames[o.Class]
	add := []any{o.Ref, configKey, text}
	session := strings.Repeat("x", 64) // longer than one is
	if _, err := encodeRequest(0, class+".add_to_other_config", append([]any{session}, add...)); err != nil {
		return err
	}
	now, err := c.ownConfig(ctx, o)
	switch {
	case err != nil:
		return err
	case now.text != o.Config || now.is != o.HasConfig:
		return &ConfigChanged{now.text}
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), putBackFor)
	defer cancel()
	out := false
	if now.is {
		err := c.insist(ctx, class+".remove_from_other_config", []any{o.Ref, configKey})
		if out = err == nil || Retriable(err); err != nil {
			return lost(out, err)
		}
	}
	if text == "" {
		return c.verify(ctx, o, ownConfig{})
	}
	if err := c.insist(ctx, class+".add_to_other_config", add); err != nil {
		return lost(out, err)
	}
	return c.verify(ctx, o, ownConfig{text, true})
}

// lost is an error after which the text may be out.
func lost(out bool, err error) error {
	if out {
		return &ConfigLost{err}
	}
	return err
}

// insist takes the key out or puts it in, if need be several times: of a call
// without an answer nobody knows whether it did. That the key is there already
// is left to verify.
func (c *Client) insist(ctx context.Context, method string, params []any) error {
	backoff := Backoff{Rand: c.opts.Rand}
	for {
		err := c.Call(ctx, method, nil, params...)
		if err == nil || IsCode(err, "MAP_DUPLICATE_KEY") {
			return nil
		}
		if !Retriable(err) {
			return err
		}
		timer := time.NewTimer(backoff.Next())
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return err
		}
	}
}

// verify looks whether the toolstack has what it should.
func (c *Client) verify(ctx context.Context, o Object, want ownConfig) error {
	now, err := c.ownConfig(ctx, o)
	if err != nil {
		return fmt.Errorf("it is done, and cannot be verified: %w", err)
	}
	if now != want {
		return &ConfigChanged{now.text}
	}
	return nil
}

// ownConfig asks for an object's trigger XML.
func (c *Client) ownConfig(ctx context.Context, o Object) (ownConfig, error) {
	var now ownConfig
	err := c.Call(ctx, wireNames[o.Class]+".get_other_config", &now, o.Ref)
	if IsCode(err, "HANDLE_INVALID") {
		err = errors.Join(ErrNoObject, err)
	}
	return now, err
}
