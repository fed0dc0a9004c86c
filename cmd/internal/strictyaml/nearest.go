package strictyaml

import "slices"

// DidYouMean is a fix that names the word nearest to one that is not known;
// "" if none is near.
func DidYouMean(word string, known []string) string {
	best, at := "", 1+max(2, len(word)/3)
	for _, k := range known {
		if d := distance(word, k); d < at && d < max(len(word), len(k)) {
			best, at = k, d
		}
	}
	if best == "" {
		return ""
	}
	return "did you mean " + best + "?"
}

// distance is the number of edits between two words: a letter put in, taken
// out or changed, or two neighbours swapped.
func distance(a, b string) int {
	if len(a) > 100 || len(b) > 100 {
		return max(len(a), len(b))
	}
	var before, above []int
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		before, above = above, slices.Clone(row)
		row[0] = i + 1
		for j := range len(b) {
			edit := above[j]
			if a[i] != b[j] {
				edit++
			}
			row[j+1] = min(edit, above[j+1]+1, row[j]+1)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				row[j+1] = min(row[j+1], before[j-1]+1)
			}
		}
	}
	return row[len(b)]
}
