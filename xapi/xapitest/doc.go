// Package xapitest is a toolstack to test against: XAPI and xcp-rrdd on real
// unix sockets and a loopback port, with a pool that tests fill and change,
// rows that they script or have generated, and faults to order.
//
//	s := xapitest.New(xapitest.Options{Dir: t.TempDir()})
//	if err := s.Start(); err != nil { ... }
//	defer s.Close()
//	s.SetSeries(rrd.ClassHost, s.HostUUID(), "cpu0", func(t int64) float64 { return 0.5 })
//	s.Install(xapitest.Fault{Path: "/rrd_updates", Kind: xapitest.Truncate, At: 500, Count: 1})
//	msgs, err := s.WaitMessages(ctx, 1)
//
// It answers as xen-api does: the same header lines, the same numbers as
// strings, the same failures with the same parameters, including the shapes
// that surprise. What a client asks is recorded.
//
// VMs can be cloned, provisioned, started, suspended, shut down and destroyed
// by calls, with their disks, drives and cards, also as tasks ("Async."); see
// Life. Hold and Take say how long that takes.
//
// The simulator knows its own clock (Options.Now, SetNow) for rows, message
// times and sessions; timeouts of event.from are real time.
package xapitest
