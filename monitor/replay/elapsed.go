package replay

import (
	"errors"
	"fmt"
	"math"
	"regexp"
	"strconv"
)

// maxElapsed is the longest time that a test can speak of, in seconds: two
// years.
const maxElapsed = 2 * 366 * 86400

var (
	elapsedForm = regexp.MustCompile(`^(?:\d+[dhms])+$`)
	elapsedPart = regexp.MustCompile(`(\d+)([dhms])`)
	unitSeconds = map[string]int64{"d": 86400, "h": 3600, "m": 60, "s": 1}
)

// parseElapsed reads a time since the beginning, in seconds: "90s", "5m00s",
// "1h30m", "2d", or "0".
func parseElapsed(text string) (int64, error) {
	if text == "0" {
		return 0, nil
	}
	if !elapsedForm.MatchString(text) {
		return 0, fmt.Errorf("time %q: write it like 90s, 5m, 1h30m or 2d", text)
	}
	total := int64(0)
	for _, part := range elapsedPart.FindAllStringSubmatch(text, -1) {
		n, err := strconv.ParseInt(part[1], 10, 64)
		if err != nil || n > maxElapsed || total+n*unitSeconds[part[2]] > maxElapsed {
			return 0, fmt.Errorf("time %q: more than two years", text)
		}
		total += n * unitSeconds[part[2]]
	}
	return total, nil
}

// parseSpan reads a length of time, which is not 0.
func parseSpan(text string) (int64, error) {
	n, err := parseElapsed(text)
	if err == nil && n == 0 {
		err = errors.New("a length of 0 is none")
	}
	return n, err
}

// formatElapsed is a time as tests write it: "5m00s", "1h03m00s", "2d01h00m00s".
func formatElapsed(seconds int64) string {
	sign := ""
	if seconds < 0 {
		sign, seconds = "-", -seconds
	}
	s, m, h, d := seconds%60, seconds/60%60, seconds/3600%24, seconds/86400
	switch {
	case d > 0:
		return fmt.Sprintf("%s%dd%02dh%02dm%02ds", sign, d, h, m, s)
	case h > 0:
		return fmt.Sprintf("%s%dh%02dm%02ds", sign, h, m, s)
	}
	return fmt.Sprintf("%s%dm%02ds", sign, m, s)
}

// formatValue is a value as tests write it; unknown is "_".
func formatValue(v float64) string {
	if math.IsNaN(v) {
		return "_"
	}
	return strconv.FormatFloat(v, 'g', 6, 64)
}
