// Package libvirt is one host with libvirtd as a cloud: machines are domains
// whose disk is a clone of a base volume.
//
// A domain's uuid is made of its owner and its intent, and so are its name and
// the names of its volumes: made twice it is the same one. It is defined first,
// with our marks in its metadata, and then gets its volumes and is started;
// it is undefined last. So whatever is there of a machine can be found by its
// domain.
//
// The marks have the domain's uuid in them: a domain that somebody has cloned
// from a machine has another one, and is not ours.
package libvirt
