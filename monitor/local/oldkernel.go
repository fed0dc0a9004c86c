package local

import (
	"context"
	"fmt"

	"github.com/shirou/gopsutil/v3/common"
	"github.com/shirou/gopsutil/v3/mem"
)

// estimateAvailable is for Linux before 3.14, which does not tell how much
// memory can be had without swapping. gopsutil makes an estimate of it, in
// KiB, as those kernels' own tools did. This file is the only one that knows
// gopsutil.
func estimateAvailable(ctx context.Context, proc string) (_ uint64, err error) {
	// It indexes fields without a look at how many a line has.
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("estimate available memory from %s/meminfo: not in the form the kernel writes: %v", proc, p)
		}
	}()
	m, err := mem.VirtualMemoryWithContext(context.WithValue(ctx, common.EnvKey, common.EnvMap{common.HostProcEnvKey: proc}))
	if err != nil {
		return 0, fmt.Errorf("estimate available memory from %s/meminfo: %w", proc, err)
	}
	return m.Available / 1024, nil
}
