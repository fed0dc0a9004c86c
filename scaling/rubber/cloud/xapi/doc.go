// Package xapi is a pool of XenServer or XCP-ng as a cloud: machines are clones
// of a template.
//
// # Nothing is lost, and nothing is made twice
//
// The toolstack has no word of ours that it would know a repeated request by, so
// a machine is findable from the first instant of its life:
//
//   - VM.clone gives it a name that only we give, "rubber/<owner>/<intent>".
//   - Its other_config then says whose it is, in one call, and its own uuid: a
//     clone or a snapshot that somebody makes of it has the same other_config,
//     but another uuid, and so is not ours.
//   - All that follows looks first at what is there already: networks, disks,
//     the seed disk, whose name says the intent too. Create, called again,
//     goes on where it was.
//   - It is started last, after everything of it has been marked.
//
// Delete destroys the disks first and the VM last, for as long as there is the
// VM what belongs to it can be found. A disk is destroyed if it has our mark
// with the VM's uuid and no other VM uses it.
package xapi
