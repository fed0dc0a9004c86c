package config

// Grade says how good a known value is by a variable's levels. A greater
// grade is worse. With a level of 90, a warning level of 80, a clear level of
// 85 and sense high:
//
//	 …  80      85      90  …
//	Fine | BadWarning | BadFalling | BadCritical
//
// and with a clear level of 75 instead:
//
//	 …  75         80         90  …
//	Fine | Lingering | BadWarning | BadCritical
//
// Each level itself belongs to the better side.
type Grade int

// The grades.
const (
	// Fine is on the clear side: it ends an alarm.
	Fine Grade = iota
	// Lingering raises nothing, and ends nothing that fires.
	Lingering
	// BadWarning is bad for the warning level alone; a critical alarm falls
	// to a warning.
	BadWarning
	// BadFalling raises a warning; a critical alarm stays critical.
	BadFalling
	// BadCritical is on the bad side of the trigger level.
	BadCritical
)

// String is the grade in words.
func (g Grade) String() string {
	switch g {
	case Fine:
		return "fine"
	case Lingering:
		return "lingering"
	case BadWarning:
		return "bad for a warning"
	case BadFalling:
		return "bad for a warning, not yet below critical"
	case BadCritical:
		return "critical"
	}
	return "unknown grade"
}

// Bad says whether the grade adds to the period of an inactive trigger.
func (g Grade) Bad() bool { return g >= BadWarning }

// Grade grades a known value; what NaN means is the caller's business.
//
// A critical alarm falls to a warning at the clear level if that lies between
// the warning level and the level, else at the level. An alarm clears at the
// clear level or the warning level, whichever is better.
func (v *Variable) Grade(value float64) Grade {
	switch {
	case v.Sense.worse(value, v.Level):
		return BadCritical
	case v.HasWarning && v.Sense.worse(value, v.WarningLevel):
		if v.Sense.worse(value, v.fallLevel()) {
			return BadFalling
		}
		return BadWarning
	case v.Sense.worse(value, v.easeLevel()):
		return Lingering
	}
	return Fine
}

// fallLevel is the level at which a critical alarm falls to a warning.
func (v *Variable) fallLevel() float64 {
	if v.HasClear && !v.Sense.worse(v.WarningLevel, v.ClearLevel) {
		return v.ClearLevel
	}
	return v.Level
}

// easeLevel is the level at which an alarm of any severity clears.
func (v *Variable) easeLevel() float64 {
	switch {
	case !v.HasWarning && v.HasClear:
		return v.ClearLevel
	case !v.HasWarning:
		return v.Level
	case v.HasClear && v.Sense.worse(v.WarningLevel, v.ClearLevel):
		return v.ClearLevel
	}
	return v.WarningLevel
}

// worse says whether a is further on the bad side than b.
func (s Sense) worse(a, b float64) bool {
	if s == High {
		return a > b
	}
	return a < b
}

// Good says whether a value, which is known, is bad for no level.
func (v *Variable) Good(value float64) bool {
	return !v.Sense.worse(value, v.Level) && (!v.HasWarning || !v.Sense.worse(value, v.WarningLevel))
}

// Limit is Good for those who have many values to look at: of a good value
// sign × value is at most limit.
func (v *Variable) Limit() (sign, limit float64) {
	sign = 1
	if v.Sense == Low {
		sign = -1
	}
	limit = sign * v.Level
	if v.HasWarning {
		limit = min(limit, sign*v.WarningLevel)
	}
	return sign, limit
}
