// Package xapi hands alarms to the toolstack: each that was raised or repeated
// becomes a message named ALARM on its object, which XenCenter, Xen Orchestra
// and mail-alarm read.
//
// # Exactly one message
//
// message.create knows no repeats, so what may have been sent is looked up
// before it is sent again (message.get of the object, xapi_message.ml). A
// message carries nothing of ours but its body, and two events of one alarm
// may well have the same: a disk that is 97 % full is so every hour. So the
// references of the messages that each alarm got are kept. A message of the
// object with an event's body whose reference is not among them can only be
// that event's, because the events of an alarm come one after the other.
//
// What remains: a message is not found, and made a second time, if before the
// lookup somebody destroyed it, or the toolstack did (it keeps the newest
// 10 000); if the clock of the host that keeps the messages is an hour behind
// ours; or if the toolstack is still working, two seconds after it ended, on a
// call that we gave up. And a message with the same body that somebody else
// made on the same object, less than an hour before an event of ours was sent
// and got no answer, is taken for that event's.
package xapi
