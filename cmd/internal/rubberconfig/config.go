package rubberconfig

import (
	"fmt"
	"io"
	"log/slog"
	"time"

	"perfmon/cmd/internal/strictyaml"
	"perfmon/cmd/internal/tlsfiles"
	"perfmon/scaling/rubber"
	"perfmon/scaling/rubber/hear"
	"perfmon/scaling/rubber/plan"
)

// DefaultPath is where the configuration is unless a flag says otherwise.
const DefaultPath = "/etc/rubber/rubber.yaml"

// Secret is a text that is not printed, with any verb or encoder.
type Secret string

// String says whether there is one.
func (s Secret) String() string {
	if s == "" {
		return ""
	}
	return "(secret)"
}

// Format leaves it out.
func (s Secret) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, s.String()) }

// LogValue leaves it out of logs.
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.String()) }

// MarshalText leaves it out of JSON and YAML.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// Reveal is the secret itself.
func (s Secret) Reveal() string { return string(s) }

// Config is what a file says, with the defaults of what it does not say.
type Config struct {
	Owner   string    // mark on our machines: no two rubbers have the same one and different engines
	Mode    plan.Mode // of deciding how many
	Paused  bool      // begin paused
	Cap     int       // machines that may be there at once, of all profiles
	Planner plan.Settings
	Limits  rubber.Limits

	Brokers  []Broker // in the order of the file, as all lists here
	Clouds   []Cloud
	Profiles []Profile
	Adopt    []Adoption

	Alarms Alarms
	Engine Engine
	API    API
	Web    Web

	// Warnings are what may not have been meant, and what others may see.
	Warnings []strictyaml.Problem

	effective string
}

// Effective is the configuration in force, in YAML, every key with its value.
// Of secrets it says where they are.
func (c *Config) Effective() string { return c.effective }

// Broker is where work waits.
type Broker struct {
	Name string
	Kind string // "rabbitmq" or "http"

	// Of RabbitMQ; see work.Broker and rabbit.Options.
	URLs               []string // without credentials; with the vhost
	Username           string
	Password           Secret
	External           bool // by the client certificate
	TLS                tlsfiles.Options
	Management         []string
	NoManagement       bool
	ManagementUsername string
	ManagementPassword Secret
	ManagementTLS      tlsfiles.Options
	Lag                time.Duration
	KeepAlive          time.Duration

	// Of HTTP/JSON; see httpjson.Options.
	URL     string // may have a secret
	Workers string // URL of the list of workers, and of commands to them; may have a secret
	Header  string
	Secret  Secret

	Timeout time.Duration
}

// Cloud is where machines come from. What is not of its driver is empty.
type Cloud struct {
	Name   string
	Driver string // "openstack", "xapi", "libvirt" or "process"

	OpenStack OpenStack
	XAPI      XAPI
	Libvirt   Libvirt
	Process   Process
}

// OpenStack is what the driver of that name needs.
type OpenStack struct {
	Cloud, File       string
	Environment       bool
	Region, Interface string
	Secret            Secret
	AvailabilityZone  string
	Placement         string // "cloud", "host" or "hint"
	Hosts             []string
	Parking           string // "stop" or "shelve"
	BootVolumeSize    int    // GiB; 0: none
	BootVolumeType    string
	ConfigDrive       bool
	Timeout           time.Duration
	Settle            time.Duration
	NamesFor          time.Duration
}

// XAPI is what the driver of that name needs.
type XAPI struct {
	Socket, URL, Username string
	Password              Secret
	CAFile                string
	Fingerprints          []string
	UserData              string // "seed" or "xenstore"
	Park                  string // "halt" or "suspend"
	CopyTo                []string
	Patience              time.Duration
	CallTimeout           time.Duration
}

// Libvirt is what the driver of that name needs.
type Libvirt struct {
	URI     string // of the driver: qemu:///system, xen:///system, test:///default
	Socket  string // of libvirtd on this machine
	Pool    string // storage pool of the machines' disks and seeds
	Clone   string // "overlay" or "copy"
	Park    string // "halt" or "suspend"
	XML     string // a file with a domain's; "": one that suits the URI
	SeedBus string // of the drive that user data is in
	Timeout time.Duration
}

// Process is what the driver of that name needs.
type Process struct {
	Dir, Path string
	Hosts     []string // uuids, the first is this machine's
	Max       int
	MinFree   int64
	MaxLog    int64
	Grace     time.Duration
	Cgroup    string
}

// Profile is one kind of machine, for one queue.
type Profile struct {
	Name, Queue, Broker, Cloud string

	Image, Flavor            string
	Networks, SecurityGroups []string
	Key                      string
	Memory                   int64 // bytes
	CPUs                     int
	Generation               string // "": made of image and settings
	UserData                 UserData

	Command []string
	Env     map[string]string
	EnvFrom []string // names of variables of rubber's environment

	CeleryName       string // of a worker, with {name} for the machine's
	Slots            int
	Share            int
	Weight           float64
	Min, Max         int
	Warm             int
	NetworkBound     bool
	BootTime         time.Duration // until it is learned
	TaskTime         time.Duration // until it is learned
	Schedule         []Window
	SpawnRatio       float64 // mode ancestor
	BackorderAllowed int     // mode ancestor: RUBBER_BACKORDER_THRESHOLD
}

// UserData is what a machine does when it boots for the first time.
type UserData struct {
	Template string // a file: cloud-init's user data, or any other
	Text     string // the same, written out
	Gzip     bool   // hand it over compressed
	Files    []WriteFile
	Parts    []Part
}

// WriteFile is a file that a machine finds when it has booted.
type WriteFile struct {
	Path string // in the machine
	File string // its content is this one's
	Text string // or this
	Mode uint32 // permissions
}

// Part is a further part of the user data.
type Part struct {
	File string
	Type string // MIME: "x-shellscript", "cloud-config"
}

// Window is a time of the week with other bounds; see rubber.Window.
type Window struct {
	Zone        *time.Location
	Days        []time.Weekday // none: every day
	From, Until time.Duration  // since midnight
	Min, Max    *int
}

// Adoption is a machine of the ancestor.
type Adoption struct {
	Name, Profile string
	Created       time.Time // zero: not known
}

// Alarms says where alarms are heard and what they mean.
type Alarms struct {
	From     []string // "engine", "amqp" and "webhook"
	Broker   string   // of amqp: the name of a broker
	Exchange string
	Settle   time.Duration
	Webhook  Webhook
	Effects  []hear.Rule
	Bounds   hear.Bounds
}

// Webhook is where Alertmanager's notifications are taken.
type Webhook struct {
	Listen string
	Token  Secret
	TTL    time.Duration
	Peers  []string
}

// Engine is where state is kept; see engine.Options. Its secrets are files,
// which it reads itself.
type Engine struct {
	URLs                                     []string
	Username                                 string
	PasswordFile, TokenFile, CredentialsFile string
	CAFile, CertFile, KeyFile                string // of a client

	Dir, Listen                               string
	ServerCert, ServerKey, ServerClientCAFile string
	UsersFile                                 string
	SyncEvery                                 time.Duration
	AlarmBytes                                int64
	Replicas                                  int
}

// API is how other programs of this machine speak to rubber.
type API struct {
	Socket string
	Group  string // whose members may speak to it; "": root and rubber's own user
}

// Web is the page and the metrics.
type Web struct {
	Listen string // "": none
	Token  Secret // that writing needs, and reading from elsewhere than this machine
	Cert   string // files
	Key    string
}
