package journal

import "iter"

// Notes are what a sink's driver has to know after a restart: values under
// keys of its own.
type Notes struct {
	journal *Journal
	sink    string
}

// Notes are those of a sink. They go with it.
func (j *Journal) Notes(sink string) *Notes { return &Notes{j, sink} }

// Get returns one of the notes. Nobody may change the bytes.
func (n *Notes) Get(key string) (value []byte, ok bool) { return n.journal.Value(notes(n.sink), key) }

// All are all notes, as they are when the loop begins, in no order. Nobody
// may change the bytes.
func (n *Notes) All() iter.Seq2[string, []byte] { return n.journal.Values(notes(n.sink)) }

// Put changes notes in one transaction, as Commit does; nil forgets one.
// Nobody may change the bytes afterwards.
func (n *Notes) Put(changes map[string][]byte) error {
	var b Batch
	for key, value := range changes {
		if value == nil {
			b.Delete(notes(n.sink), key)
		} else {
			b.Set(notes(n.sink), key, value)
		}
	}
	_, err := n.journal.Commit(&b)
	return err
}
