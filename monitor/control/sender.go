package control

import (
	"golang.org/x/sys/unix"
)

// overflowUID is what the kernel reports for a user that has no number in
// our user namespace, and for a datagram that was queued before the socket
// asked for credentials (/proc/sys/kernel/overflowuid, never changed in
// practice). It names nobody, not even when we run under that number.
const overflowUID = 65534

// sender is who sent a datagram.
type sender struct {
	known bool
	uid   uint32
	pid   int32 // 0 when it lives outside our pid namespace
}

// credentialSpace is the room for one SCM_CREDENTIALS message and for nothing
// else: file descriptors that someone passes along find no place in it, and
// the kernel closes them instead of giving them to us.
var credentialSpace = unix.CmsgSpace(unix.SizeofUcred)

// parseSender reads the control messages of a datagram. Whatever is missing
// or malformed makes an unknown sender.
func parseSender(control []byte) sender {
	messages, err := unix.ParseSocketControlMessage(control)
	if err != nil {
		return sender{}
	}
	for i := range messages {
		if cred, err := unix.ParseUnixCredentials(&messages[i]); err == nil {
			return sender{known: true, uid: cred.Uid, pid: cred.Pid}
		}
	}
	return sender{}
}

// mayCommand says whether a daemon that runs as user own listens to s.
func (s sender) mayCommand(own uint32) bool {
	if !s.known || s.uid == overflowUID {
		return false
	}
	return s.uid == 0 || s.uid == own
}
