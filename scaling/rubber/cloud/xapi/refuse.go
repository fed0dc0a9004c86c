package xapi

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"perfmon/scaling/rubber/cloud"
	toolstack "perfmon/xapi"
)

// answer is what a code of the toolstack means to rubber.
type answer struct {
	kind cloud.Kind
	hint string
}

// answers are the codes that the calls of this driver can fail with. One that
// is not here is of kind Transient.
var answers = map[string]answer{
	"HOST_NOT_ENOUGH_FREE_MEMORY":            {cloud.Capacity, "free memory on a host, or give the profile less"},
	"NO_HOSTS_AVAILABLE":                     {cloud.Capacity, "enable a host or add one"},
	"HOST_NOT_ENOUGH_PCPUS":                  {cloud.Capacity, "give the profile fewer CPUs"},
	"HOST_DISABLED":                          {cloud.Capacity, "xe host-enable takes it out of maintenance"},
	"HOST_DISABLED_UNTIL_REBOOT":             {cloud.Capacity, "reboot the host"},
	"HOST_DISABLED_INDEFINITELY":             {cloud.Capacity, "xe host-enable takes it out of maintenance"},
	"HOST_NOT_LIVE":                          {cloud.Capacity, "see why the host does not answer its coordinator"},
	"HOST_OFFLINE":                           {cloud.Capacity, "see why the host does not answer its coordinator"},
	"CANNOT_CONTACT_HOST":                    {cloud.Capacity, "see why the host does not answer its coordinator"},
	"VM_REQUIRES_SR":                         {cloud.Capacity, "the template's storage is not attached there; put the template on shared storage"},
	"VM_REQUIRES_NETWORK":                    {cloud.Capacity, "the network is not on that host"},
	"VM_REQUIRES_GPU":                        {cloud.Capacity, ""},
	"VM_REQUIRES_VGPU":                       {cloud.Capacity, ""},
	"VM_REQUIRES_IOMMU":                      {cloud.Capacity, ""},
	"VM_INCOMPATIBLE_WITH_THIS_HOST":         {cloud.Capacity, ""},
	"VM_HOST_INCOMPATIBLE_VERSION":           {cloud.Capacity, "finish the pool's upgrade"},
	"SR_FULL":                                {cloud.Capacity, "free space on the template's storage"},
	"SR_SOURCE_SPACE_INSUFFICIENT":           {cloud.Capacity, "free space on the template's storage"},
	"SR_BACKEND_FAILURE_44":                  {cloud.Capacity, "free space on the template's storage"},
	"PROVISION_FAILED_OUT_OF_SPACE":          {cloud.Capacity, "free space on the storage that the template names"},
	"SR_NO_PBDS":                             {cloud.Capacity, "plug the storage in on a host"},
	"SR_HAS_NO_PBDS":                         {cloud.Capacity, "plug the storage in on a host"},
	"SR_NOT_ATTACHED":                        {cloud.Capacity, "plug the storage in on a host"},
	"HA_OPERATION_WOULD_BREAK_FAILOVER_PLAN": {cloud.Capacity, "high availability keeps room for a failed host"},

	"HANDLE_INVALID": {cloud.NotFound, ""},
	"UUID_INVALID":   {cloud.NotFound, ""},

	"SESSION_AUTHENTICATION_FAILED": {cloud.Auth, "check user and password"},
	"SESSION_AUTHORIZATION_FAILED":  {cloud.Auth, "give the user the role vm-admin or pool-operator"},
	"RBAC_PERMISSION_DENIED":        {cloud.Auth, "give the user the role vm-admin or pool-operator"},
	"LICENCE_RESTRICTION":           {cloud.Auth, "the pool's licence does not have this"},
	"LICENSE_RESTRICTION":           {cloud.Auth, "the pool's licence does not have this"},
	"FEATURE_RESTRICTED":            {cloud.Auth, "the pool's licence does not have this"},
	"USER_IS_NOT_LOCAL_SUPERUSER":   {cloud.Auth, ""},
	"HOST_IS_SLAVE":                 {cloud.Auth, "name the coordinator itself: the host that was named sends us on to one that we do not trust or do not reach"},

	"VM_IS_TEMPLATE":                    {cloud.Invalid, ""},
	"VM_IS_SNAPSHOT":                    {cloud.Invalid, ""},
	"VM_CANNOT_DELETE_DEFAULT_TEMPLATE": {cloud.Invalid, ""},
	"OPERATION_BLOCKED":                 {cloud.Invalid, "somebody has blocked this for the VM: see its blocked_operations"},
	"OPERATION_NOT_ALLOWED":             {cloud.Invalid, ""},
	"MEMORY_CONSTRAINT_VIOLATION":       {cloud.Invalid, "memory of the profile does not fit the template's limits"},
	"INVALID_VALUE":                     {cloud.Invalid, ""},
	"VALUE_NOT_SUPPORTED":               {cloud.Invalid, ""},
	"FIELD_TYPE_ERROR":                  {cloud.Invalid, ""},
	"INVALID_DEVICE":                    {cloud.Invalid, "the template has as many disks or networks as a VM can have"},
	"MAC_INVALID":                       {cloud.Invalid, ""},
	"VDI_INCOMPATIBLE_TYPE":             {cloud.Invalid, ""},
	"SR_OPERATION_NOT_SUPPORTED":        {cloud.Invalid, "the storage cannot do this; put the template on other storage"},
	"VM_LACKS_FEATURE":                  {cloud.Invalid, "install the guest tools in the template: without them no guest hears of a clean shutdown"},
	"VM_NON_SUSPENDABLE":                {cloud.Invalid, "park machines by a shutdown instead"},
	"VM_HVM_REQUIRED":                   {cloud.Invalid, ""},
	"MESSAGE_METHOD_UNKNOWN":            {cloud.Invalid, "the toolstack is older than what rubber needs"},
	"MESSAGE_PARAMETER_COUNT_MISMATCH":  {cloud.Invalid, "the toolstack is older than what rubber needs"},

	// Who comes second to somebody else's change looks again.
	"VM_BAD_POWER_STATE":           {cloud.Transient, ""},
	"OTHER_OPERATION_IN_PROGRESS":  {cloud.Transient, ""},
	"VDI_IN_USE":                   {cloud.Transient, ""},
	"TASK_CANCELLED":               {cloud.Transient, ""},
	"SESSION_INVALID":              {cloud.Transient, ""},
	"HOST_STILL_BOOTING":           {cloud.Transient, "the toolstack is starting"},
	"HOST_IN_EMERGENCY_MODE":       {cloud.Transient, "the host has lost its coordinator"},
	"HOST_HAS_NO_MANAGEMENT_IP":    {cloud.Transient, ""},
	"TOO_BUSY":                     {cloud.Transient, ""},
	"TOO_MANY_PENDING_TASKS":       {cloud.Transient, ""},
	"VM_SHUTDOWN_TIMEOUT":          {cloud.Transient, "the guest does not shut itself down; deleting switches it off"},
	"NOT_SUPPORTED_DURING_UPGRADE": {cloud.Transient, "finish the pool's upgrade"},
	"INTERNAL_ERROR":               {cloud.Transient, ""},
}

