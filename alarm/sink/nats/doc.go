// Package nats publishes events to a NATS JetStream.
//
// A transition is published with its id as Nats-Msg-Id and counts as taken
// when the stream has acknowledged it. The stream drops a second message with
// an id that it has seen within its duplicate window, so that sending again
// after a lost acknowledgement makes no second event. Beyond that window it
// would, and so an event whose first try lies further back is given up
// instead: every id arrives once, as long as the window is longer than any
// outage. The window is read from the stream on each new connection.
//
// Announcements go to the same subjects and heartbeats to their own
// (perfmon.heartbeat.v1.<host uuid>), as plain messages that nobody
// acknowledges.
//
// The stream belongs to the consumers, who make it; this package only
// publishes.
package nats
