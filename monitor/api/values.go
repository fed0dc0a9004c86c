package api

import (
	"encoding/json"
	"fmt"
	"math"
	"strconv"
)

// MarshalJSON writes what no JSON number is as null.
func (v Values) MarshalJSON() ([]byte, error) {
	b := append(make([]byte, 0, 2+8*len(v)), '[')
	for i, n := range v {
		if i > 0 {
			b = append(b, ',')
		}
		if math.IsNaN(n) || math.IsInf(n, 0) {
			b = append(b, "null"...)
		} else {
			b = strconv.AppendFloat(b, n, 'g', -1, 64)
		}
	}
	return append(b, ']'), nil
}

// UnmarshalJSON reads what MarshalJSON wrote.
func (v *Values) UnmarshalJSON(b []byte) error {
	var list []*float64
	if err := json.Unmarshal(b, &list); err != nil {
		return fmt.Errorf("read values: %w", err)
	}
	*v = make(Values, len(list))
	for i, n := range list {
		(*v)[i] = math.NaN()
		if n != nil {
			(*v)[i] = *n
		}
	}
	return nil
}
