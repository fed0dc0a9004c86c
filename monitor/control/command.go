package control

import (
	"bytes"
	"unicode/utf8"
)

// Command is a word that the socket understands.
type Command string

// The commands.
const (
	// Refresh re-reads the trigger configuration and polls now.
	Refresh Command = "refresh"
	// DebugMem logs what is monitored and the memory in use.
	DebugMem Command = "debug_mem"
)

// Other stands for the word of a datagram that is no command, so that a
// stranger's words never become the label of a metric.
const Other = "other"

// What became of a datagram, as told to Options.OnCommand.
const (
	Accepted  = "accepted"  // will be handled
	Coalesced = "coalesced" // the same command waits already; handled once for both
	TooLong   = "too_long"  // more than MaxDatagram bytes
	NotUTF8   = "not_utf8"
	Unknown   = "unknown" // no command of ours
	Denied    = "denied"  // sent by neither root nor our own user, or by nobody known
)

// MaxDatagram is the size of the longest datagram that is looked at, in
// bytes, the line ending included.
const MaxDatagram = 256

// parse reads one datagram, for example
//
//	refresh\n
//
// and returns its command, or why there is none: TooLong, NotUTF8 or Unknown.
// The result is Accepted when there is one.
func parse(datagram []byte) (c Command, result string) {
	if len(datagram) > MaxDatagram {
		return "", TooLong
	}
	if !utf8.Valid(datagram) {
		return "", NotUTF8
	}
	word := datagram
	if line, ended := bytes.CutSuffix(word, []byte("\n")); ended {
		word = bytes.TrimSuffix(line, []byte("\r"))
	}
	switch c := Command(word); c {
	case Refresh, DebugMem:
		return c, Accepted
	}
	return "", Unknown
}
