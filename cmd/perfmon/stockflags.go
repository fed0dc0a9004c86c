package main

import (
	"strconv"
	"strings"

	"github.com/spf13/pflag"
)

// What the stock daemon's command lines may hold: numbers with leading zeros,
// which are decimal all the same, and long flags cut short.

// decimal is a whole number in base ten.
type decimal int64

// Set reads what Python's int() reads of plain digits.
func (d *decimal) Set(s string) error {
	n, err := strconv.ParseInt(strings.TrimSpace(s), 10, 64)
	*d = decimal(n)
	return err
}

func (d *decimal) String() string { return strconv.FormatInt(int64(*d), 10) }

// Type is what the help calls it.
func (d *decimal) Type() string { return "int" }

// unabbreviate spells out long flags that are cut short, where only one can
// be meant. It leaves alone what follows "--".
func unabbreviate(args []string, f *pflag.FlagSet) []string {
	whole := make([]string, 0, len(args))
	for i, arg := range args {
		if arg == "--" {
			return append(whole, args[i:]...)
		}
		name, value, given := strings.Cut(strings.TrimPrefix(arg, "--"), "=")
		if !strings.HasPrefix(arg, "--") || f.Lookup(name) != nil {
			whole = append(whole, arg)
			continue
		}
		var meant []string
		f.VisitAll(func(flag *pflag.Flag) {
			if strings.HasPrefix(flag.Name, name) {
				meant = append(meant, flag.Name)
			}
		})
		if len(meant) == 1 {
			if arg = "--" + meant[0]; given {
				arg += "=" + value
			}
		}
		whole = append(whole, arg)
	}
	return whole
}
