package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"

	"perfmon/bench/checksum"
	"perfmon/bench/drivers"
	"perfmon/bench/measure"
	"perfmon/bench/plan"
	"perfmon/bench/sample"
	"perfmon/bench/scrape"
	"perfmon/bench/toolstack"
	"perfmon/bench/triggers"
)

// drive makes one measurement in this process and prints its report.
func drive(ctx context.Context, args []string) error {
	if len(args) == 0 {
		return fmt.Errorf("drive: it is not said what")
	}
	if args[0] == "toolstack" && len(args) == 2 {
		var o toolstack.Options
		if err := json.Unmarshal([]byte(args[1]), &o); err != nil {
			return fmt.Errorf("drive toolstack: %w", err)
		}
		return toolstack.Run(o, os.Stdin, os.Stdout)
	}
	measurements := map[string]func(ctx context.Context, args []string) (measure.Report, error){
		"decode":   driveDecode,
		"scrape":   driveNamed(scrape.Measure),
		"triggers": driveNamed(triggers.Measure),
		"plan":     driveNamed(plan.Measure),
		"sample":   driveNamed(sample.Measure),
	}
	m, ok := measurements[args[0]]
	if !ok {
		return fmt.Errorf("drive: unknown word %q", args[0])
	}
	r, err := m(ctx, args[1:])
	if err != nil {
		return fmt.Errorf("drive %v: %w", args, err)
	}
	return r.Print(os.Stdout)
}

// driveNamed takes NAME.
func driveNamed(m func(name string) (measure.Report, error)) func(context.Context, []string) (measure.Report, error) {
	return func(_ context.Context, args []string) (measure.Report, error) {
		if len(args) != 1 {
			return measure.Report{}, fmt.Errorf("want NAME")
		}
		return m(args[0])
	}
}

// driveDecode takes FORM NAME FILE, and perhaps "ordered".
func driveDecode(_ context.Context, args []string) (measure.Report, error) {
	if len(args) < 3 {
		return measure.Report{}, fmt.Errorf("want FORM NAME FILE")
	}
	d := drivers.Find(args[1], args[0][0] == 'j')
	if d == nil {
		return measure.Report{}, fmt.Errorf("there is no such driver")
	}
	document, err := os.ReadFile(args[2])
	if err != nil {
		return measure.Report{}, err
	}
	var sum checksum.Sum
	pass := func() error {
		sum = checksum.Sum{Ordered: len(args) > 3}
		return d.Decode(document, &sum)
	}
	var r measure.Report
	if len(args) > 3 {
		err = pass()
	} else {
		r, err = measure.Loop(pass)
	}
	r.Count, r.Xor, r.Mix = sum.Count, fmt.Sprintf("%x", sum.Xor), fmt.Sprintf("%x", sum.Mix)
	return r, err
}
