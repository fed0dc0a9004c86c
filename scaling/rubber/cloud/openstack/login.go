package openstack

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"os"
	"regexp"

	"github.com/gophercloud/gophercloud/v2"
	"github.com/gophercloud/gophercloud/v2/openstack"
	"github.com/gophercloud/gophercloud/v2/openstack/config/clouds"
	"github.com/gophercloud/gophercloud/v2/openstack/identity/v3/tokens"
	"github.com/gophercloud/gophercloud/v2/openstack/utils"

	"perfmon/scaling/rubber/cloud"
)

// Microversions of Nova: https://docs.openstack.org/nova/latest/reference/api-microversion-history.html
const (
	needed     = 52 // tags at creation
	hostNeeded = 74 // a host at creation
	downNeeded = 69 // servers are listed though their cell is down
	wanted     = 79
)

// session is what a login gives.
type session struct {
	compute, image, network *gophercloud.ServiceClient
	minor                   int    // of the microversion that is spoken: 2.minor
	project                 string // id
	secrets                 []string
}

// session is the one there is, or a new one. Whoever needs it meanwhile waits.
func (c *Cloud) session(ctx context.Context, op string) (*session, error) {
	select {
	case c.login <- struct{}{}:
		defer func() { <-c.login }()
	case <-ctx.Done():
		return nil, c.failed(op, "", ctx.Err())
	}
	if s := c.current.Load(); s != nil {
		return s, nil
	}
	s, err := c.connect(ctx)
	if err != nil {
		return nil, c.failed(op, "", err)
	}
	c.current.Store(s)
	return s, nil
}

// drop has the next call read the file and log in anew.
func (c *Cloud) drop(old *session) {
	if c.current.CompareAndSwap(old, nil) {
		old.idle()
	}
}

var quotes = regexp.MustCompile("`[^`]*`")

func (c *Cloud) connect(ctx context.Context) (made *session, err error) {
	auth, where, config, err := c.credentials()
	if err != nil {
		// What is wrong in a file is quoted, and may be a secret in the wrong place.
		text := quotes.ReplaceAllString(err.Error(), "`…`")
		return nil, &cloud.Error{Kind: cloud.Invalid, Err: errors.New(text), Hint: "look into clouds.yaml"}
	}
	secrets := []string{auth.Password, auth.ApplicationCredentialSecret, auth.TokenID}
	scrubbed := func(err error) error { return scrub(err, secrets) }

	provider, err := openstack.NewClient(auth.IdentityEndpoint)
	if err != nil {
		return nil, &cloud.Error{Kind: cloud.Invalid, Err: fmt.Errorf("auth_url %q: %w", auth.IdentityEndpoint, err), Hint: "look into clouds.yaml"}
	}
	wire := &transport{next: c.wire, largest: c.o.Largest}
	wire.login.Store(&ctx)
	defer wire.login.Store(nil)
	defer func() {
		if err != nil {
			wire.idle()
		}
	}()
	provider.HTTPClient = client(wire, config, c.o.Timeout)
	provider.UserAgent.Prepend(c.o.Program)
	auth.AllowReauth = auth.TokenID == "" // the library refuses it otherwise
	if err := openstack.Authenticate(ctx, provider, auth); err != nil {
		return nil, scrubbed(err)
	}
	s := &session{secrets: secrets, project: projectOf(provider)}
	for _, service := range []struct {
		name   string
		client **gophercloud.ServiceClient
		find   func(*gophercloud.ProviderClient, gophercloud.EndpointOpts) (*gophercloud.ServiceClient, error)
	}{
		{"compute", &s.compute, openstack.NewComputeV2}, {"image", &s.image, openstack.NewImageV2}, {"network", &s.network, openstack.NewNetworkV2},
	} {
		found, err := service.find(provider, where)
		if missing(err) {
			return nil, &cloud.Error{Kind: cloud.Invalid, Err: fmt.Errorf("there is no %s service in region %q for interface %q", service.name, where.Region, where.Availability),
				Hint: "look at region_name and interface in clouds.yaml, and at `openstack catalog list`"}
		}
		if err != nil {
			return nil, scrubbed(err)
		}
		*service.client = found
	}
	if s.minor, err = c.microversion(ctx, s.compute); err != nil {
		return nil, scrubbed(err)
	}
	s.compute.Microversion = fmt.Sprintf("2.%d", s.minor)
	return s, nil
}

func missing(err error) bool {
	var pointer *gophercloud.ErrEndpointNotFound
	var value gophercloud.ErrEndpointNotFound
	return errors.As(err, &pointer) || errors.As(err, &value)
}

