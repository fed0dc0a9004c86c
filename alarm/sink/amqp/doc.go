// Package amqp publishes events to a durable topic exchange of an AMQP 0-9-1
// broker such as RabbitMQ.
//
// A transition is a persistent message, and counts as taken when the broker
// has confirmed it: it is in every durable queue that is bound to its routing
// key, on disk. If nobody has bound one, the broker confirms it just as well
// and drops it. After a lost confirm it is sent again, so that every id
// arrives at least once; the message id is the event's, for consumers to drop
// repeats by.
//
// Announcements take the routing keys of the transitions and heartbeats
// perfmon.heartbeat.v1.<host uuid>. They are not persistent, they expire, and
// nobody waits for their confirm.
package amqp
