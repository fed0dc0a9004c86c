package xapi

import (
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// Int is an integer of the toolstack, which writes it as a decimal string:
// "3". A bare 3 is read too, and null or "" as 0.
type Int int64

// UnmarshalJSON reads an integer.
func (i *Int) UnmarshalJSON(raw []byte) error {
	s := string(raw)
	if s == "null" {
		return nil
	}
	if strings.HasPrefix(s, `"`) {
		if err := json.Unmarshal(raw, &s); err != nil {
			return err
		}
	}
	if s == "" {
		*i = 0
		return nil
	}
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		return fmt.Errorf("read integer %.40q: %w", s, err)
	}
	*i = Int(n)
	return nil
}

// dateTime is how the toolstack writes and reads a time.
const dateTime = "20060102T15:04:05Z"

// parseTime reads "20251007T11:30:26Z" and the spelling with dashes.
func parseTime(s string) (time.Time, error) {
	for _, layout := range []string{dateTime, time.RFC3339, "20060102T15:04:05"} {
		if t, err := time.Parse(layout, s); err == nil {
			return t.UTC(), nil
		}
	}
	return time.Time{}, fmt.Errorf("read time %.40q: want a form such as %q", s, dateTime)
}

// encodeParam turns a parameter into what encoding/json must be given so that
// the toolstack reads the type that it expects.
func encodeParam(p any) (any, error) {
	switch v := p.(type) {
	case int:
		return strconv.Itoa(v), nil
	case int64:
		return strconv.FormatInt(v, 10), nil
	case Int:
		return strconv.FormatInt(int64(v), 10), nil
	case float64:
		return encodeFloat(v)
	case time.Time:
		return v.UTC().Format(dateTime), nil
	case string:
		return v, checkText(v)
	case []string:
		for _, s := range v {
			if err := checkText(s); err != nil {
				return nil, err
			}
		}
		if v == nil {
			return []string{}, nil // an empty set, not null
		}
		return v, nil
	}
	return p, nil
}

// encodeFloat always writes a point, without which a number would be read as
// an integer.
func encodeFloat(f float64) (any, error) {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return nil, fmt.Errorf("%w: %v has no JSON form", ErrInvalidArgument, f)
	}
	s := strconv.FormatFloat(f, 'f', -1, 64)
	if !strings.Contains(s, ".") {
		s += ".0"
	}
	return json.RawMessage(s), nil
}

// checkText refuses what encoding/json would change without a word.
func checkText(s string) error {
	if !utf8.ValidString(s) {
		return fmt.Errorf("%w: %.80q is not valid UTF-8", ErrInvalidArgument, s)
	}
	return nil
}

// Decimal is the integer as the toolstack wants it inside a record.
func (i Int) Decimal() string { return strconv.FormatInt(int64(i), 10) }
