package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"perfmon/rrd"
	"perfmon/xapi"
)

// listWindow is how far back the rows reach that are asked for only to see
// which objects there are.
const listWindow = 5 * time.Minute

// readXAPI asks this host's toolstack for the full RRDs.
func (r *replayer) readXAPI(cmd *cobra.Command) error {
	ctx := cmd.Context()
	r.xapi.Originator, r.xapi.UserAgent, r.xapi.MaxReplyBytes = "perfmonctl", "perfmonctl/"+version, maxRecords
	client := xapi.New(r.xapi)
	defer closeClient(client)
	if err := r.find(ctx, client); err != nil {
		return err
	}
	uuids := []string{r.object}
	if r.object == "" || r.class == rrd.ClassHost {
		r.tell.Say("ask which objects there are", 0, 0)
		var err error
		if uuids, err = r.listObjects(ctx, client); err != nil {
			return err
		}
	}
	for i, uuid := range uuids {
		r.tell.Say("read "+r.class+" "+uuid, i, len(uuids))
		err := r.fetch(ctx, client, r.class, uuid)
		var status *xapi.HTTPStatusError
		if errors.As(err, &status) && len(uuids) > 1 {
			// It may have gone since it was listed.
			fmt.Fprintf(cmd.ErrOrStderr(), "perfmonctl: %s %s is left out: %v\n", r.class, uuid, err)
			continue
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// find makes a uuid of what names the object.
func (r *replayer) find(ctx context.Context, client *xapi.Client) error {
	if r.object == "" || wholeUUID.MatchString(r.object) {
		return nil // whether there are rows of it, rrdd says
	}
	r.tell.Say("ask for "+r.object, 0, 0)
	object, err := r.sought.find(ctx, client, func(err error) error {
		if kind := xapi.Kind(err); kind == "absent" || kind == "refused" {
			return fmt.Errorf("no toolstack answers at %s: name its socket with --xapi-socket, or the object by its whole uuid", r.xapi.XAPISocket)
		}
		return err
	})
	if err != nil {
		return err
	}
	r.object = object.UUID
	return nil
}

// listObjects reads from the newest rows which objects of the class there are.
func (r *replayer) listObjects(ctx context.Context, client *xapi.Client) ([]string, error) {
	if r.class == rrd.ClassSR {
		return nil, errors.New("which SR? The toolstack does not list those that have rows: want --object UUID")
	}
	body, err := client.RRDUpdates(ctx, xapi.RRDQuery{Start: time.Now().Add(-listWindow).Unix(), Interval: 60, CF: string(rrd.Average)})
	if err != nil {
		return nil, err
	}
	defer body.Close()
	header, err := rrd.NewDecoder(body, rrd.DecoderOptions{}).Header()
	if err != nil {
		return nil, fmt.Errorf("list objects: %w", err)
	}
	var uuids []string
	for _, e := range header.Legend.Entries {
		if e.Class == r.class && (r.object == "" || e.UUID == r.object) && !slices.Contains(uuids, e.UUID) {
			uuids = append(uuids, e.UUID)
		}
	}
	switch {
	case len(uuids) == 0 && r.object != "":
		return nil, fmt.Errorf("the toolstack has no rows of %s %s here", r.class, r.object)
	case len(uuids) == 0:
		return nil, fmt.Errorf("the toolstack has no rows of any %s", r.class)
	}
	return uuids, nil
}

func (r *replayer) fetch(ctx context.Context, client *xapi.Client, class, uuid string) error {
	body, err := client.RRD(ctx, class, uuid)
	if err != nil {
		return err
	}
	defer body.Close()
	if err := r.readFull(io.Reader(body), class, uuid); err != nil {
		return fmt.Errorf("%s %s: %w", class, uuid, err)
	}
	return nil
}
