// Package control is the command socket of the agent: a datagram in, a typed
// command out.
//
// The socket is an abstract unix datagram socket, "@perfmon" by default, the
// same as the stock daemon's, so that the toolstack's host plugin and every
// script that pokes it go on working. A datagram is one word, with or without
// one line ending:
//
//	refresh\n
//
// Nothing is ever answered. Since an abstract name has no permissions, each
// datagram is judged by the credentials that the kernel attaches to it: only
// root and the agent's own user may command. Whatever else arrives is counted,
// logged at a bounded rate, and dropped.
package control
