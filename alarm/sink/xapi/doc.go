// Package xapi hands alarms to the toolstack: each that was raised or repeated
// becomes a message named ALARM on its object, which XenCenter, Xen Orchestra
// and mail-alarm read.
package xapi
