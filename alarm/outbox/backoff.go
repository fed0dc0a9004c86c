package outbox

import "time"

// The waits after failures: of one event, and of the sink as a whole.
const (
	firstWait    = time.Second
	longestWait  = 5 * time.Minute
	longestPause = 30 * time.Second

	// awayAfter is how many alarms have to fail in a row before the sink is
	// taken to be away, and not to choke on single events.
	awayAfter = 3
)

// backoff is how long to wait after so many failures: a random time between
// half of a ceiling and the whole, where the ceiling doubles from firstWait to
// longest. The random part keeps the hosts of a pool from coming back to a
// destination at the same moment.
func backoff(failures int, longest time.Duration, random float64) time.Duration {
	ceiling := longest
	if shift := failures - 1; shift < 20 {
		ceiling = min(longest, firstWait<<max(0, shift))
	}
	return ceiling/2 + time.Duration(random*float64(ceiling/2))
}
