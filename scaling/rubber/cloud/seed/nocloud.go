package seed

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/kdomanski/iso9660"
)

// VolumeLabel is by what cloud-init knows a NoCloud disk.
const VolumeLabel = "CIDATA"

// Disk is what a NoCloud disk has on it. See
// https://docs.cloud-init.io/en/latest/reference/datasources/nocloud.html
type Disk struct {
	InstanceID    string // another one has cloud-init do everything anew; the intent
	Hostname      string // the machine's; its worker is named after it
	UserData      []byte // may be empty
	NetworkConfig []byte // YAML of version 1 or 2; nil: none, DHCP on the first interface
}

// Image is the disk: an ISO 9660 file system. The same disk is the same bytes.
// Names in it are in lower case, and there are no extensions to the format,
// which Linux and the BSDs read as it is.
func (d *Disk) Image() (image []byte, err error) {
	meta, err := d.metaData()
	if err != nil {
		return nil, err
	}
	if len(d.UserData) > DiskLimit || len(d.NetworkConfig) > DiskLimit {
		return nil, fmt.Errorf("make a seed disk: user data of %d and a network configuration of %d bytes; each may have %d", len(d.UserData), len(d.NetworkConfig), DiskLimit)
	}
	w, err := iso9660.NewWriter()
	if err != nil {
		return nil, fmt.Errorf("make a seed disk: %w; is there room in TMPDIR?", err)
	}
	defer func() { err = errors.Join(err, w.Cleanup()) }()
	files := map[string][]byte{"meta-data": meta, "user-data": d.UserData}
	if d.NetworkConfig != nil {
		files["network-config"] = d.NetworkConfig
	}
	for name, content := range files { // it sorts them
		if err := w.AddFile(bytes.NewReader(content), name); err != nil {
			return nil, fmt.Errorf("make a seed disk: %w; is there room in TMPDIR?", err)
		}
	}
	var out bytes.Buffer
	if err := w.WriteTo(&out, VolumeLabel); err != nil {
		return nil, fmt.Errorf("make a seed disk: %w", err)
	}
	return withoutTimes(out.Bytes())
}

// metaData is instance-id and local-hostname.
func (d *Disk) metaData() ([]byte, error) {
	if d.InstanceID == "" || d.Hostname == "" {
		return nil, errors.New("make a seed disk: it needs the machine's instance-id and hostname")
	}
	return fmt.Appendf(nil, "instance-id: %s\nlocal-hostname: %s\n", quote(d.InstanceID), quote(d.Hostname)), nil
}

// Where the primary volume descriptor is, and in it the times of creation,
// modification, expiry and effect, 17 bytes each (ECMA-119 8.4.26 to 8.4.29).
const (
	sector      = 2048
	descriptor  = 16 * sector
	firstTime   = descriptor + 813
	timesLength = 4 * 17
)

// withoutTimes says of the times of a volume that they are not given: sixteen
// digits 0 and a zero byte.
func withoutTimes(image []byte) ([]byte, error) {
	if len(image) < firstTime+timesLength || !bytes.Equal(image[descriptor:descriptor+7], []byte("\x01CD001\x01")) {
		return nil, errors.New("make a seed disk: it has no primary volume descriptor where it has to be")
	}
	none := append(bytes.Repeat([]byte{'0'}, 16), 0)
	copy(image[firstTime:], bytes.Repeat(none, 4))
	return image, nil
}
