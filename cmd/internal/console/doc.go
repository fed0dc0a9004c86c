// Package console is how our programs write for people: in colours on a
// terminal alone, in tables that fit it, in sections with titles, and with
// nothing in them by which a name of others could steer the terminal.
package console
