package alarm

// Refused wraps an error about one event that no further try can mend: the
// destination has understood it and will not have it. Any other error of a
// delivery is worth another try.
type Refused struct{ Err error }

func (r *Refused) Error() string { return "refused: " + r.Err.Error() }

// Unwrap returns the reason.
func (r *Refused) Unwrap() error { return r.Err }
