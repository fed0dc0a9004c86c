// Package rubberconfig reads rubber's configuration, /etc/rubber/rubber.yaml:
// which queues there are, who works for them and where, whose alarms are heard,
// and the numbers behind the rules.
//
// A key of the file is a line in one of the tables of this package, which say
// what it may be, where its value goes to and what it means; the reader, the
// defaults, what is in force (Config.Effective) and the tables of docs/rubber.md
// all come from there. What is not known is an error with its place, as package
// strictyaml has it. No secret is in the file, and none is printed.
package rubberconfig
