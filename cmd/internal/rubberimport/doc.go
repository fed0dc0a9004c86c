// Package rubberimport makes a configuration of rubber out of that of the daemon
// that it descends from: a Python file, of which it reads what is written out
// and runs nothing, and a shelve with the machines that the daemon made.
//
// What a key meant there, and what has changed, is written beside the key that
// it has become. Secrets go to files of their own.
package rubberimport
