package plan

import "time"

// day is when the snapshots of tests are taken.
var day = time.Date(2026, 1, 5, 12, 0, 0, 0, time.UTC)
