package config

import (
	"math"
	"testing"

	"pgregory.net/rapid"
)

// TestGrade has every way in which the three levels can lie, with a value on,
// just beside and well between them. The letters are the grades: Fine,
// Lingering, BadWarning, bad and Only falling, Critical.
func TestGrade(t *testing.T) {
	letters := map[Grade]byte{Fine: 'F', Lingering: 'L', BadWarning: 'W', BadFalling: 'O', BadCritical: 'C'}
	none := math.NaN()
	f := func(warning, clear float64, want string) {
		t.Helper()
		v := &Variable{
			Level:      90,
			HasWarning: !math.IsNaN(warning), WarningLevel: warning,
			HasClear: !math.IsNaN(clear), ClearLevel: clear,
		}
		// The same with every sign turned must grade low as high.
		low := *v
		low.Sense, low.Level, low.WarningLevel, low.ClearLevel = Low, -90, -warning, -clear
		var got, gotLow []byte
		for _, level := range []float64{70, 75, 80, 85, 90} {
			for _, value := range []float64{math.Nextafter(level, 0), level, math.Nextafter(level, 100), level + 2} {
				if v.Good(value) != (v.Grade(value) < BadWarning) || low.Good(-value) != v.Good(value) {
					t.Errorf("warning %v, clear %v: %v is good: %v, and its grade %c", warning, clear, value, v.Good(value), letters[v.Grade(value)])
				}
				got = append(got, letters[v.Grade(value)])
				gotLow = append(gotLow, letters[low.Grade(-value)])
			}
			got, gotLow = append(got, ' '), append(gotLow, ' ')
		}
		if string(got) != want+" " || string(gotLow) != want+" " {
			t.Errorf("warning %v, clear %v:\nhigh %s\nlow  %s\nwant %s", warning, clear, got, gotLow, want)
		}
	}
	//             70   75   80   85   90
	f(none, none, "FFFF FFFF FFFF FFFF FFCC")
	f(none, 90, "FFFF FFFF FFFF FFFF FFCC")
	f(none, 80, "FFFF FFFF FFLL LLLL LLCC")
	f(none, 70, "FFLL LLLL LLLL LLLL LLCC")
	f(80, none, "FFFF FFFF FFWW WWWW WWCC")
	f(80, 90, "FFFF FFFF FFWW WWWW WWCC") // clear at the level: nothing falls late
	f(80, 85, "FFFF FFFF FFWW WWOO OOCC") // between: it is for the fall
	f(80, 80, "FFFF FFFF FFOO OOOO OOCC") // at the warning level: it never falls
	f(80, 75, "FFFF FFLL LLWW WWWW WWCC") // beyond: it is for the warning
	f(70, 85, "FFWW WWWW WWWW WWOO OOCC")
}

func TestGradeInfinite(t *testing.T) {
	v := &Variable{Level: 1}
	if v.Grade(math.Inf(1)) != BadCritical || v.Grade(math.Inf(-1)) != Fine {
		t.Error("infinite values, high")
	}
	v.Sense = Low
	if v.Grade(math.Inf(1)) != Fine || v.Grade(math.Inf(-1)) != BadCritical {
		t.Error("infinite values, low")
	}
}

// TestGradeOrder: whatever the levels, a worse value never has a better
// grade, Bad agrees with the grade, and the four grades short of critical
// need the levels that make them.
func TestGradeOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		number := rapid.OneOf(rapid.Map(rapid.IntRange(-4, 4), func(n int) float64 { return float64(n) }), rapid.Float64Range(-5, 5))
		v := &Variable{Sense: rapid.SampledFrom([]Sense{High, Low}).Draw(t, "sense"), Level: number.Draw(t, "level")}
		better := func(name string) float64 {
			d := math.Abs(number.Draw(t, name))
			if v.Sense == High {
				return v.Level - d
			}
			return v.Level + d
		}
		if rapid.Bool().Draw(t, "clears") {
			v.HasClear, v.ClearLevel = true, better("clear")
		}
		if rapid.Bool().Draw(t, "warns") {
			if w := better("warning"); w != v.Level {
				v.HasWarning, v.WarningLevel = true, w
			}
		}
		a, b := number.Draw(t, "a"), number.Draw(t, "b")
		if v.Sense.worse(b, a) {
			a, b = b, a // a is the worse
		}
		ga, gb := v.Grade(a), v.Grade(b)
		if ga < gb {
			t.Fatalf("%v is %v, %v is %v", a, ga, b, gb)
		}
		if (ga == BadCritical) != v.Bad(a) {
			t.Fatalf("%v is %v, bad: %t", a, ga, v.Bad(a))
		}
		warning := ga == BadWarning || ga == BadFalling
		switch {
		case warning && !v.HasWarning, (ga == Lingering || ga == BadFalling) && !v.HasClear:
			t.Fatalf("%v is %v of %+v", a, ga, v)
		case v.HasWarning && ga.Bad() != v.Sense.worse(a, v.WarningLevel):
			t.Fatalf("%v is %v, warning level %v", a, ga, v.WarningLevel)
		case v.Grade(v.Level) == BadCritical:
			t.Fatal("the level itself is critical")
		}
	})
}
