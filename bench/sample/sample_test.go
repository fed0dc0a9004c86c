package sample

import "testing"

func TestSubjects(t *testing.T) {
	for _, s := range Subjects() {
		t.Run(s.Name, func(t *testing.T) {
			pass, err := s.sample()
			if err != nil {
				t.Fatal(err)
			}
			for range 2 {
				if err := pass(); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}
