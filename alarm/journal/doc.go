// Package journal keeps on disk what an agent has to know after a stop, a
// kill or a power cut: the states of triggers, the configuration that was
// last good, the rows that were last evaluated, silences, the last
// transitions, and for each sink the alarms that it has not delivered yet.
//
// One transaction holds all that a poll changed, and it is on the disk before
// Commit returns. The file is a bbolt database with one bucket a table:
//
//	meta             "format", "epoch", "sequence"
//	state            alarm.ID → opaque bytes
//	value/<space>    key → opaque bytes
//	queue/<sink>     8 bytes, big endian, rising → time and event
//	history          8 bytes, big endian, rising → event: the last transitions
//	inflight/<sink>  the same keys → when it may have been sent for the first time
//
// Every value ends with a checksum of itself, its key and its table. The
// whole content is in memory too: reading never touches the disk, and a disk
// that fails takes nothing but durability away.
//
// # A disk that fails
//
// All goes on in memory, and the disk is tried again now and then. The file is
// made anew then, since nobody knows what a disk has kept that refused a
// write; that takes room for a second one. Where the disk was full and nothing
// else, and still has not so much, what has changed is written to the file
// that is there.
//
// # Epochs
//
// An event is named by the journal's epoch and a sequence number. When the
// file is made anew the epoch is new as well, so that no two events share a
// name. For the same reason the epoch changes when the disk fails: what is
// numbered from then on is in memory only, and an agent that is killed would
// give the same numbers again. The events of the commit that failed, which
// nobody has seen yet, are renamed.
package journal
