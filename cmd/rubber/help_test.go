//go:build !integration

package main

import (
	"testing"

	"perfmon/cmd/internal/verbs/verbstest"
)

// program is what is tested.
var program = verbstest.Program{Root: newRoot, Run: run}

func TestHelp(t *testing.T)           { program.Help(t) }
func TestHelpInDocs(t *testing.T)     { program.HelpInDocs(t, "rubber-verbs.md") }
func TestGenerate(t *testing.T)       { program.Generate(t) }
func TestGenerateErrors(t *testing.T) { program.GenerateErrors(t) }
func TestCompletions(t *testing.T)    { program.Completions(t) }
