// Package openstack makes machines of servers of OpenStack's Nova. Machines are
// known by the server's id alone, since names are not unique, and are marked
// with metadata (rubber.intent, rubber.owner, rubber.profile,
// rubber.generation) and tags of the same.
//
// The API is that of https://docs.openstack.org/api-ref/compute/, spoken by
// gophercloud. What a real Nova answered is in testdata, and make nova records
// it anew.
package openstack
