package main

import (
	"bufio"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"perfmon/rrd"
)

func newDump() *cobra.Command {
	var format string
	var quiet bool
	cmd := &cobra.Command{
		Use:   "dump FILE|-",
		Short: "decode an answer to /rrd_updates",
		Long: `dump decodes an update, the toolstack's answer to GET /rrd_updates, and prints
its header, its columns and its rows, newest first. XML and JSON are told apart
by their content. Rows that are longer or shorter than the legend are printed
as they are.

With --quiet it prints one line: rows, columns, values, how many of them are
unknown, and a checksum of the bits of all values in document order.`,
		Example: `  perfmonctl dump update.xml
  curl --unix-socket /var/lib/xcp/xcp-rrdd 'http://x/rrd_updates?start=-300&host=true' | perfmonctl dump --quiet -`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			in, err := openInput(cmd, args[0])
			if err != nil {
				return err
			}
			defer in.Close()
			return dump(in, cmd.OutOrStdout(), format, quiet)
		},
	}
	cmd.Flags().StringVar(&format, "format", "tsv", "tsv: tab-separated lines; json: one object a line")
	cmd.Flags().BoolVar(&quiet, "quiet", false, "print a summary of one line instead")
	return cmd
}

func dump(in io.Reader, out io.Writer, format string, quiet bool) error {
	var write func(io.Writer, rrd.Reader) error
	switch format {
	case "tsv":
		write = rrd.WriteTSV
	case "json":
		write = rrd.WriteJSON
	default:
		return fmt.Errorf("--format %q: want tsv or json", format)
	}
	d := rrd.NewDecoder(in, rrd.DecoderOptions{AllowRagged: true, MaxBytes: -1})
	if quiet {
		s, err := rrd.Summarize(d)
		if err != nil {
			return failed(err)
		}
		fmt.Fprintln(out, s)
		return nil
	}
	buffered := bufio.NewWriter(out)
	err := write(buffered, d)
	if flushErr := buffered.Flush(); err == nil {
		err = flushErr
	}
	if err != nil {
		return failed(err)
	}
	return nil
}
