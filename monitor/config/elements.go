package config

import (
	"errors"
	"fmt"
)

// elements reads what the stock daemon has no tags for. It ignores them, and
// an alarm's body has them as it has any unknown tag:
//
//	<variable>
//	  <name value="cpu_usage"/>
//	  <alarm_trigger_level value="0.9"/>
//	  <alarm_warning_level value="0.8"/>
//	  <alarm_clear_level value="0.7"/>
//	  <alarm_clear_period value="300"/>
//	  <alarm_nodata_period value="900"/>
//	  <alarm_labels value="team=storage,tier=gold"/>
//	</variable>
//
// All are optional. Without a clear level an alarm clears at its level (the
// warning level if there is one), without a clear period at the first fine
// row, without a nodata period it never comes to nodata.
func (r *reader) elements() {
	r.warningLevel()
	r.clearLevel()
	r.v.ClearPeriod = r.seconds(tagClearPeriod, 0)
	r.noDataPeriod()
	r.labels()
}

func (r *reader) warningLevel() {
	e := r.find(tagWarningLevel)
	if e == nil {
		return
	}
	f, ok := r.number(e, "0.8")
	if !ok {
		return
	}
	if r.v.Bad(f) || f == r.v.Level {
		r.error(e, fmt.Sprintf("alarm_warning_level %g is not %s the level %g, so a warning would never come first", f, r.goodSide(), r.v.Level),
			fmt.Sprintf("write a number %s %g, or remove it", r.goodSide(), r.v.Level))
		return
	}
	r.v.HasWarning, r.v.WarningLevel = true, f
}

func (r *reader) clearLevel() {
	e := r.find(tagClearLevel)
	if e == nil {
		return
	}
	f, ok := r.number(e, "0.7")
	if !ok {
		return
	}
	if r.v.Bad(f) {
		r.error(e, fmt.Sprintf("alarm_clear_level %g is on the bad side of the level %g", f, r.v.Level),
			fmt.Sprintf("write %g, or a number %s it", r.v.Level, r.goodSide()))
		return
	}
	r.v.HasClear, r.v.ClearLevel = true, f
}

// goodSide is where the good values are, seen from the level.
func (r *reader) goodSide() string {
	if r.v.Sense == High {
		return "below"
	}
	return "above"
}

// noDataPeriod refuses 0 and less: it could mean never as well as at once.
func (r *reader) noDataPeriod() {
	e := r.find(tagNoDataPeriod)
	if e == nil {
		return
	}
	n, err := parseInt(value(e))
	switch {
	case errors.Is(err, errNotInt):
		r.error(e, numberMsg(e, err), shape(e, "900"))
	case n <= 0:
		r.error(e, fmt.Sprintf("alarm_nodata_period %q is not above 0", value(e)), "write seconds, such as 900, or remove it for none")
	default:
		r.v.NoDataPeriod = r.seconds(tagNoDataPeriod, 0)
	}
}

func (r *reader) labels() {
	e := r.find(tagLabels)
	if e == nil {
		return
	}
	if !has(e) {
		r.error(e, `<alarm_labels> has no attribute "value"`, shape(e, "team=storage"))
		return
	}
	labels, err := parseLabels(value(e))
	if err != nil {
		r.error(e, "alarm_labels: "+err.msg, err.fix)
		return
	}
	r.v.Labels = labels
}
