package plan

// Make decides what to do now. It is a pure function: the same snapshot gives
// the same plan, and the snapshot stays as it was.
func Make(s *Snapshot) Plan {
	return Plan{Memory: s.Memory}
}
