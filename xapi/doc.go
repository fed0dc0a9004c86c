// Package xapi is one session with a XenServer or XCP-ng toolstack: login,
// calls, the rrd_updates body, messages, and the records that a host agent
// needs as they change.
//
// Everything that a host agent needs goes over local sockets. Calls are
// JSON-RPC 2.0 over POST /jsonrpc on xapi's unix socket, where a root peer
// needs no password and where a pool member forwards to its coordinator by
// itself. Rows come from xcp-rrdd's own unix socket, without a session, or
// from xapi's port 80 where that socket is not served.
//
//	c := xapi.New(xapi.Options{Logger: logger})
//	defer c.Close(context.Background())
//	go c.NewWatcher().Watch(ctx, hostUUID, 0, xapi.Turn{}, onChange)
//	body, err := c.RRDUpdates(ctx, xapi.RRDQuery{Start: now - 300, Interval: 60})
//
// A toolstack elsewhere is asked over https (Options.Server), with a
// certificate that is trusted by its CA or its fingerprint. Whoever makes and
// ends VMs has Records, Task, Watch and PutDisk, beside Call.
//
// A Client holds at most one session at a time: sessions are a quota that a
// whole pool shares. The reference of the session is a credential, and
// appears in no error and no log line.
//
// Errors say what went wrong in a form that callers branch on: *Error is the
// toolstack's own refusal, *HTTPStatusError an HTTP status that is not 200,
// *ReplyError a reply that cannot be read. Retriable tells whether the same
// call may succeed later, Kind is one word for "log once per change".
package xapi
