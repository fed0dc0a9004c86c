// Package work says what rubber has to know of work: how much of it waits in a
// queue, and which workers there are and what each of them does. Brokers are
// folders below.
package work
