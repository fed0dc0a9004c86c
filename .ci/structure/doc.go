// Package structure checks the rules of the house that a machine can see:
// who imports whom, that each package says what it is, that files stay short,
// that nothing is left half done, and where programs may be started or lines
// printed. The rules themselves are the tables in rules.go.
//
// It is a test, run by `go test ./.ci/structure`. Each check is also run over
// a small tree that breaks its rule, in testdata, so that it is known to turn
// red.
package structure
