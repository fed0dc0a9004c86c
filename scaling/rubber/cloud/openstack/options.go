package openstack

import (
	"errors"
	"fmt"
	"log/slog"
	"time"
)

// Options say which cloud it is, and how machines are made there.
type Options struct {
	// Cloud is its name in clouds.yaml.
	Cloud string
	// File is a clouds.yaml; secure.yaml beside it is read as well. "": the first of
	// ./clouds.yaml, ~/.config/openstack/clouds.yaml and /etc/openstack/clouds.yaml.
	File string
	// Environment has OS_CLOUD, OS_CLIENT_CONFIG_FILE, OS_REGION_NAME and
	// OS_INTERFACE fill what is empty here; with neither Cloud nor OS_CLOUD all is
	// taken from OS_AUTH_URL, OS_USERNAME and so on.
	Environment bool
	// Region and Interface ("public", "internal", "admin") are those of the file
	// where they are empty.
	Region, Interface string
	// Secret is the password, or the secret of the application credential, in place
	// of the one in the file.
	Secret string

	AvailabilityZone string     // for all machines; "": Nova's choice
	Placement        Placement  // how Spec.Avoid and Spec.Prefer are brought about
	Hosts            []string   // names of hypervisors, which users who are not told are to recognise
	Parking          Parking    // what Park does
	BootVolume       BootVolume // instead of a disk on the hypervisor
	ConfigDrive      bool       // user data on a drive, where there is no metadata service

	Program  string        // that asks, for the log of the cloud: "rubber/1.2"
	Timeout  time.Duration // of one request; 0: a minute
	Settle   time.Duration // how long a create whose answer was lost may still become a server; 0: 15 s
	NamesFor time.Duration // how long the id of a name is believed; 0: 5 minutes
	Largest  int64         // bytes of one answer; 0: 64 MiB
	Logger   *slog.Logger  // nil: nothing is logged
}

// Placement is how machines get to hosts, or stay away from some.
type Placement int

// Ways of placement.
const (
	// ByCloud leaves it to Nova. Avoid and Prefer are not sent; a machine that Nova
	// puts on a host to be avoided has a Fault of kind Capacity while it runs, where
	// the host can be seen.
	ByCloud Placement = iota
	// ByHost asks for one host out of those that os-hypervisors lists. Nova lets
	// administrators do that, and needs microversion 2.74.
	ByHost
	// ByHint sends Avoid as a query for Nova's JsonFilter, which everybody may, and
	// which the scheduler ignores unless the filter is enabled. Prefer is not sent.
	ByHint
)

// Parking is what is done to a machine that is not needed now.
type Parking int

// Ways of parking.
const (
	ByStop  Parking = iota // its host keeps its place and its disk
	ByShelf                // its disk becomes an image, and the place is free: slower, and it may wake elsewhere
)

// BootVolume has machines boot from a volume of their own, made of the image
// and deleted with them.
type BootVolume struct {
	Size int    // GiB; 0: no volume
	Type string // "": the cloud's default
}

func (o Options) validate() error {
	switch {
	case o.Cloud == "" && !o.Environment:
		return errors.New("no cloud is named: set the name that it has in clouds.yaml")
	case o.Interface != "" && o.Interface != "public" && o.Interface != "internal" && o.Interface != "admin":
		return fmt.Errorf("interface %q: it is public, internal or admin", o.Interface)
	case o.Placement < ByCloud || o.Placement > ByHint:
		return fmt.Errorf("placement %d is not known", o.Placement)
	case o.Parking < ByStop || o.Parking > ByShelf:
		return fmt.Errorf("parking %d is not known", o.Parking)
	case o.BootVolume.Size < 0 || o.BootVolume.Size == 0 && o.BootVolume.Type != "":
		return fmt.Errorf("boot volume of %d GiB: it needs a size of at least 1", o.BootVolume.Size)
	case o.Timeout < 0 || o.Settle < 0 || o.NamesFor < 0 || o.Largest < 0:
		return errors.New("times and sizes are not negative")
	}
	return nil
}

func (o Options) withDefaults() Options {
	set := func(d *time.Duration, to time.Duration) {
		if *d == 0 {
			*d = to
		}
	}
	set(&o.Timeout, time.Minute)
	set(&o.Settle, 15*time.Second)
	set(&o.NamesFor, 5*time.Minute)
	if o.Largest == 0 {
		o.Largest = 64 << 20
	}
	if o.Program == "" {
		o.Program = "rubber"
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	return o
}
