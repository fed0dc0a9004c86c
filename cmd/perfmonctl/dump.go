package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"perfmon/cmd/internal/verbs"
	"perfmon/rrd"
)

func newDump() *cobra.Command {
	var format string
	var quiet bool
	cmd := &cobra.Command{
		Use:   "dump FILE",
		Short: "decode an answer to /rrd_updates",
		Long: `dump decodes an update, the toolstack's answer to GET /rrd_updates, and prints
its header, its columns and its rows, newest first. XML and JSON are told apart
by their content. Rows that are longer or shorter than the legend are printed
as they are. "-" is standard input.

With --quiet it prints one line: rows, columns, values, how many of them are
unknown, and a checksum of the bits of all values in document order.

Exit codes: 0 decoded to its end, 1 wrong flags, 2 not decoded: the message
says at which byte, and of which row (0 is the newest).`,
		Example: `  perfmonctl dump update.xml
  curl -s --unix-socket /var/lib/xcp/xcp-rrdd \
    'http://localhost/rrd_updates?start=-300&host=true' |
    perfmonctl dump --quiet -`,
		Args: files(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			write, err := writerOf(format, quiet)
			if err != nil {
				return err
			}
			in, err := openInput(cmd, args[0])
			if err != nil {
				return err
			}
			defer in.Close()
			return dump(in, nameOf(args[0]), cmd.OutOrStdout(), write)
		},
	}
	f := cmd.Flags()
	f.StringVar(&format, "output", "tsv", "`FORMAT` of the output: tsv or json")
	f.StringVar(&format, "format", "tsv", "an earlier name of --output")
	_ = f.MarkHidden("format") // the error is of a flag that there is not
	verbs.Offer(cmd, "output", "tsv", "json")
	cmd.Flags().BoolVar(&quiet, "quiet", false, "print a summary of one line instead")
	return cmd
}

// writer prints what a decoder reads.
type writer func(io.Writer, rrd.Reader) error

func writerOf(format string, quiet bool) (writer, error) {
	byFormat := map[string]writer{"tsv": rrd.WriteTSV, "table": rrd.WriteTSV, "json": rrd.WriteJSON}
	write, ok := byFormat[format]
	if !ok {
		return nil, fmt.Errorf("--output %q: want tsv or json", format)
	}
	if quiet {
		write = summarize
	}
	return write, nil
}

func summarize(out io.Writer, r rrd.Reader) error {
	s, err := rrd.Summarize(r)
	if err == nil {
		fmt.Fprintln(out, s)
	}
	return err
}

// dump prints an update as far as it can be read.
func dump(in io.Reader, name string, out io.Writer, write writer) error {
	d := rrd.NewDecoder(in, rrd.DecoderOptions{AllowRagged: true, MaxBytes: -1})
	buffered := bufio.NewWriter(out)
	err := write(buffered, d)
	if flushErr := buffered.Flush(); flushErr != nil { // the reason, if write has failed
		return verbs.Failed(fmt.Errorf("write output: %w", flushErr))
	}
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF):
		return verbs.Failed(fmt.Errorf("%s: %w, the document is cut off", name, err))
	case err != nil:
		return verbs.Failed(fmt.Errorf("%s: %w", name, err))
	}
	return nil
}
