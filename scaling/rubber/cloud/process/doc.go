// Package process is a cloud on one's own machine: a "machine" is a folder and
// a group of processes in a session of its own. It is what rubber uses when
// nothing else is configured, and what its end-to-end tests run on.
//
// A machine goes on when rubber ends, and is found again by its record, which is
// written before its program starts:
//
//	<Dir>/machines/<owner>.<intent>/record.json   who it is, and which process
//	                                exit.json     how that process ended
//	                                alive         locked as long as it lives
//	                                stdout.log stderr.log, and older ones in .1
//	                                work/         where its program runs
//	<Dir>/turn/<owner>.<intent>                   locked by whoever changes the machine
//	<Dir>/place                                   locked by whoever gives out room
//	<Dir>/trash/                                  folders on their way out
//
// A process is never taken for another one of its number: the record has the
// time at which it started, from /proc/<pid>/stat, and the boot of the kernel.
// What a program has started belongs to its machine by any of these: its
// session, its parent, the mark in its environment, the file "alive" that it
// has inherited, or the control group, if one is configured.
package process
