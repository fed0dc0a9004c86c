// Package rabbit looks at queues of RabbitMQ.
//
// What is ready, and how many listen, is asked of the broker itself by a
// passive declare, which is true at that instant. What is unacknowledged only
// the management plugin tells, from figures that are up to some seconds old;
// combine.go says how the two are put together, and how the age of the oldest
// task is worked out.
package rabbit
