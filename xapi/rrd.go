package xapi

import (
	"context"
	"fmt"
	"io"
	"net/url"
)

// RRD asks for the full RRD of one object: every data source with every
// archive, from ten minutes to a year. The answer is XML as it streams in, in
// rrdtool's own form, and does not name the object. class is "host" for this
// host, and then uuid is not used, "vm" for a VM that runs on it, or "sr".
//
// Endpoints, limits and errors are those of RRDUpdates. A VM that runs on
// another host is an *HTTPStatusError: with code 302 from xapi, with 500 from
// xcp-rrdd.
func (c *Client) RRD(ctx context.Context, class, uuid string) (io.ReadCloser, error) {
	switch class {
	case "host":
		return c.rows(ctx, "/host_rrd")
	case "vm", "sr":
		return c.rows(ctx, "/"+class+"_rrd?uuid="+url.QueryEscape(uuid))
	}
	return nil, fmt.Errorf("get the rrd of a %q: %w", class, ErrInvalidArgument)
}
