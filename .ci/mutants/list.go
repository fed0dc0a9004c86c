package main

// The files that are changed, and whose tests have to notice.
const (
	trigger  = "alarm/trigger.go"
	fold     = "monitor/fold.go"
	anchor   = "monitor/anchor.go"
	keep     = "monitor/keep.go"
	say      = "monitor/say.go"
	heard    = "alarm/heard.go"
	silence  = "alarm/silence.go"
	gather   = "monitor/gather.go"
	folded   = "monitor/folded.go"
	evaluate = "monitor/evaluate.go"
	layers   = "monitor/layers.go"
	inherit  = "monitor/configuration.go"
	mute     = "monitor/mute.go"
	silences = "monitor/silence.go"
	pacing   = "monitor/pace.go"
)

var (
	triggerTests = []string{"./alarm"}
	heardTests   = []string{"./alarm"}
	foldTests    = []string{"./monitor"}
	loopTests    = []string{"./monitor"}
)

// list is what is tried: mistakes that a person could make in the trigger, in
// the fold, and in what the loop remembers and says.
var list = []mutation{
	// When rows are asked for.
	{pacing, "p.before, p.calm, p.patience = 2*p.before, 0, leastPatience", "p.before, p.calm, p.patience = 0, 0, leastPatience", loopTests},
	{pacing, "p.before, p.calm = p.gap(), 0", "p.before, p.calm = 0, 0", loopTests},
	{pacing, "p.patience = min(2*p.patience, mostPatience)", "p.patience = 0", loopTests},
	{pacing, "p.late = slices.Min(p.found)", "p.late = lateness", loopTests},
	{pacing, "p.before = p.gap() // the next may come sooner by a whole beat", "p.before = 0", loopTests},
	{pacing, "lateness = p.late // or less: it was not asked for any sooner", "_ = p.late", loopTests},
	{pacing, "p.early = p.missedAt.Sub(time.Unix(end, 0))", "p.early = p.late", loopTests},
	{pacing, "p.again = lateness < p.late+p.step && !stopped", "p.again = true", loopTests},
	{pacing, "case p.tries > 0 && !p.again:", "case p.tries < 0:", loopTests},
	{pacing, "case p.catching:", "case p.catching && p.tries > 0:", loopTests},
	{pacing, "p.catching = step > want && !p.coarse", "p.catching = step > want", loopTests},
	{pacing, "due = next.Add(p.late + dither)", "due = next.Add(p.late)", loopTests},
	{pacing, "return min(max(due.Sub(now), p.gap()/2), p.step+dither)", "return min(due.Sub(now), p.step+dither)", loopTests},
	{pacing, "return min(max(due.Sub(now), p.gap()/2), p.step+dither)", "return max(due.Sub(now), p.gap()/2)", loopTests},
	{pacing, "p.newest += d", "p.newest -= d", loopTests},
	{pacing, "p.missed, p.missedAt, p.tries, p.before = true, p.asked, 1, 0", "p.before = 0", loopTests},
	{pacing, "func (p *pace) between() bool { return p.again || p.catching }", "func (p *pace) between() bool { return false }", loopTests},

	// Time without a known value.
	{trigger, "const UnknownLimit = 600", "const UnknownLimit = 660", triggerTests},
	{trigger, "const UnknownLimit = 600", "const UnknownLimit = 540", triggerTests},
	{trigger, "if t.KnownAt == 0 {", "if t.KnownAt == 0 && s.Known {", triggerTests},
	{trigger, "t.KnownAt = s.From", "t.KnownAt = s.T", triggerTests},
	{trigger, "dark := s.T - t.KnownAt", "dark := s.From - t.KnownAt", triggerTests},
	{trigger, "dark = s.From - t.KnownAt", "dark = s.T - t.KnownAt", triggerTests},
	{trigger, "out = t.darken(tm, dark, s.Absent, out)", "out = t.darken(tm, dark, false, out)", triggerTests},
	{trigger, "out = t.darken(tm, dark, s.Absent, out)", "out = t.darken(tm, dark, true, out)", triggerTests},
	{trigger, "if !s.Known {", "if s.Known && !s.Known {", triggerTests},
	{trigger, "t.KnownAt, t.Value, t.EverKnown = s.T, s.Value, true", "t.KnownAt, t.Value, t.EverKnown = s.From, s.Value, true", triggerTests},
	{trigger, "t.KnownAt, t.Value, t.EverKnown = s.T, s.Value, true", "t.KnownAt, t.Value, t.EverKnown = s.T, 0, true", triggerTests},
	{trigger, "t.KnownAt, t.Value, t.EverKnown = s.T, s.Value, true", "t.KnownAt, t.Value, t.EverKnown = s.T, s.Value, false", triggerTests},
	{trigger, "if dark < max(UnknownLimit, tm.Period) {", "if dark <= max(UnknownLimit, tm.Period) {", triggerTests},
	{trigger, "if dark < max(UnknownLimit, tm.Period) {", "if dark < min(UnknownLimit, tm.Period) {", triggerTests},
	{trigger, "if dark < max(UnknownLimit, tm.Period) {", "if dark < UnknownLimit {", triggerTests},
	{trigger, "case Pending:", "case Pending, NoData:", triggerTests},
	{trigger, "case Firing, Clearing:", "case Firing:", triggerTests},
	{trigger, "if tm.NoData <= 0 && !absent {", "if tm.NoData <= 0 {", triggerTests},
	{trigger, "if tm.NoData <= 0 && !absent {", "if !absent {", triggerTests},
	{trigger, "out = append(out, Transition{Kind: KindCleared, Severity: t.Severity, Reason: ReasonUnknown})", "out = append(out, Transition{Kind: KindCleared, Severity: t.Severity, Reason: ReasonLevel})", triggerTests},
	{trigger, "out = append(out, Transition{Kind: KindCleared, Severity: t.Severity, Reason: ReasonUnknown})", "out = append(out, Transition{Kind: KindCleared, Severity: Critical, Reason: ReasonUnknown})", triggerTests},

	// The nodata period.
	{trigger, "if tm.NoData > 0 && dark >= tm.NoData && t.State != NoData {", "if tm.NoData > 0 && dark > tm.NoData && t.State != NoData {", triggerTests},
	{trigger, "if tm.NoData > 0 && dark >= tm.NoData && t.State != NoData {", "if tm.NoData > 0 && dark >= tm.NoData {", triggerTests},
	{trigger, "if tm.NoData > 0 && dark >= tm.NoData && t.State != NoData {", "if dark >= tm.NoData && t.State != NoData {", triggerTests},
	{trigger, "if tm.NoData > 0 && dark >= tm.NoData && t.State != NoData {", "if tm.NoData > 0 && dark >= max(UnknownLimit, tm.NoData) && t.State != NoData {", triggerTests},
	{trigger, "t.State = NoData", "t.State = Inactive", triggerTests},
	{trigger, "if t.State == NoData {", "if t.State == Inactive {", triggerTests},
	{trigger, "return append(out, Transition{Kind: KindNoData})", "return append(out, Transition{Kind: KindCleared})", triggerTests},
	{trigger, "return append(out, Transition{Kind: KindCleared, Reason: ReasonLevel})", "return append(out, Transition{Kind: KindCleared, Reason: ReasonUnknown})", triggerTests},

	// From good to firing.
	{trigger, "if t.State == Firing || t.State == Clearing {", "if t.State == Firing {", triggerTests},
	{trigger, "if t.State == Firing || t.State == Clearing {", "if t.State == Clearing {", triggerTests},
	{trigger, "if t.State != Pending {", "if t.State == Pending {", triggerTests},
	{trigger, "t.State, t.Since = Pending, s.T", "t.State, t.Since = Pending, s.From", triggerTests},
	{trigger, "t.State, t.Since = Pending, s.T", "t.State, t.Since = Firing, s.T", triggerTests},
	{trigger, "case s.Grade == BadCritical && t.WorstFor >= tm.Period:", "case s.Grade == BadCritical && t.WorstFor > tm.Period:", triggerTests},
	{trigger, "case s.Grade == BadCritical && t.WorstFor >= tm.Period:", "case s.Grade == BadCritical && t.BadFor >= tm.Period:", triggerTests},
	{trigger, "case s.Grade == BadCritical && t.WorstFor >= tm.Period:", "case t.WorstFor >= tm.Period:", triggerTests},
	{trigger, "return t.raise(tm, s.T, Warning, out)", "return t.raise(tm, s.T, Critical, out)", triggerTests},
	{trigger, "t.BadFor += s.Span", "t.BadFor = s.Span", triggerTests},
	{trigger, "t.BadFor += s.Span", "t.BadFor += 60", triggerTests},
	{trigger, "t.BadFor += s.Span", "t.BadFor += s.T - s.From", triggerTests},
	{trigger, "if s.Grade == BadCritical {", "if s.Grade >= BadWarning {", triggerTests},
	{trigger, "if s.Grade == BadCritical {", "if s.Grade >= BadFalling {", triggerTests},
	{trigger, "t.WorstFor += s.Span", "t.WorstFor = s.Span", triggerTests},
	{trigger, "t.WorstFor = 0", "t.WorstFor += 0", triggerTests},

	// The clear period.
	{trigger, "if s.Grade == Fine {", "if s.Grade <= Lingering {", triggerTests},
	{trigger, "t.State, t.BadFor, t.WorstFor = Clearing, 0, 0", "t.State, t.BadFor, t.WorstFor = Clearing, t.BadFor, 0", triggerTests},
	{trigger, "t.State, t.BadFor, t.WorstFor = Clearing, 0, 0", "t.State, t.BadFor, t.WorstFor = Clearing, 0, t.WorstFor", triggerTests},
	{trigger, "t.State, t.BadFor, t.WorstFor = Clearing, 0, 0", "t.State, t.BadFor, t.WorstFor = Firing, 0, 0", triggerTests},
	{trigger, "t.FineFor += s.Span", "t.FineFor = s.Span", triggerTests},
	{trigger, "if t.FineFor < tm.Clear {", "if t.FineFor <= tm.Clear {", triggerTests},
	{trigger, "out = append(out, Transition{Kind: KindCleared, Severity: t.Severity, Reason: ReasonLevel})", "out = append(out, Transition{Kind: KindCleared, Severity: t.Severity, Reason: ReasonUnknown})", triggerTests},
	{trigger, "out = append(out, Transition{Kind: KindCleared, Severity: t.Severity, Reason: ReasonLevel})", "out = append(out, Transition{Kind: KindCleared, Severity: Critical, Reason: ReasonLevel})", triggerTests},
	{trigger, "t.State, t.FineFor = Firing, 0", "t.State, t.FineFor = Firing, t.FineFor", triggerTests},
	{trigger, "t.State, t.FineFor = Firing, 0", "t.State, t.FineFor = t.State, 0", triggerTests},

	// Severity: the fall to warning, and the rise to critical.
	{trigger, "if tm.HasWarning && s.Grade <= BadWarning {", "if s.Grade <= BadWarning {", triggerTests},
	{trigger, "if tm.HasWarning && s.Grade <= BadWarning {", "if tm.HasWarning && s.Grade < BadWarning {", triggerTests},
	{trigger, "if tm.HasWarning && s.Grade <= BadWarning {", "if tm.HasWarning && s.Grade <= BadFalling {", triggerTests},
	{trigger, "if t.FallFor += s.Span; t.FallFor >= tm.Clear {", "if t.FallFor += s.Span; t.FallFor > tm.Clear {", triggerTests},
	{trigger, "if t.FallFor += s.Span; t.FallFor >= tm.Clear {", "if t.FallFor = s.Span; t.FallFor >= tm.Clear {", triggerTests},
	{trigger, "t.Severity = Warning", "t.Severity = Critical", triggerTests},
	{trigger, "t.FallFor = 0", "t.FallFor += 0", triggerTests},
	{trigger, "case t.Severity == Warning && s.Grade == BadCritical && t.WorstFor >= tm.Period:", "case s.Grade == BadCritical && t.WorstFor >= tm.Period:", triggerTests},
	{trigger, "case t.Severity == Warning && s.Grade == BadCritical && t.WorstFor >= tm.Period:", "case t.Severity == Warning && s.Grade == BadCritical && t.WorstFor > tm.Period:", triggerTests},
	{trigger, "case t.Severity == Warning && s.Grade == BadCritical && t.WorstFor >= tm.Period:", "case t.Severity == Warning && s.Grade == BadCritical:", triggerTests},

	// Repeats, and what inhibit does to them and to raises.
	{trigger, "t.BadFor = 0", "t.BadFor -= tm.Period", triggerTests},
	{trigger, "t.BadFor = 0", "t.BadFor += 0", triggerTests},
	{trigger, "if !t.inhibited(tm, s.T) {", "if tm.Inhibit >= 0 || !t.inhibited(tm, s.T) {", triggerTests},
	{trigger, "t.announced(s.T)", "t.announced(t.Since)", triggerTests},
	{trigger, "out = append(out, Transition{Kind: KindRepeated, Severity: t.Severity})", "out = append(out, Transition{Kind: KindRepeated, Severity: Critical})", triggerTests},
	{trigger, "t.State, t.Severity, t.BadFor, t.FallFor = Firing, severity, 0, 0", "t.State, t.Severity, t.BadFor, t.FallFor = Firing, severity, t.BadFor, 0", triggerTests},
	{trigger, "t.State, t.Severity, t.BadFor, t.FallFor = Firing, severity, 0, 0", "t.State, t.Severity, t.BadFor, t.FallFor = Pending, severity, 0, 0", triggerTests},
	{trigger, "if !held {", "if held {", triggerTests},
	{trigger, "return append(out, Transition{Kind: KindRaised, Severity: severity, Inhibited: held})", "return append(out, Transition{Kind: KindRaised, Severity: severity})", triggerTests},
	{trigger, "last := t.RaisedAt", "last := t.AlarmedAt", triggerTests},
	{trigger, "last = t.AlarmedAt", "last = t.RaisedAt", triggerTests},
	{trigger, "return last != 0 && now-last < tm.Inhibit", "return last != 0 && now-last <= tm.Inhibit", triggerTests},
	{trigger, "return last != 0 && now-last < tm.Inhibit", "return now-last < tm.Inhibit", triggerTests},
	{trigger, "t.RaisedAt = now", "t.RaisedAt = t.Since", triggerTests},
	{trigger, "t.AlarmedAt = now", "t.AlarmedAt = t.Since", triggerTests},

	// The end for another reason, and what a new beginning keeps.
	{trigger, "case Firing, Clearing, NoData:", "case Firing, Clearing:", triggerTests},
	{trigger, "case Firing, Clearing, NoData:", "case Firing, NoData:", triggerTests},
	{trigger, "out = append(out, Transition{Kind: KindCleared, Severity: t.Severity, Reason: reason})", "out = append(out, Transition{Kind: KindCleared, Severity: Critical, Reason: reason})", triggerTests},
	{trigger, "out = append(out, Transition{Kind: KindCleared, Severity: t.Severity, Reason: reason})", "out = append(out, Transition{Kind: KindCleared, Severity: t.Severity, Reason: ReasonLevel})", triggerTests},
	{trigger, `t.State, t.Severity, t.Since = Inactive, "", 0`, `t.State, t.Severity, t.Since = t.State, "", 0`, triggerTests},
	{trigger, `t.State, t.Severity, t.Since = Inactive, "", 0`, "t.State, t.Severity, t.Since = Inactive, t.Severity, 0", triggerTests},
	{trigger, `t.State, t.Severity, t.Since = Inactive, "", 0`, `t.State, t.Severity, t.Since = Inactive, "", t.Since`, triggerTests},
	{trigger, `t.State, t.Severity, t.Since = Inactive, "", 0`, `t.State, t.Severity, t.Since, t.RaisedAt = Inactive, "", 0, 0`, triggerTests},
	{trigger, "t.BadFor, t.WorstFor, t.FineFor, t.FallFor = 0, 0, 0, 0", "t.BadFor, t.WorstFor, t.FineFor, t.FallFor = t.BadFor, 0, 0, 0", triggerTests},
	{trigger, "t.BadFor, t.WorstFor, t.FineFor, t.FallFor = 0, 0, 0, 0", "t.BadFor, t.WorstFor, t.FineFor, t.FallFor = 0, t.WorstFor, 0, 0", triggerTests},
	{trigger, "t.BadFor, t.WorstFor, t.FineFor, t.FallFor = 0, 0, 0, 0", "t.BadFor, t.WorstFor, t.FineFor, t.FallFor = 0, 0, t.FineFor, 0", triggerTests},

	// A clock that was set.
	{trigger, "for _, at := range []*int64{&t.Since, &t.RaisedAt, &t.AlarmedAt, &t.KnownAt} {", "for _, at := range []*int64{&t.RaisedAt, &t.AlarmedAt, &t.KnownAt} {", triggerTests},
	{trigger, "for _, at := range []*int64{&t.Since, &t.RaisedAt, &t.AlarmedAt, &t.KnownAt} {", "for _, at := range []*int64{&t.Since, &t.AlarmedAt, &t.KnownAt} {", triggerTests},
	{trigger, "for _, at := range []*int64{&t.Since, &t.RaisedAt, &t.AlarmedAt, &t.KnownAt} {", "for _, at := range []*int64{&t.Since, &t.RaisedAt, &t.KnownAt} {", triggerTests},
	{trigger, "for _, at := range []*int64{&t.Since, &t.RaisedAt, &t.AlarmedAt, &t.KnownAt} {", "for _, at := range []*int64{&t.Since, &t.RaisedAt, &t.AlarmedAt} {", triggerTests},
	{trigger, "if *at != 0 {", "if *at >= 0 {", triggerTests},
	{trigger, "*at += d", "*at -= d", triggerTests},

	// What is known of a variable's columns.
	{fold, "if f == config.SRUsage {", "if f != config.SRUsage {", foldTests},
	{fold, "sum, highest, n := 0.0, math.Inf(-1), 0", "sum, highest, n := 0.0, 0.0, 0", foldTests},
	{fold, "sum, highest, n := 0.0, math.Inf(-1), 0", "sum, highest, n := 1.0, math.Inf(-1), 0", foldTests},
	{fold, "v := values[c]", "v := values[min(c, 0)]", foldTests},
	{fold, "sum += v", "sum = v", foldTests},
	{fold, "highest = max(highest, v)", "highest = min(highest, v)", foldTests},
	{fold, "highest = max(highest, v)", "highest = v", foldTests},
	{fold, "n++", "n = 1", foldTests},
	{fold, "n++", "n += 2", foldTests},

	// How they become one value.
	{fold, "case n == 0:", "case n < 0:", foldTests},
	{fold, "case n == 0:", "case n < len(columns):", foldTests},
	{fold, "case f == config.Max:", "case f == config.Sum:", foldTests},
	{fold, "case f == config.Average:", "case f == config.Sum:", foldTests},
	{fold, "return finite(sum / float64(n))", "return finite(sum / float64(len(columns)))", foldTests},
	{fold, "return highest", "return sum", foldTests},
	{fold, "return finite(sum / float64(n))", "return sum / float64(n)", foldTests},
	{fold, "return finite(sum)", "return sum", foldTests},

	// An SR's usage.
	{fold, "if len(columns) != 2 {", "if len(columns) > 2 {", foldTests},
	{fold, "used, size := values[columns[0]], values[columns[1]]", "size, used := values[columns[0]], values[columns[1]]", foldTests},
	{fold, "if !known(used) || !known(size) || size <= 0 {", "if !known(used) && !known(size) || size <= 0 {", foldTests},
	{fold, "if !known(used) || !known(size) || size <= 0 {", "if !known(used) || !known(size) || size == 0 {", foldTests},
	{fold, "return finite(used / size)", "return finite(size / used)", foldTests},

	// What a known value is.
	{fold, "func known(v float64) bool { return v-v == 0 }", "func known(v float64) bool { return v-v == 0 || v > 0 }", foldTests},
	{fold, "func known(v float64) bool { return v-v == 0 }", "func known(v float64) bool { return v == v }", foldTests},
	{fold, "func known(v float64) bool { return v-v == 0 }", "func known(v float64) bool { return v-v == 0 || v != v }", foldTests},
	{fold, "func known(v float64) bool { return v-v == 0 }", "func known(v float64) bool { return v > 0 }", foldTests},

	// The fold that is made ready.
	{gather, "g.from, g.to = int32(first), int32(first+n)", "g.from, g.to = int32(first), int32(first+n-1)", foldTests},
	{gather, "if v.columns[n-1] != first+n-1 { // they rise", "if v.columns[n-1] < first+n-1 {", foldTests},
	{gather, "case g.fold > config.Average: // few", "case g.fold > config.Max:", foldTests},
	{gather, "v /= float64(g.to - g.from)", "v /= float64(g.to)", foldTests},
	{gather, "if g.fold == config.Average {", "if g.fold != config.Average {", foldTests},
	{gather, "if !known(v) {", "if v != v {", foldTests},
	{gather, "marked[i] = marked[i] || !(v*g.sign <= g.limit)", "marked[i] = !(v*g.sign <= g.limit)", foldTests},
	{gather, "marked[i] = marked[i] || !(v*g.sign <= g.limit)", "marked[i] = marked[i] || v*g.sign > g.limit", foldTests},
	{gather, "} else if v*g.sign > g.limit {", "} else if v*g.sign >= g.limit {", foldTests},
	{gather, "} else if v*g.sign > g.limit {", "} else if v > g.limit {", foldTests},
	{folded, "if at != f.blockAt || rows > f.blockRows {", "if at != f.blockAt {", foldTests},
	{folded, "if at != f.blockAt || rows > f.blockRows {", "if rows > f.blockRows {", foldTests},
	{folded, "return f.block[i*f.blockRows : (i+1)*f.blockRows]", "return f.block[i*rows : (i+1)*rows]", foldTests},
	{folded, "n := min(blockWidth, f.width-at)", "n := min(blockWidth, f.width-at) - 1", foldTests},

	// Which rows are evaluated, and for how long one stands.
	{anchor, "case !a.hasLast:", "case a.hasLast:", loopTests},
	{anchor, "case t <= a.last:", "case t < a.last:", loopTests},
	{anchor, "case a.whole:", "case !a.whole:", loopTests},
	{anchor, "return min(step, t-a.last), true", "return max(step, t-a.last), true", loopTests},
	{anchor, "a.hasLast, a.last, a.whole = true, t, false", "a.hasLast, a.last, a.whole = true, t, a.whole", loopTests},
	{anchor, "a.start = max(a.start, t+1)", "a.start = max(a.start, t)", loopTests},
	{anchor, "a.start = max(a.start, t+1)", "a.start = t + 1", loopTests},

	// A source that goes back, and rows that are given up.
	{anchor, "if !a.hasLast || end >= a.last && end >= a.start-1-giveUpWindow {", "if !a.hasLast || end > a.last && end >= a.start-1-giveUpWindow {", loopTests},
	{anchor, "if !a.hasLast || end >= a.last && end >= a.start-1-giveUpWindow {", "if !a.hasLast || end >= a.last {", loopTests},
	{anchor, "if a.behind < backLimit || now-a.since < time.Duration(step)*time.Second {", "if a.behind < backLimit {", loopTests},
	{anchor, "backLimit    = 2   // answers that end before the last row, before they are believed", "backLimit    = 3", loopTests},
	{anchor, "shift = end - a.last", "shift = a.last - end", loopTests},
	{anchor, "a.last, a.start, a.whole = end-1, end, true", "a.last, a.start, a.whole = end, end, true", loopTests},
	{anchor, "a.last, a.start, a.whole = end-1, end, true", "a.last, a.start, a.whole = end-1, end, false", loopTests},
	{anchor, "if a.broken < brokenLimit {", "if a.broken <= brokenLimit {", loopTests},
	{anchor, "if from := now - giveUpWindow; from > a.start {", "if from := now - giveUpWindow; from < a.start {", loopTests},
	{anchor, "lost = from - a.start", "lost = now - a.start", loopTests},
	{anchor, "a.last += d", "a.last -= d", loopTests},

	// What an earlier run left.
	{keep, "t.KnownAt = max(t.KnownAt, m.anchor.last)", "t.KnownAt = min(t.KnownAt, m.anchor.last)", loopTests},
	{keep, "v.known, v.value = true, t.Value // so that a row without a value is a change, and kept", "v.known, v.value = false, t.Value", loopTests},
	{keep, "v.trig, v.sequence, v.stored = t, kept.Sequence, true", "v.trig, v.sequence, v.stored = t, 0, true", loopTests},
	{keep, "if kept.Rule != ruleOf(v.conf) {", "if kept.Rule == ruleOf(v.conf) {", loopTests},
	{keep, "case facts.Resident:", "case !facts.Resident:", loopTests},
	{keep, "if len(m.saved) == 0 || newest-m.savedLast <= alarm.UnknownLimit || m.inv == nil {", "if len(m.saved) == 0 || newest-m.savedLast < alarm.UnknownLimit || m.inv == nil {", loopTests},
	{keep, "t, _, err := alarm.LoadTrigger(saved)", "t, _, err := alarm.LoadTrigger(nil)", loopTests},
	{keep, "c.HasLast, c.Last = true, m.anchor.last", "c.HasLast, c.Last = true, m.anchor.start", loopTests},
	{keep, "c.Sequence = m.sequence", "c.Sequence = 0", loopTests},

	// What is made of a transition, and announcements.
	{say, "m.sequence++", "m.sequence += 0", loopTests},
	{say, "v.sequence = m.sequence", "m.sequence += 0*v.sequence", loopTests},
	{say, "e.Kind, e.Severity, e.Inhibited, e.Reason = t.Kind, t.Severity, t.Inhibited, t.Reason", "e.Kind, e.Severity, e.Inhibited, e.Reason = t.Kind, e.Severity, t.Inhibited, t.Reason", loopTests},
	{say, "if now-m.announcedAt < announceEvery && now >= m.announcedAt {", "if now-m.announcedAt <= announceEvery && now >= m.announcedAt {", loopTests},
	{say, "if now-m.announcedAt < announceEvery && now >= m.announcedAt {", "if now-m.announcedAt < announceEvery {", loopTests},
	{say, "if !v.fires() && v.trig.State != alarm.NoData {", "if v.trig.State != alarm.Firing && v.trig.State != alarm.NoData {", loopTests},
	{say, "if !v.fires() && v.trig.State != alarm.NoData {", "if !v.fires() {", loopTests},
	{say, "e.Kind, e.Announce = alarm.KindState, now", "e.Kind, e.Announce = alarm.KindState, 0", loopTests},
	{say, "if !m.anchor.hasLast || v.matched.fromReading {", "if !m.anchor.hasLast {", loopTests},

	// What those know whom silences hold back.
	{heard, "h.Owed = h.Owed || !t.Inhibited", "h.Owed = h.Owed || t.Inhibited", heardTests},
	{heard, "h.Owed = h.Owed || !t.Inhibited", "h.Owed = false", heardTests},
	{heard, "h.Severity, h.NoData = said.Severity, false", "h.Severity, h.NoData = Critical, false", heardTests},
	{heard, "h.Severity, h.NoData = said.Severity, false", "h.Severity, h.NoData = said.Severity, h.NoData", heardTests},
	{heard, "h.RaisedAt = at", "h.RaisedAt = h.AlarmedAt", heardTests},
	{heard, "h.AlarmedAt = at", "h.AlarmedAt = h.RaisedAt - 1", heardTests},
	{heard, `h.Severity, h.NoData = "", true`, `h.Severity, h.NoData = h.Severity, true`, heardTests},
	{heard, `h.Severity, h.NoData, h.Owed = "", false, false`, `h.Severity, h.NoData, h.Owed = h.Severity, false, false`, heardTests},
	{heard, `h.Severity, h.NoData = "", false`, `h.Severity, h.NoData = "", h.NoData`, heardTests},
	{heard, "return h.Severity == t.Severity || h.Severity == Critical", "return h.Severity == t.Severity", heardTests},
	{heard, "return h.Severity == t.Severity || h.Severity == Critical", `return h.Severity != ""`, heardTests},
	{heard, "return h.NoData", "return true", heardTests},
	{heard, `return h.Severity == ""`, "return true", heardTests},
	{heard, "t.RaisedAt, t.AlarmedAt = h.RaisedAt, h.AlarmedAt", "t.RaisedAt = h.RaisedAt", heardTests},
	{heard, "if said[i].Kind == KindRepeated && !h.Knows(t) {", "if said[i].Kind == KindRepeated && h.Owed {", heardTests},
	{heard, "owed := h.Owed && h.RaisedAt < t.Since", "owed := h.Owed", heardTests},
	{heard, "owed := h.Owed && h.RaisedAt < t.Since", "owed := h.RaisedAt < t.Since", heardTests},
	{heard, "if !late.Inhibited {", "if late.Inhibited {", heardTests},
	{heard, "late = Transition{Kind: KindRaised, Severity: t.Severity, Inhibited: t.inhibited(tm, at)}", "late = Transition{Kind: KindRaised, Severity: t.Severity}", heardTests},
	{heard, "owed := h.Owed && h.RaisedAt < t.Since", "owed := h.Owed && h.RaisedAt <= t.Since", heardTests},
	{heard, "for _, at := range []*int64{&h.RaisedAt, &h.AlarmedAt} {", "for _, at := range []*int64{&h.RaisedAt} {", heardTests},

	// What objects inherit.
	{layers, `if text := m.savedConfigs[l.key]; text != "" {`, `if text := ""; text != "" {`, loopTests},
	{layers, "l.defaults = config.MergeDefaults(l.defaults, next)", "l.defaults = next", loopTests},
	{layers, "if l.parsed && l.Text == text {", "if l.parsed && l.Text == text && false {", loopTests},
	{layers, "if text, known := inv.Files[class]; known {", "if text := inv.Files[class]; true {", loopTests},
	{layers, "m.keepGood(l.key, text, problems)", "", loopTests},
	{layers, "if m.opts.Legacy {", "if false {", loopTests},
	{layers, `if strings.TrimSpace(text) == "" {`, `if strings.TrimSpace(text) == "no" {`, loopTests},
	{inherit, "if o.effective != nil && o.file == file && o.pool == pool && o.dom0 == dom0 && slices.Equal(o.tags, tags) {", "if o.effective != nil && o.file == file && o.pool == pool && o.dom0 == dom0 && slices.Equal(tags, tags) {", loopTests},
	{inherit, "if o.effective != nil && o.file == file && o.pool == pool && o.dom0 == dom0 && slices.Equal(o.tags, tags) {", "if o.effective != nil && o.file == file && o.dom0 == dom0 && slices.Equal(o.tags, tags) {", loopTests},
	{inherit, "if o.effective != nil && o.file == file && o.pool == pool && o.dom0 == dom0 && slices.Equal(o.tags, tags) {", "if o.effective != nil && o.pool == pool && o.dom0 == dom0 && slices.Equal(o.tags, tags) {", loopTests},
	{inherit, "if o.effective != nil && o.file == file && o.pool == pool && o.dom0 == dom0 && slices.Equal(o.tags, tags) {", "if o.effective != nil && o.file == file && o.pool == pool && slices.Equal(o.tags, tags) {", loopTests},
	{inherit, "if o.Class == rrd.ClassVM && !o.dom0 {", "if false {", loopTests},
	{inherit, "o.secondary = nil", "", loopTests},
	{inherit, "m.reportLost(o, text)", "", loopTests},

	// How long a silence is in force, and what it is about.
	{silence, "return now < s.Ends || s.Created <= at && at < s.Ends", "return now <= s.Ends || s.Created <= at && at < s.Ends", heardTests},
	{silence, "return now < s.Ends || s.Created <= at && at < s.Ends", "return now < s.Ends || at < s.Ends", heardTests},
	{silence, "return len(s.Matchers) > 0", "return true", heardTests},

	// What the loop holds back, and whom it tells when it is over.
	{say, "v.heard.Hold(said)", "said = v.heard.CatchUp(&v.trig, timingOf(v.conf), at, said)", loopTests},
	{say, `e.Silenced = by != ""`, `e.Silenced = by == ""`, loopTests},
	{say, `e.Silenced = m.heldNow(o, v) != ""`, "e.Silenced = false", loopTests},
	{say, "m.followContention(v, at)", "m.followContention(v, 0)", loopTests},
	{keep, "v.heard = kept.Heard", "v.heard = alarm.HeardOf(&t)", loopTests},
	{evaluate, "v.heard.Rewind(&v.trig)", "_ = v", loopTests},
	{evaluate, "begun := before.KnownAt == 0 // since when it may be unknown", "begun := false", loopTests},
	{evaluate, "return v.known && v.trig.Calm(timingOf(v.conf)) && !v.behind()", "return v.trig.Calm(timingOf(v.conf)) && !v.behind()", loopTests},
	{evaluate, "return v.known && v.trig.Calm(timingOf(v.conf)) && !v.behind()", "return v.known && !v.behind()", loopTests},
	{evaluate, "case v.calm() && !f.marked[v.place]:", "case v.calm():", loopTests},
	{evaluate, "case v.calm() && !f.marked[v.place]:", "case !f.marked[v.place]:", loopTests},
	{evaluate, "if n := v.goodRows(values[:k+1]); n > 0 && v.calm() {", "if n := v.goodRows(values[:k+1]); n > 0 {", loopTests},
	{evaluate, "v.pass(f.times[k+1-n:k+1], values[k+1-n:])", "v.pass(f.times[k+1-n:k+1], values)", loopTests},
	{evaluate, "v.pass(f.times[:first+1], f.of(v.place, recentRows))", "v.pass(f.times, f.of(v.place, recentRows))", loopTests},
	{evaluate, "for end > 0 && known(values[end-1]) && v.conf.Good(values[end-1]) {", "for end > 0 && known(values[end-1]) {", loopTests},
	{evaluate, "for end > 0 && known(values[end-1]) && v.conf.Good(values[end-1]) {", "for end > 0 && v.conf.Good(values[end-1]) {", loopTests},
	{evaluate, "k -= n - 1", "k -= n", loopTests},
	{evaluate, "v.trig.Pass(times[0], v.value)", "_ = times", loopTests},
	{evaluate, "v.trig.Pass(times[0], v.value)", "v.trig.Pass(times[len(times)-1], v.value)", loopTests},
	{evaluate, "m.beginContention()", "m.contended = nil", loopTests},
	{evaluate, "for _, o := range m.judgingOrder() {", "for _, o := range m.plan.order {", loopTests},
	{mute, `func (u mute) covers(row int64) bool { return u.reason != "" && (u.until == 0 || row < u.until) }`, `func (u mute) covers(row int64) bool { return u.reason != "" && (u.until == 0 || row <= u.until) }`, loopTests},
	{mute, "o.mute.until = wall.Unix() + muteGrace", "o.mute.until = wall.Unix()", loopTests},
	{mute, "o.mute.until = 0", "o.mute.until += 0", loopTests},
	{mute, "if o.Class == rrd.ClassVM && o.here() {", "if o.Class == rrd.ClassVM {", loopTests},
	{mute, "case !contends && i >= 0:", "case contends && i >= 0:", loopTests},
	{mute, "if o.here() && slices.ContainsFunc(o.vars, (*variable).behind) {", "if slices.ContainsFunc(o.vars, (*variable).behind) {", loopTests},
	{silences, "s.Ends, s.Created = now, min(s.Created, now)", "s.Ends, s.Created = now, s.Created", loopTests},
	{silences, "m.settle(now)", "m.endSilences(now)", loopTests},
	{silences, "return now >= s.Ends && (m.anchor.hasLast && m.anchor.last >= s.Ends || now >= s.Ends+lateRows)", "return now >= s.Ends", loopTests},
}
