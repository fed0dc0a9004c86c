// Package shadow compares the alarms of this agent with those that the stock
// daemon has created for the same objects, while both watch a host.
//
// The two cannot be compared one by one as they come. This agent's alarm has
// the time of the row that completed the period. The stock daemon looks at
// rows when it polls, every five minutes, counts its inhibit time from there,
// and the toolstack stamps its message later still. So an alarm waits until
// the other side can have nothing to say of it any more; only then is it a
// difference. Whatever is a known difference of the two is named as that.
//
// The package has no clock and does no I/O. Times are Unix seconds, by the
// clock of the rows.
package shadow
