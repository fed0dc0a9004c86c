package config

import "testing"

func TestXML(t *testing.T) {
	const text = `<config>
  <variable>

    <name value="cpu_usage"/>
    <!-- two
         lines -->
    <alarm_trigger_level value="0.5"/><alarm_labels value="a=&quot;b&quot;"/>
  </variable>
</config>`
	const want = `<variable>
	<name value="cpu_usage"/>
	<!-- two
         lines -->
	<alarm_trigger_level value="0.5"/>
	<alarm_labels value="a=&quot;b&quot;"/>
</variable>
`
	c, problems := Parse(ClassVM, text, Options{})
	if len(c.Variables) != 1 {
		t.Fatal(problems)
	}
	if got := c.Variables[0].XML(); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}
