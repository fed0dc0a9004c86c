// Package seed makes what a machine is told when it boots for the first time:
// user data for cloud-init, filled in for one machine, and the NoCloud disk that
// carries it where there is no cloud to ask.
//
// A Recipe is what the configuration says, the same for all machines of a
// profile; Recipe.Make is the user data of one of them. Disk.Image is the disk.
package seed
