package main

import (
	"context"

	"perfmon/bench/plan"
	"perfmon/bench/sample"
	"perfmon/bench/scrape"
	"perfmon/bench/triggers"
)

// The sections that are about pieces of the agent, each run in a process of
// this program for itself.

func (b *bench) triggers(ctx context.Context) ([]Figure, error) {
	var list []subject
	for _, s := range triggers.Subjects() {
		list = append(list, subject{s.Name, s.About, self("triggers", s.Name)})
	}
	return b.inRounds(ctx, "triggers", "ms", 1e6, list)
}

func (b *bench) scrape(ctx context.Context) ([]Figure, error) {
	var list []subject
	for _, s := range scrape.Subjects() {
		list = append(list, subject{s.Name, s.About, self("scrape", s.Name)})
	}
	return b.inRounds(ctx, "scrape", "ms", 1e6, list)
}

func (b *bench) sample(ctx context.Context) ([]Figure, error) {
	var list []subject
	for _, s := range sample.Subjects() {
		list = append(list, subject{s.Name, s.About, self("sample", s.Name)})
	}
	return b.inRounds(ctx, "sample", "µs", 1e3, list)
}

func (b *bench) plan(ctx context.Context) ([]Figure, error) {
	var list []subject
	for _, s := range plan.Subjects() {
		list = append(list, subject{s.Name, s.About, self("plan", s.Name)})
	}
	return b.inRounds(ctx, "plan", "ms", 1e6, list)
}
