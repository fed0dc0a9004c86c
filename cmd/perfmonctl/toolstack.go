package main

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/pflag"

	"perfmon/xapi"
)

// toolstackFlags say where the toolstack is, with perfmon's names and
// defaults.
type toolstackFlags struct {
	xapiSocket    string
	inventoryFile string
	hostUUID      string
}

func (o *toolstackFlags) add(f *pflag.FlagSet) {
	f.StringVar(&o.xapiSocket, "xapi-socket", xapi.DefaultXAPISocket, "`PATH` of xapi's unix socket")
	f.StringVar(&o.inventoryFile, "inventory-file", xapi.IdentityPath, "`FILE` that says which host of the pool this is")
	f.StringVar(&o.hostUUID, "host-uuid", "", "`UUID` of this host, instead of the one in that file")
}

// maxRecords bounds a list of objects: a VM's record is some 9 KB.
const maxRecords = 256 << 20

// open makes a client of the toolstack, to be closed.
func (o *toolstackFlags) open() *xapi.Client {
	return xapi.New(xapi.Options{
		XAPISocket: o.xapiSocket, Originator: "perfmonctl", UserAgent: "perfmonctl/" + version, MaxReplyBytes: maxRecords,
	})
}

// thisHost is the uuid of the host that this runs on.
func (o *toolstackFlags) thisHost() (string, error) {
	if o.hostUUID != "" {
		return o.hostUUID, nil
	}
	id, err := xapi.ReadIdentity(o.inventoryFile)
	if err != nil {
		return "", fmt.Errorf("%w: say which host it is with --host-uuid; a host without a toolstack has trigger files: --file /etc/perfmon/triggers/host.xml", err)
	}
	return id.HostUUID, nil
}

// explain is an error of the toolstack with the way out, if one is known.
func (o *toolstackFlags) explain(err error) error {
	switch xapi.Kind(err) {
	case "absent", "refused":
		return fmt.Errorf("no toolstack answers at %s: name its socket with --xapi-socket, or a trigger file with --file", o.xapiSocket)
	case "denied":
		return fmt.Errorf("%w: only root may ask the toolstack", err)
	case "HOST_STILL_BOOTING":
		return fmt.Errorf("%w: the toolstack is starting, or does not reach its coordinator; try again later", err)
	}
	return err
}

// closeClient ends the session, if there is one. It ends by itself, if need be.
func closeClient(c *xapi.Client) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	_ = c.Close(ctx)
}
