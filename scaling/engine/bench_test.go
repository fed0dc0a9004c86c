package engine

import (
	"context"
	"fmt"
	"testing"
	"time"
)

func benchmarked(b *testing.B, o Options) *Bucket {
	b.Helper()
	o.Dir, o.Listen = b.TempDir()+"/engine", "127.0.0.1:0"
	return run(b, o).bucket("bench")
}

func BenchmarkPut(b *testing.B) {
	for _, sync := range []time.Duration{0, time.Second} {
		name := "each write on disk"
		if sync > 0 {
			name = fmt.Sprintf("on disk every %v", sync)
		}
		value := make([]byte, 400) // a record of a machine
		b.Run(name, func(b *testing.B) {
			bucket := benchmarked(b, Options{SyncEvery: sync})
			for i := 0; b.Loop(); i++ {
				if _, err := bucket.Put(context.Background(), fmt.Sprint("machine/", i%1000), value); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(name+", 16 at a time", func(b *testing.B) {
			bucket := benchmarked(b, Options{SyncEvery: sync})
			b.SetParallelism(8) // for each of two processors
			b.RunParallel(func(p *testing.PB) {
				for i := 0; p.Next(); i++ {
					if _, err := bucket.Put(context.Background(), fmt.Sprint("machine/", i%1000), value); err != nil {
						b.Error(err)
						return
					}
				}
			})
		})
	}
}

func BenchmarkGet(b *testing.B) {
	bucket := benchmarked(b, Options{})
	if _, err := bucket.Put(context.Background(), "k", make([]byte, 400)); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, err := bucket.Get(context.Background(), "k"); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkAll(b *testing.B) {
	bucket := benchmarked(b, Options{SyncEvery: time.Minute})
	for i := range 1000 {
		if _, err := bucket.Put(context.Background(), fmt.Sprint("machine/", i), make([]byte, 400)); err != nil {
			b.Fatal(err)
		}
	}
	for b.Loop() {
		if all, err := bucket.All(context.Background(), "machine/"); err != nil || len(all) != 1000 {
			b.Fatal(len(all), err)
		}
	}
}

// BenchmarkTakeover is from the owner's end to the first write that the next
// one has taken.
func BenchmarkTakeover(b *testing.B) {
	dir := b.TempDir() + "/engine"
	o := Options{Dir: dir, Listen: "127.0.0.1:0"}
	owner := run(b, o)
	owner.bucket("bench")
	for b.Loop() {
		b.StopTimer()
		next := run(b, o)
		bucket := next.bucket("bench")
		b.StartTimer()
		if err := owner.stop(); err != nil {
			b.Fatal(err)
		}
		if _, err := bucket.Put(context.Background(), "k", nil); err != nil {
			b.Fatal(err)
		}
		owner = next
	}
}
