package rubber_test

import (
	"context"
	"fmt"
	"time"

	"perfmon/scaling/rubber"
	"perfmon/scaling/rubber/cloud"
	"perfmon/scaling/rubber/cloud/cloudtest"
	"perfmon/scaling/rubber/plan"
	"perfmon/scaling/rubber/work"
)

// fixed is a broker whose queue always holds as much.
type fixed int

func (n fixed) Depth(context.Context, string) (work.Depth, error) {
	ready, unacked := int(n), 0
	return work.Depth{Ready: &ready, Unacked: &unacked, At: time.Now()}, nil
}

func (fixed) Close() error { return nil }

// A dry run: what would be done about three tasks that wait?
func Example() {
	c, err := rubber.New(rubber.Options{
		Owner:   "example",
		Store:   rubber.NewMemoryStore(),
		Clouds:  map[string]cloud.Cloud{"dc1": cloudtest.NewWorld(cloudtest.Options{}).Connect()},
		Brokers: map[string]rubber.Broker{"main": {Source: fixed(3)}},
		Config: rubber.Config{Cap: 10, Profiles: []rubber.Profile{
			{Name: "ocr", Queue: "ocr", Broker: "main", Cloud: "dc1", Spec: cloud.Spec{Image: "debian-12"}},
		}},
		DryRun: true,
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- c.Run(ctx) }()
	for err = c.Now(ctx); err != nil; err = c.Now(ctx) { // until it runs
		time.Sleep(time.Millisecond)
	}
	for _, line := range c.Status().Lines {
		if line.Action != plan.Hold {
			fmt.Println(line.Action, line.Count, line.Profile)
		}
	}
	cancel()
	fmt.Println(<-ended)
	// Output:
	// start 3 ocr
	// <nil>
}
