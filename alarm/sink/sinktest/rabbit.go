package sinktest

import (
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"
)

// Rabbit is a RabbitMQ with a port mapper of its own.
type Rabbit struct {
	URL            string // amqp://host:port, without the user
	Management     string // http://host:port of its management plugin, "" without it
	User, Password string
	Dir            string // with its log

	t   testing.TB
	env []string
	cmd *exec.Cmd // nil while it is stopped
}

// RabbitOptions are what a broker may have besides.
type RabbitOptions struct {
	Management bool     // the plugin, with figures that are a second old
	Plugins    []string // further ones
	Config     string   // further lines of rabbitmq.conf
}

// StartRabbit starts a broker with one user, who may do everything.
func StartRabbit(t testing.TB) *Rabbit {
	t.Helper()
	return StartRabbitWith(t, RabbitOptions{})
}

// StartRabbitWith is StartRabbit with more in it.
func StartRabbitWith(t testing.TB, o RabbitOptions) *Rabbit {
	t.Helper()
	ports := FreePorts(t, 4)
	r := &Rabbit{t: t, Dir: t.TempDir(), URL: "amqp://127.0.0.1:" + ports[0], User: "agent", Password: "pw"}
	plugins, config := o.Plugins, "default_user = "+r.User+"\ndefault_pass = "+r.Password+"\n"+o.Config
	if o.Management {
		plugins = append(plugins, "rabbitmq_management")
		config += "management.tcp.ip = 127.0.0.1\nmanagement.tcp.port = " + ports[3] + "\ncollect_statistics_interval = 1000\n"
		r.Management = "http://127.0.0.1:" + ports[3]
	}
	for name, text := range map[string]string{"env.conf": "", "plugins": "[" + strings.Join(plugins, ",") + "].\n", "rabbitmq.conf": config} {
		if err := os.WriteFile(filepath.Join(r.Dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	r.env = []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + r.Dir, "LANG=C.UTF-8",
		"ERL_EPMD_PORT=" + ports[1], "ERL_EPMD_ADDRESS=127.0.0.1",
		"RABBITMQ_NODENAME=perfmon@localhost", "RABBITMQ_NODE_IP_ADDRESS=127.0.0.1", "RABBITMQ_NODE_PORT=" + ports[0], "RABBITMQ_DIST_PORT=" + ports[2],
		"RABBITMQ_CONF_ENV_FILE=" + filepath.Join(r.Dir, "env.conf"), "RABBITMQ_CONFIG_FILE=" + filepath.Join(r.Dir, "rabbitmq"),
		"RABBITMQ_ENABLED_PLUGINS_FILE=" + filepath.Join(r.Dir, "plugins"),
		"RABBITMQ_MNESIA_BASE=" + filepath.Join(r.Dir, "data"), "RABBITMQ_LOG_BASE=" + filepath.Join(r.Dir, "logs"), "RABBITMQ_LOGS=-",
		"RUNNING_UNDER_SYSTEMD=true", // the program itself, without a shell around it
		// Nobody else's network, and no core kept busy by waiting.
		"RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS=-kernel inet_dist_use_interface {127,0,0,1} +sbwt none +sbwtdcpu none +sbwtdio none",
	}
	mapper := start(t, r.Dir, r.env, "epmd", "-port", ports[1], "-address", "127.0.0.1")
	t.Cleanup(func() { end(mapper, syscall.SIGKILL) })
	r.Start()
	t.Cleanup(func() { r.Stop(syscall.SIGTERM) })
	return r
}

// Start starts it again after Stop.
func (r *Rabbit) Start() {
	r.t.Helper()
	r.cmd = start(r.t, r.Dir, r.env, "/usr/lib/rabbitmq/bin/rabbitmq-server")
	untilAnswers(r.t, r.Dir, "RabbitMQ", func() bool {
		c, err := r.dial()
		if err != nil {
			return false
		}
		c.Close()
		return r.Management == "" || r.manages()
	})
}

// manages says whether the management plugin answers.
func (r *Rabbit) manages() bool {
	req, err := http.NewRequest(http.MethodGet, r.Management+"/api/overview", nil)
	if err != nil {
		return false
	}
	req.SetBasicAuth(r.User, r.Password)
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: time.Second}
	resp, err := client.Do(req)
	if err != nil {
		return false
	}
	resp.Body.Close()
	return resp.StatusCode == http.StatusOK
}

// Stop ends it with a signal, if it runs.
func (r *Rabbit) Stop(signal syscall.Signal) {
	if r.cmd != nil {
		end(r.cmd, signal)
		r.cmd = nil
	}
}

func (r *Rabbit) dial() (*amqp.Connection, error) {
	return amqp.Dial(strings.Replace(r.URL, "//", "//"+r.User+":"+r.Password+"@", 1))
}

// With runs f on a connection of the test's own.
func (r *Rabbit) With(f func(ch *amqp.Channel) error) {
	r.t.Helper()
	c, err := r.dial()
	if err != nil {
		r.t.Fatal(err)
	}
	defer c.Close()
	ch, err := c.Channel()
	if err == nil {
		err = f(ch)
	}
	if err != nil {
		r.t.Fatal(err)
	}
}

// Bind makes a durable queue for a pattern of routing keys.
func (r *Rabbit) Bind(exchange, queue, pattern string) {
	r.t.Helper()
	r.With(func(ch *amqp.Channel) error {
		if _, err := ch.QueueDeclare(queue, true, false, false, false, nil); err != nil {
			return err
		}
		return ch.QueueBind(queue, pattern, exchange, false, nil)
	})
}

// Drain takes all messages out of a queue.
func (r *Rabbit) Drain(queue string) (messages []amqp.Delivery) {
	r.t.Helper()
	r.With(func(ch *amqp.Channel) error {
		for {
			m, ok, err := ch.Get(queue, true)
			if err != nil || !ok {
				return err
			}
			messages = append(messages, m)
		}
	})
	return messages
}

// Control runs RabbitMQ's own tool and returns what it prints.
func (r *Rabbit) Control(args ...string) string {
	r.t.Helper()
	return r.tool("rabbitmqctl", args...)
}

// Plugins switches plugins on and off while the broker runs: Plugins("disable",
// "rabbitmq_management").
func (r *Rabbit) Plugins(args ...string) {
	r.t.Helper()
	r.tool("rabbitmq-plugins", args...)
}

func (r *Rabbit) tool(name string, args ...string) string {
	r.t.Helper()
	cmd := exec.Command("/usr/lib/rabbitmq/bin/"+name, append([]string{"-q", "-n", "perfmon@localhost"}, args...)...)
	cmd.Env = r.env
	out, err := cmd.CombinedOutput()
	if err != nil {
		r.t.Fatalf("%s %q: %v\n%s", name, args, err, out)
	}
	return string(out)
}
