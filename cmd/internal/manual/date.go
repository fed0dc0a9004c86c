package manual

import (
	"fmt"
	"os"
	"strconv"
	"time"
)

// Date is the time of the source, as those who build the same bytes twice say
// it in SOURCE_DATE_EPOCH, or now.
func Date() (time.Time, error) {
	said := os.Getenv("SOURCE_DATE_EPOCH")
	if said == "" {
		return time.Now(), nil
	}
	seconds, err := strconv.ParseInt(said, 10, 64)
	if err != nil {
		return time.Time{}, fmt.Errorf("read SOURCE_DATE_EPOCH: want seconds since 1970, got %q", said)
	}
	return time.Unix(seconds, 0), nil
}
