package metrics

// unit is what a data source counts in, and the way to the base unit:
// value × times ÷ over. Dividing keeps decimal fractions exact where a
// multiplication by 1e-6 would not.
type unit struct {
	name  string // as the toolstack spells it, for people
	times float64
	over  float64
	// suffix is how a metric in the base unit ends; "" for a plain number of
	// things.
	suffix string
}

var (
	plain      = unit{"count", 1, 1, ""}
	inFraction = unit{"fraction", 1, 1, "_ratio"}

	inBytes = unit{"B", 1, 1, "_bytes"}
	inKiB   = unit{"KiB", 1 << 10, 1, "_bytes"}

	inPerSecond      = unit{"1/s", 1, 1, "_per_second"}
	inBytesPerSecond = unit{"B/s", 1, 1, "_bytes_per_second"}
	inKiBPerSecond   = unit{"KiB/s", 1 << 10, 1, "_bytes_per_second"}
	inMiBPerSecond   = unit{"MiB/s", 1 << 20, 1, "_bytes_per_second"}

	inSeconds      = unit{"s", 1, 1, "_seconds"}
	inMicroseconds = unit{"µs", 1, 1e6, "_seconds"}

	inMegahertz  = unit{"MHz", 1e6, 1, "_hertz"}
	inWatts      = unit{"W", 1, 1, "_watts"}
	inMilliwatts = unit{"mW", 1, 1e3, "_watts"}
	inCelsius    = unit{"°C", 1, 1, "_celsius"}
)

// base converts a value to the base unit.
func (u unit) base(v float64) float64 { return v * u.times / u.over }
