// Package replay tries trigger rules before they are trusted. It has two
// halves: a small language of tests, in which series go in and alarms come out
// (Parse, Case.Run), and rules run over recorded history (History, Replay).
//
// Neither judges anything itself. Both drive the agent's own Monitor, with
// clocks and a source of their own, and note what it says.
//
// A file of tests, which docs/testing.md explains word by word:
//
//	class: vm
//	step: 60s
//	triggers:
//	  <config>
//	    <variable>
//	      <name value="cpu_usage"/>
//	      <alarm_trigger_level value="0.9"/>
//	      <alarm_trigger_period value="300"/>
//	    </variable>
//	  </config>
//
//	case: does one good row clear when alarm_clear_period is not set?
//	  series:
//	    cpu0: 0.2 0.95x5 0.2
//	  expect:
//	    5m  raised   cpu_usage 0.95
//	    7m  cleared  cpu_usage 0.2
package replay
