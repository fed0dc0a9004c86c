package main

import (
	"net"
	"os"
	"syscall"
	"testing"
)

// opened are sockets as the service manager opens them: one for the web port
// and one for commands.
func opened(t *testing.T, command string) (address string, files []*os.File) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	datagrams, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: command, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	defer datagrams.Close()
	for _, s := range []interface{ File() (*os.File, error) }{l.(*net.TCPListener), datagrams} {
		f, err := s.File()
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { f.Close() })
		files = append(files, f)
	}
	return l.Addr().String(), files
}

// passing starts an agent as the service manager does.
func (s *site) passing(files []*os.File, flags ...string) *agent {
	s.t.Helper()
	cmd := s.command(flags...)
	cmd.ExtraFiles = files
	cmd.Env = append(cmd.Env, "LISTEN_FDS=2", "LISTEN_FDNAMES=web:commands")
	return s.run(cmd)
}

func TestSocketsFromTheServiceManager(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	address, files := opened(t, s.socket)
	for range 2 { // they stay when the agent is started anew
		a := s.passing(files, "--source", "local", "--web.systemd-socket", "-i", long)
		if resp := ask(t, webClient(t), "http://"+address+"/", ""); resp.StatusCode != 200 {
			t.Errorf("%s", resp.Status)
		}
		if got := a.address(); got != address {
			t.Errorf("listens on %s, want %s", got, address)
		}
		send(t, s.socket, "refresh")
		a.waitLog(1, "PERFMON: refresh")
		a.waitPage(`perfmon_commands_total\{command="refresh",result="accepted"\} 1`)
		if n := a.logged("level=WARN .*service manager"); n != 0 {
			t.Errorf("%d warnings", n)
		}
		a.stop(syscall.SIGTERM)
	}
}

func TestSocketsThatAreNotWanted(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	address, files := opened(t, s.socket+"-other")
	a := s.passing(files, "--source", "local")
	a.waitLog(1, "level=WARN .*not used: web ports need --web.systemd-socket.* socket=web")
	a.waitLog(1, "level=WARN .*not used: it has another name than --control-socket.* socket=commands want="+s.socket)
	if got := a.address(); got == address {
		t.Errorf("listens on %s all the same", got)
	}
	send(t, s.socket, "refresh") // it has its own
	a.waitLog(1, "PERFMON: refresh")
	a.stop(syscall.SIGTERM)
}
