package main

import (
	"context"
	"io"
	"path/filepath"

	"perfmon/cmd/internal/hostplugin"
	"perfmon/cmd/internal/systemctl"
	"perfmon/monitor/control"
)

// pluginName is the name under which the toolstack starts this program as its
// host plugin: a link, /etc/xapi.d/plugins/perfmon. The agent has that name
// too, but is another program, so a link of that name to this one is never
// meant to be anything else.
const pluginName = "perfmon"

func isPlugin(program string) bool { return filepath.Base(program) == pluginName }

// runPlugin is the whole program under that name.
func runPlugin(args []string, stdout io.Writer) int {
	var request string // of none or several, the answer is that it is no call
	if len(args) == 1 {
		request = args[0]
	}
	manager, ctx := systemctl.Control{}, context.Background()
	do := func(verb string, units ...string) func() error {
		return func() error {
			_, err := manager.Do(ctx, append([]string{verb}, units...)...)
			return err
		}
	}
	return hostplugin.Run(request, hostplugin.Actions{
		Send:    func(word string) error { return control.Send(control.DefaultName, control.Command(word)) },
		Start:   do("start", systemctl.AgentSocket, systemctl.AgentService),
		Stop:    do("stop", systemctl.AgentSocket, systemctl.AgentService),
		Restart: do("restart", systemctl.AgentService),
		Status:  func() (string, error) { return manager.Property(ctx, systemctl.AgentService, "ActiveState") },
	}, stdout)
}
