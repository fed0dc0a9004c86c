package main

import (
	"flag"
	"fmt"
	"os"
)

func main() {
	arch := flag.String("arch", "amd64", "the architecture, as Go names it")
	command := flag.String("go", "go", "the go command")
	flag.Parse()
	if err := run(*command, *arch, flag.Args()); err != nil {
		fmt.Fprintln(os.Stderr, "licences:", err)
		os.Exit(1)
	}
}

// run writes the file for these programs to standard output.
func run(command, arch string, programs []string) error {
	linked, err := list(command, arch, programs)
	if err != nil {
		return err
	}
	own, others, err := gather(linked)
	if err != nil {
		return err
	}
	text, err := document(own, others)
	if err != nil {
		return err
	}
	_, err = os.Stdout.Write(text)
	return err
}
