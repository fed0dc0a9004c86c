package rubberconfig

import (
	"fmt"
	"reflect"
	"strings"
	"time"
	"unicode"

	"perfmon/cmd/internal/strictyaml"
)

// Bounds of what a number of settings may be.
const (
	maxTime   = 30 * 24 * time.Hour
	maxCount  = 100_000
	maxFactor = 1000
)

// numberKeys are the keys of a struct of times, factors, counts and switches:
// the name of each is that of its field, as up_every is of UpEvery. So what the
// planner gets to know has its key at once.
func numberKeys(to any, texts map[string]string) []strictyaml.Key {
	var keys []strictyaml.Key
	v := reflect.ValueOf(to).Elem()
	for i := range v.NumField() {
		field := v.Type().Field(i)
		k := strictyaml.Key{Name: snake(field.Name), Text: texts[field.Name]}
		switch p := v.Field(i).Addr().Interface().(type) {
		case *time.Duration:
			if never[field.Name] {
				k.Value = durationOrNever{p}
			} else {
				k.Value = strictyaml.Duration{To: p, Min: 0, Max: maxTime}
			}
		case *float64:
			k.Value = strictyaml.Fraction{To: p, Min: 0, Max: maxFactor}
		case *int:
			k.Value = count{strictyaml.Number[int]{To: p, Min: 0, Max: maxCount}}
		case *bool:
			k.Value = strictyaml.Boolean{To: p}
		default:
			panic(fmt.Sprintf("BUG: field %s of %T has no key", field.Name, to))
		}
		keys = append(keys, k)
	}
	return keys
}

// snake is a field's name as a key: up_every, cpus.
func snake(name string) string {
	var b strings.Builder
	for i, r := range name {
		if unicode.IsUpper(r) && i > 0 {
			b.WriteByte('_')
		}
		b.WriteRune(unicode.ToLower(r))
	}
	return b.String()
}

// count is a number of which 0 is one, too.
type count struct{ strictyaml.Number[int] }

func (v count) Initial() string { return fmt.Sprint(*v.To) }

// durationOrNever is a time, or never, which is negative.
type durationOrNever struct{ to *time.Duration }

func (v durationOrNever) Read(p strictyaml.Place) {
	if p.Node.Value == "never" && p.Plain() {
		*v.to = -1
		return
	}
	d := strictyaml.Duration{To: v.to, Min: time.Second, Max: maxTime}
	d.Read(p)
}

func (v durationOrNever) Form() string { return "1s to 720h, or never" }

func (v durationOrNever) Initial() string {
	if *v.to < 0 {
		return "never"
	}
	return strictyaml.Spell(*v.to)
}
