// Package outbox delivers what the journal keeps for one sink, and keeps at it
// until the sink has it, has refused it, or its deadline has passed.
//
// Each sink has an Outbox of its own, with a queue, patience and metrics of
// its own, so that one that hangs holds up nobody else: neither the poll that
// commits events nor another sink.
//
// Events of one alarm arrive in the order in which they were committed; an
// event waits for the one before it. Those of other alarms pass it, so one
// event that a sink chokes on holds back its own alarm only.
//
// There are two kinds of patience. An event that failed is left alone for a
// second, then two, and so on up to five minutes. When three alarms in
// a row have failed with no success between them, the sink as a whole is
// taken to be away, and tried with one call at a time, half a minute apart at
// most; the first success ends all waiting.
//
// Where repeats cannot be told from the original, each event is marked in the
// journal before it is sent. What is marked and not known to have arrived is
// looked up before it, or anything else, is sent.
package outbox
