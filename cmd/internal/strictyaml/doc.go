// Package strictyaml reads settings files in YAML strictly: what is not known
// is an error with its line, its column and the nearest name that is, and all
// errors of a file are found at once.
//
// A key is a line in a table, which says what it may be, where its value goes
// to and what it means. Reader, defaults and docs come from there. The tables
// are those of the programs: cmd/internal/settings has the agent's,
// cmd/internal/rubberconfig those of rubber.
//
// Secrets are never in a file itself: keys that end in _file, _env or
// _credential say where they are.
package strictyaml
