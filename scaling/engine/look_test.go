package engine

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
)

// TestLookOnly sees what another process keeps, and makes nothing itself:
// neither while nobody owns the engine nor afterwards.
func TestLookOnly(t *testing.T) {
	ctx := within(t)
	dir := filepath.Join(t.TempDir(), "engine")
	e := run(t, Options{Dir: dir, LookOnly: true})
	soon, cancel := context.WithTimeout(ctx, 200*1e6)
	defer cancel()
	if err := e.Wait(soon); !errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("without an owner: %v", err)
	}
	if _, err := os.Stat(dir); !errors.Is(err, fs.ErrNotExist) {
		t.Fatalf("a folder was made: %v", err)
	}

	owner := run(t, Options{Dir: dir})
	if err := owner.Wait(ctx); err != nil {
		t.Fatal(err)
	}
	if _, err := e.Bucket(ctx, "rubber", BucketOptions{}); !errors.Is(err, ErrNoBucket) {
		t.Fatalf("no bucket: %v", err)
	}
	kept := owner.bucket("rubber")
	if _, err := kept.Put(ctx, "a", []byte("1")); err != nil {
		t.Fatal(err)
	}
	seen, err := e.Bucket(ctx, "rubber", BucketOptions{MaxBytes: 1 << 20})
	if err != nil {
		t.Fatal(err)
	}
	if all, err := seen.All(ctx, ""); err != nil || len(all) != 1 || string(all[0].Value) != "1" {
		t.Errorf("seen: %v, %v", all, err)
	}
	if _, err := seen.Put(ctx, "a", []byte("2")); err == nil {
		t.Error("what only looks has written")
	}
	if err := seen.Delete(ctx, "a", 0); err == nil {
		t.Error("what only looks has deleted")
	}
	info, err := owner.js.Stream(ctx, "KV_rubber")
	if err != nil || info.CachedInfo().Config.MaxBytes != defaultBucketBytes {
		t.Errorf("the bucket was changed: %+v, %v", info.CachedInfo().Config, err)
	}
	if err := owner.stop(); err != nil {
		t.Fatal(err)
	}
	if e.State().Owner {
		t.Error("what only looks owns the engine")
	}
}
