package main

import (
	"fmt"
	"log/slog"
	"os"

	"perfmon/cmd/internal/rubberconfig"
	"perfmon/scaling/rubber/cloud"
	"perfmon/scaling/rubber/cloud/libvirt"
	"perfmon/scaling/rubber/cloud/openstack"
	"perfmon/scaling/rubber/cloud/process"
	"perfmon/scaling/rubber/cloud/xapi"
)

// newCloud makes the driver of a cloud. It connects to nothing.
func newCloud(c rubberconfig.Cloud, owner string, log *slog.Logger) (cloud.Cloud, error) {
	log = log.With("cloud", c.Name)
	switch c.Driver {
	case "process":
		return newProcess(c.Process)
	case "openstack":
		return newOpenStack(c.OpenStack, log)
	case "xapi":
		return newXAPI(c.XAPI, owner, log)
	case "libvirt":
		return newLibvirt(c.Libvirt, owner, log)
	}
	return nil, fmt.Errorf("there is no driver %q", c.Driver) // the configuration has been checked
}

func newProcess(p rubberconfig.Process) (cloud.Cloud, error) {
	o := process.Options{Dir: p.Dir, Path: p.Path, Max: p.Max, MinFree: p.MinFree, MaxLog: p.MaxLog, Grace: p.Grace, Cgroup: p.Cgroup}
	for _, id := range p.Hosts {
		o.Hosts = append(o.Hosts, process.Host{ID: id})
	}
	return process.New(o)
}

func newOpenStack(c rubberconfig.OpenStack, log *slog.Logger) (cloud.Cloud, error) {
	o := openstack.Options{
		Cloud: c.Cloud, File: c.File, Environment: c.Environment, Region: c.Region, Interface: c.Interface, Secret: c.Secret.Reveal(),
		AvailabilityZone: c.AvailabilityZone, Hosts: c.Hosts, ConfigDrive: c.ConfigDrive,
		BootVolume: openstack.BootVolume{Size: c.BootVolumeSize, Type: c.BootVolumeType},
		Program:    "rubber/" + version, Timeout: c.Timeout, Settle: c.Settle, NamesFor: c.NamesFor, Logger: log,
	}
	switch c.Placement {
	case "host":
		o.Placement = openstack.ByHost
	case "hint":
		o.Placement = openstack.ByHint
	}
	if c.Parking == "shelve" {
		o.Parking = openstack.ByShelf
	}
	return openstack.New(o)
}

func newXAPI(c rubberconfig.XAPI, owner string, log *slog.Logger) (cloud.Cloud, error) {
	o := xapi.Options{
		Socket: c.Socket, URL: c.URL, User: c.Username, Password: c.Password.Reveal(), Fingerprints: c.Fingerprints, Owner: owner,
		UserData: c.UserData, Park: c.Park, CopyTo: c.CopyTo, Patience: c.Patience, CallTimeout: c.CallTimeout, Logger: log,
	}
	if c.CAFile != "" {
		ca, err := os.ReadFile(c.CAFile)
		if err != nil {
			return nil, fmt.Errorf("read the certificates to trust: %w", err)
		}
		o.CA = ca
	}
	return xapi.New(o)
}

func newLibvirt(c rubberconfig.Libvirt, owner string, log *slog.Logger) (cloud.Cloud, error) {
	o := libvirt.Options{
		Socket: c.Socket, URI: c.URI, Pool: c.Pool, Clone: c.Clone, Park: c.Park, SeedBus: c.SeedBus, Owner: owner,
		CallTimeout: c.Timeout, Logger: log,
	}
	if c.XML != "" {
		text, err := os.ReadFile(c.XML)
		if err != nil {
			return nil, fmt.Errorf("read the domain's template: %w", err)
		}
		o.Template = string(text)
	}
	return libvirt.New(o)
}
