package libvirt

import (
	"context"
	"errors"
	"strings"

	wire "github.com/digitalocean/go-libvirt"

	"perfmon/scaling/rubber/cloud"
)

// code is the number of an error of libvirtd; 0 of any other.
func code(err error) wire.ErrorNumber {
	var e wire.Error
	if errors.As(err, &e) {
		return wire.ErrorNumber(e.Code)
	}
	return 0
}

// answers are what libvirtd's numbers mean to rubber. One that is not here is
// of kind Transient.
var answers = map[wire.ErrorNumber]struct {
	kind cloud.Kind
	hint string
}{
	wire.ErrNoMemory:             {cloud.Capacity, "free memory on the host"},
	wire.ErrNoDomain:             {cloud.NotFound, ""},
	wire.ErrNoStoragePool:        {cloud.Invalid, "virsh pool-list shows those that are active"},
	wire.ErrNoStorageVol:         {cloud.Invalid, "virsh vol-list shows those of a pool"},
	wire.ErrNoNetwork:            {cloud.Invalid, "virsh net-list shows those that are active"},
	wire.ErrInvalidArg:           {cloud.Invalid, ""},
	wire.ErrXMLError:             {cloud.Invalid, "look at the domain's template"},
	wire.ErrXMLDetail:            {cloud.Invalid, "look at the domain's template"},
	wire.ErrConfigUnsupported:    {cloud.Invalid, "the hypervisor does not have what the domain's template asks for"},
	wire.ErrNoSupport:            {cloud.Invalid, "the driver in libvirtd cannot do this"},
	wire.ErrOperationUnsupported: {cloud.Invalid, "the driver in libvirtd cannot do this"},
	wire.ErrNoConnect:            {cloud.Invalid, "libvirtd has no driver for the uri: install its package"},
	wire.ErrDomExist:             {cloud.Invalid, "somebody else's domain has the machine's name"},
	wire.ErrAuthFailed:           {cloud.Auth, "let rubber's user use libvirtd's socket"},
	wire.ErrAuthCancelled:        {cloud.Auth, "let rubber's user use libvirtd's socket"},
	wire.ErrAuthUnavailable:      {cloud.Auth, "let rubber's user use libvirtd's socket"},
	wire.ErrAccessDenied:         {cloud.Auth, "let rubber's user use libvirtd's socket"},
	wire.ErrOperationDenied:      {cloud.Auth, "connect to the socket that may write"},
	wire.ErrAgentUnresponsive:    {cloud.Transient, "the guest's agent does not answer"},
}

// refused is the error of a call as the interface has it; nil stays nil. One
// that is so already says what was tried.
func refused(op, name string, err error) error {
	if err == nil {
		return nil
	}
	var done *cloud.Error
	if errors.As(err, &done) {
		if done.Op == op {
			return err
		}
		return done.Within(op, name)
	}
	e := &cloud.Error{Kind: cloud.Transient, Op: op, Name: name, Err: err}
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return e
	}
	if a, ok := answers[code(err)]; ok {
		e.Kind, e.Hint = a.kind, a.hint
	}
	// These have no number of their own.
	switch words := strings.ToLower(err.Error()); {
	case code(err) == 0:
	case strings.Contains(words, "already exists with uuid"):
		e.Kind, e.Hint = cloud.Invalid, "somebody else's domain has the machine's name"
	case strings.Contains(words, "no space left"), strings.Contains(words, "cannot allocate memory"), strings.Contains(words, "cannot set up guest memory"):
		e.Kind, e.Hint = cloud.Capacity, "free memory on the host, or space in its storage pool"
	}
	if op == "create" && e.Kind == cloud.NotFound {
		e.Kind = cloud.Transient // it has gone under our hands: look again
	}
	return e
}
