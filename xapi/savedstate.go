package xapi

import (
	"context"
	"fmt"
)

// stateKey is the key of other_config that agents leave their state in.
const stateKey = "perfmon-state"

// SetSavedState keeps what agents tell one another of a VM (VM.SavedState),
// and takes the key away if text is "". Where the text is there already
// nothing is written. As in SetConfig there is no key for some milliseconds;
// when another agent writes at the same moment, one of the two texts is there
// afterwards, and MAP_DUPLICATE_KEY may be the error of the other. A VM that
// is gone is ErrNoObject.
func (c *Client) SetSavedState(ctx context.Context, vmUUID, text string) error {
	if err := c.setSavedState(ctx, vmUUID, text); err != nil {
		return fmt.Errorf("set other-config:%s of vm %s: %w", stateKey, vmUUID, err)
	}
	return nil
}

func (c *Client) setSavedState(ctx context.Context, vmUUID, text string) error {
	var ref string
	err := c.Call(ctx, "VM.get_by_uuid", &ref, vmUUID)
	if IsCode(err, "UUID_INVALID") {
		return ErrNoObject
	}
	if err != nil {
		return err
	}
	var now otherConfig
	if err := c.Call(ctx, "VM.get_other_config", &now, ref); err != nil || now.state == text {
		return err
	}
	if now.state != "" {
		if err := c.Call(ctx, "VM.remove_from_other_config", nil, ref, stateKey); err != nil {
			return err
		}
	}
	if text == "" {
		return nil
	}
	return c.Call(ctx, "VM.add_to_other_config", nil, ref, stateKey, text)
}
