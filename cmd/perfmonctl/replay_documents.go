package main

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"regexp"

	"github.com/spf13/cobra"

	"perfmon/rrd"
)

// uuidInName finds the object that a full RRD is of.
var uuidInName = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`)

// readFiles reads the documents of the command line.
func (r *replayer) readFiles(cmd *cobra.Command) error {
	for i, path := range r.files {
		r.tell.Say("read "+filepath.Base(path), i, len(r.files))
		in, err := openInput(cmd, path)
		if err != nil {
			return err
		}
		uuid := r.object
		if uuid == "" {
			uuid = uuidInName.FindString(filepath.Base(path))
		}
		err = r.readDocument(in, uuid)
		in.Close()
		if err != nil {
			return fmt.Errorf("%s: %w", nameOf(path), err)
		}
	}
	return nil
}

// readDocument reads an update or a full RRD, packed or not. uuid is whose the
// latter is, "" if nobody knows.
func (r *replayer) readDocument(in io.Reader, uuid string) error {
	buffered := bufio.NewReaderSize(in, 4096)
	if magic, _ := buffered.Peek(2); bytes.Equal(magic, []byte{0x1f, 0x8b}) {
		unpacked, err := gzip.NewReader(buffered)
		if err != nil {
			return fmt.Errorf("gzip: %w", err)
		}
		buffered = bufio.NewReaderSize(unpacked, 4096)
	}
	// What cannot be read yet is the decoder's to report.
	head, _ := buffered.Peek(1024)
	if !rrd.LooksFull(head) {
		return r.history.Add(rrd.NewDecoder(buffered, rrd.DecoderOptions{}))
	}
	if uuid == "" && r.class == rrd.ClassHost {
		uuid = "host"
	}
	if uuid == "" {
		return errors.New("a full RRD does not say whose it is: want --object UUID, or the uuid in the file's name")
	}
	return r.readFull(buffered, r.class, uuid)
}

// readFull takes all archives of a full RRD.
func (r *replayer) readFull(in io.Reader, class, uuid string) error {
	full, err := rrd.ReadFull(in, rrd.DecoderOptions{})
	if err != nil {
		return err
	}
	for _, a := range full.Archives {
		if a.CF != rrd.Average {
			continue // the agent judges averages
		}
		if err := r.history.Add(full.Reader(a, full.Legend(a.CF, class, uuid))); err != nil {
			return err
		}
	}
	return nil
}
