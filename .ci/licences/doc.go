// Command licences writes the package's copyright file: whose code is linked
// into the programs, under which licences, with their texts, as these ask for.
//
//	go run ./.ci/licences -arch amd64 ./cmd/perfmon ./cmd/perfmonctl
//
// It asks the go command which packages are linked in, and gathers what lies
// beside them: files named LICENSE, COPYING, NOTICE and the like, from a
// package's folder up to its module's. So nothing has to be kept in step by
// hand, and the same source makes the same text. It fails where a module has no
// licence, or one that it has not met: then a person has to look.
//
// The form is Debian's machine-readable one:
// https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/
package main
