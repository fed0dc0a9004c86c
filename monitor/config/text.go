package config

import "strings"

// XML is the variable's element as an alarm's body has it, but for lines of
// blanks: indented with tabs, its comments included.
//
//	<variable>
//		<name value="cpu_usage"/>
//		<alarm_trigger_level value="0.5"/>
//	</variable>
func (v *Variable) XML() string {
	var b strings.Builder
	for line := range strings.Lines(v.xml) {
		if strings.TrimSpace(line) != "" {
			b.WriteString(line)
		}
	}
	return b.String()
}
