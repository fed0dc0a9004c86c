// Package hear knows what perfmon's agents say about hosts and storage: their
// alarms and heartbeats, heard from the engine, from an AMQP broker or from
// Alertmanager, and kept as one table of what may be believed now.
//
// An event carries the whole state of an alarm and a time to live. So the table
// is right again a time to live after anything was lost, late or repeated:
// what is not confirmed becomes unknown, which is neither firing nor fine.
// The contract with the agents is docs/events.md.
package hear