// waits is how long the toolstack wants to be left alone.
var waits = map[string]time.Duration{
	"HOST_STILL_BOOTING": 10 * time.Second, "HOST_IN_EMERGENCY_MODE": 30 * time.Second, "TOO_BUSY": 10 * time.Second, "TOO_MANY_PENDING_TASKS": 30 * time.Second,
	"NOT_SUPPORTED_DURING_UPGRADE": 5 * time.Minute,
}

// refusal says whether the toolstack has answered, and the answer was no.
func refusal(err error) bool {
	var e *toolstack.Error
	return errors.As(err, &e)
}

// plain is an answer without what was called.
func plain(err error) string {
	var e *toolstack.Error
	if errors.As(err, &e) && e.Code == "HOST_NOT_ENOUGH_FREE_MEMORY" && len(e.Params) == 2 {
		return fmt.Sprintf("needs %s bytes of memory and has %s", e.Params[0], e.Params[1])
	}
	if errors.As(err, &e) {
		if a := answers[e.Code]; a.hint != "" {
			return e.Code + " (" + a.hint + ")"
		}
		return e.Code
	}
	return err.Error()
}

// refused is the error of a call as the interface has it. One that is so
// already says what was tried.
func (c *Cloud) refused(op, name string, err error) error {
	if err == nil {
		return nil
	}
	var done *cloud.Error
	if errors.As(err, &done) {
		if done.Op == op || done.Op == "" {
			return err
		}
		return done.Within(op, name)
	}
	e := &cloud.Error{Kind: cloud.Transient, Op: op, Name: name, Err: err}
	var (
		failure   *toolstack.Error
		status    *toolstack.HTTPStatusError
		untrusted *toolstack.UntrustedError
		noVerify  *tls.CertificateVerificationError
		noCA      x509.UnknownAuthorityError
		noName    x509.HostnameError
	)
	switch {
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
	case errors.As(err, &failure):
		a, ok := answers[failure.Code]
		if !ok && strings.HasPrefix(failure.Code, "SR_BACKEND_FAILURE") && strings.Contains(strings.ToLower(strings.Join(failure.Params, " ")), "no space") {
			a = answers["SR_FULL"]
		}
		e.Kind, e.Hint, e.RetryAfter = a.kind, a.hint, waits[failure.Code]
		if op == "create" && e.Kind == cloud.NotFound {
			e.Kind = cloud.Transient // something has gone under our hands: look again
		}
	case errors.As(err, &status) && (status.Code == http.StatusUnauthorized || status.Code == http.StatusForbidden):
		e.Kind, e.Hint = cloud.Auth, "check user and password, and the user's role"
	case errors.As(err, &untrusted):
		e.Kind, e.Hint = cloud.Auth, "if that is the host's certificate, add its fingerprint: openssl s_client prints it"
	case errors.As(err, &noVerify), errors.As(err, &noCA), errors.As(err, &noName):
		e.Kind, e.Hint = cloud.Auth, "give the CA of the pool's certificates, or the fingerprint of the coordinator's"
	case errors.Is(err, toolstack.ErrElsewhere):
		e.Kind, e.Hint = cloud.Invalid, "use the coordinator's https address, or storage that it reaches"
	case errors.Is(err, toolstack.ErrTooLarge), errors.Is(err, toolstack.ErrInvalidArgument):
		e.Kind = cloud.Invalid
	}
	return e
}
