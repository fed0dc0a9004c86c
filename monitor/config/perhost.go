package config

import (
	"errors"
	"fmt"
)

// PerHostVariable is the variable that a host evaluates because the SR has v,
// its sr_io_throughput_total_per_host: the SR's throughput on that host, in
// MiB/s, under the name sr_io_throughput_total_ and the first eight digits of
// the SR's uuid. Its body names the SR:
//
//	<configured_on class="SR" uuid="12345678-aaaa-bbbb-cccc-ddddeeeeffff"/>
//
// It is in force on a host only while the host's own XML has no variable of
// that name. Its alarms belong to the host.
func PerHostVariable(srUUID string, v *Variable) (*Variable, error) {
	if !v.PerHost || v.element == nil {
		return nil, fmt.Errorf("variable %q is not an SR's %s", v.Name, perHostName)
	}
	name := perHostPrefix + srUUID[:min(8, len(srUUID))]
	if !srThroughput.MatchString(name) {
		return nil, fmt.Errorf("sr uuid %q does not begin with eight hexadecimal digits", srUUID)
	}
	element := v.element.Copy()
	nameElement := firstBelow(element, tagName)
	if nameElement == nil {
		return nil, errors.New("the variable has no <name>")
	}
	nameElement.CreateAttr("value", name)
	configuredOn := element.CreateElement(tagConfiguredOn)
	configuredOn.CreateAttr("class", "SR")
	configuredOn.CreateAttr("uuid", srUUID)

	host := *v
	host.Name = name
	host.PerHost = false
	host.element = nil
	host.xml = pretty(element)
	if !host.Fold.Reading() {
		// The toolstack never had these variables with patterns that match
		// anywhere, so this one is anchored always.
		host.Pattern = builtinOf(ClassHost, name, Options{}).pattern
	}
	return &host, nil
}
