// Package settings reads the agent's settings file, /etc/perfmon/perfmon.yaml:
// which sinks there are and how each is spoken to. What triggers watch is
// elsewhere, in trigger XML.
//
// A key of the file is a line in one of the tables of keys.go and kinds.go,
// which say what it may be, where its value goes to and what it means; the
// reader, the defaults and docs/settings.md all come from there. The file is
// strict: what is not known is an error with its place, and all errors are
// found at once.
//
// Secrets are never in the file itself. Keys that end in _file and _env say
// where they are, so that the file may be read by everybody, and no value of
// this package prints one.
package settings
