package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/pflag"

	"perfmon/cmd/internal/manual"
)

// printManual prints perfmon(8).
func printManual(flags *pflag.FlagSet, stdout io.Writer) error {
	date, err := manual.Date()
	if err != nil {
		return err
	}
	about, _, _ := strings.Cut(helpHead, "Usage:")
	page := manual.Page{
		Name: "perfmon", Section: 8, Short: "host performance agent for XenServer and XCP-ng",
		Usage: "perfmon [flags]", Long: about + strings.TrimSpace(helpTail), Flags: flags,
		SeeAlso: []string{"perfmonctl(1)"},
	}
	if _, err := io.WriteString(stdout, page.Troff(date, version)); err != nil {
		return fmt.Errorf("print the manual page: %w", err)
	}
	return nil
}
