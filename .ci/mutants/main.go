// Command mutants tests the tests: it makes one small mistake at a time in
// the code of the trigger, of the fold and of the loop (the list is in
// list.go), and demands that some test turns red. Run it with `make mutants`, from the
// root of the project.
//
// The tree is never touched: the go command reads each mistake from an
// overlay.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"time"
)

func main() {
	jobs := flag.Int("j", 2, "how many mutants are tested at a time")
	timeout := flag.Duration("timeout", time.Minute, "how long the tests of one mutant may take; running over it counts as red")
	only := flag.String("only", "", "test only the mutants of files whose path contains this")
	flag.Parse()

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	var chosen []mutation
	for _, m := range list {
		if strings.Contains(m.file, *only) {
			chosen = append(chosen, m)
		}
	}
	if err := hunt(ctx, os.Stdout, runner{root: ".", timeout: *timeout}, chosen, *jobs); err != nil {
		fmt.Fprintln(os.Stderr, "mutants:", err)
		os.Exit(1)
	}
}

// hunt tests every mutant and prints a line for each as it is known. The
// error says what is wrong with the tests, or with the list.
func hunt(ctx context.Context, out io.Writer, r runner, chosen []mutation, jobs int) error {
	if len(chosen) == 0 {
		return fmt.Errorf("there are no mutations to try: see list in .ci/mutants/list.go")
	}
	if err := r.baseline(ctx, chosen); err != nil {
		return err
	}
	type done struct {
		index int
		v     verdict
	}
	queue := make(chan int)
	results := make(chan done)
	for range jobs {
		go func() {
			for i := range queue {
				results <- done{i, r.try(ctx, chosen[i])}
			}
		}()
	}
	go func() {
		defer close(queue)
		for i := range chosen {
			queue <- i
		}
	}()
	counts := map[outcome]int{}
	for n := range chosen {
		d := <-results
		counts[d.v.outcome]++
		m := chosen[d.index]
		fmt.Fprintf(out, "%3d/%d  %-9s %s:%d  %s  =>  %s  (%s)\n", n+1, len(chosen), d.v.outcome, m.file, d.v.line, m.old, m.new, d.v.detail)
	}
	fmt.Fprintf(out, "%d mutants: %d turned a test red, %d survived, %d broken\n", len(chosen), counts[red], counts[survived], counts[broken])
	if err := ctx.Err(); err != nil {
		return err
	}
	if counts[survived]+counts[broken] > 0 {
		return fmt.Errorf("%d survived: add the test that tells the mutant from the code; %d broken: mend the list in .ci/mutants/list.go", counts[survived], counts[broken])
	}
	return nil
}
