// Package rubber keeps as many workers as the work needs. Its Controller looks
// at queues, workers, clouds and hosts, has package plan decide, and carries the
// plan out; it survives being killed at any instant.
//
// A turn is look, plan, act. One goroutine owns all state. Everything that can
// hang (queues, clouds, workers) is asked by others, each with a deadline, and
// what they bring is taken in by the owner. What was not heard is unknown, and
// nothing is taken away because of what is unknown.
//
// Every machine has a Record in the store, written before the cloud is asked.
// What happens to a machine is a pure state machine (life.go, drain.go): a
// record and what is seen of it give the next record and at most one order. An
// order is given after the record that leads to it is in the store, and every
// order may be given twice; so a crash between the two changes nothing.
package rubber