// projectOf is the id of the project that a token is of, "" if it does not say.
func projectOf(provider *gophercloud.ProviderClient) string {
	if result, ok := provider.GetAuthResult().(tokens.CreateResult); ok {
		if project, err := result.ExtractProject(); err == nil && project != nil {
			return project.ID
		}
	}
	return ""
}

// version is one of Nova's API:
//
//	{"version": {"id": "v2.1", "status": "CURRENT", "version": "2.93", "min_version": "2.1", …}}
type version struct{ Version string }

// microversion is the newest that both sides know.
func (c *Cloud) microversion(ctx context.Context, compute *gophercloud.ServiceClient) (int, error) {
	base, err := utils.BaseVersionedEndpoint(compute.Endpoint) // some have the project in their path
	if err != nil {
		return 0, err
	}
	var answer struct {
		Version  *version
		Versions []version
	}
	if _, err := compute.Get(ctx, base, &answer, &gophercloud.RequestOpts{OkCodes: []int{http.StatusOK, http.StatusMultipleChoices}}); err != nil {
		return 0, err
	}
	if answer.Version != nil {
		answer.Versions = append(answer.Versions, *answer.Version)
	}
	newest := 0
	for _, v := range answer.Versions {
		major, minor, err := utils.ParseMicroversion(v.Version)
		if err == nil && major == 2 {
			newest = max(newest, minor)
		}
	}
	if newest == 0 {
		return 0, errors.New("nova does not say what versions of its API there are")
	}
	need, for_ := needed, "tags"
	if c.o.Placement == ByHost {
		need, for_ = hostNeeded, "placement by host"
	}
	if newest < need {
		return 0, &cloud.Error{Kind: cloud.Invalid, Err: fmt.Errorf("nova's API is 2.%d, and %s need 2.%d", newest, for_, need), Hint: "use a newer Nova, or another placement"}
	}
	if newest < downNeeded {
		c.o.Logger.Warn("nova leaves servers of cells that are down out of its lists", "cloud", c.o.Cloud, "microversion", fmt.Sprintf("2.%d", newest))
	}
	return min(newest, wanted), nil
}

// credentials are who we are, and where.
func (c *Cloud) credentials() (gophercloud.AuthOptions, gophercloud.EndpointOpts, *tls.Config, error) {
	name, file, region, face := c.o.Cloud, c.o.File, c.o.Region, c.o.Interface
	if c.o.Environment {
		for value, variable := range map[*string]string{&name: "OS_CLOUD", &file: "OS_CLIENT_CONFIG_FILE", &region: "OS_REGION_NAME", &face: "OS_INTERFACE"} {
			if *value == "" {
				*value = os.Getenv(variable)
			}
		}
	}
	var auth gophercloud.AuthOptions
	var where gophercloud.EndpointOpts
	var config *tls.Config
	var err error
	if name == "" {
		if auth, err = openstack.AuthOptionsFromEnv(); err == nil {
			config, err = trusting(os.Getenv("OS_CACERT"))
		}
		where = gophercloud.EndpointOpts{Region: region, Availability: gophercloud.AvailabilityPublic}
		if face != "" {
			where.Availability = gophercloud.Availability(face)
		}
	} else {
		// Given empty, they keep the library from asking the environment.
		options := []clouds.ParseOption{clouds.WithCloudName(name), clouds.WithRegion(region), clouds.WithEndpointType(face), clouds.WithLocations()}
		if file != "" {
			options[3] = clouds.WithLocations(file)
		}
		auth, where, config, err = clouds.Parse(options...)
	}
	if err != nil {
		return auth, where, nil, err
	}
	if c.o.Secret != "" {
		if auth.ApplicationCredentialID != "" || auth.ApplicationCredentialName != "" {
			auth.ApplicationCredentialSecret = c.o.Secret
		} else {
			auth.Password = c.o.Secret
		}
	}
	return auth, where, config, nil
}

// trusting is a configuration that trusts a file's certificates, or the
// system's without one.
func trusting(file string) (*tls.Config, error) {
	config := &tls.Config{MinVersion: tls.VersionTLS12}
	if file == "" {
		return config, nil
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("read OS_CACERT: %w", err)
	}
	config.RootCAs = x509.NewCertPool()
	if !config.RootCAs.AppendCertsFromPEM(text) {
		return nil, fmt.Errorf("no certificate in %q", file)
	}
	return config, nil
}

// idle lets go of connections.
func (s *session) idle() {
	if t, ok := s.compute.HTTPClient.Transport.(*transport); ok {
		t.idle()
	}
}
