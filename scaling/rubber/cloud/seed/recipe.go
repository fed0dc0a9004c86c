package seed

import (
	"errors"
	"fmt"
	"slices"
)

// Recipe is what the machines of a profile are told.
type Recipe struct {
	Parts []Part // in their order; cloud-config of a later one has the last word
	Files []File // after the parts; these add to files that parts write
	Gzip  bool   // compress it: cloud-init understands that
	Limit int    // bytes that it may have; 0: DiskLimit
}

// Make is the user data of one machine: nothing if the recipe has nothing. The
// same arguments give the same bytes. The recipe stays as it is.
func (r *Recipe) Make(words Words, env map[string]string) ([]byte, error) {
	parts, files := slices.Clone(r.Parts), slices.Clone(r.Files)
	var errs []error
	fill := func(name string, content []byte) []byte {
		text, err := Fill(name, string(content), words, env)
		errs = append(errs, err)
		return []byte(text)
	}
	for n := range parts {
		name, err := partName(&parts[n], n+1)
		errs = append(errs, err)
		if parts[n].Fill {
			parts[n].Content = fill(name, parts[n].Content)
		}
	}
	for n := range files {
		if files[n].Fill {
			files[n].Content = fill(files[n].Path, files[n].Content)
		}
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	if len(files) > 0 {
		part, err := filesPart(files)
		if err != nil {
			return nil, err
		}
		if len(parts) == 0 { // nothing to merge with
			part = Part{Content: part.Content}
		}
		parts = append(parts, part)
	}
	if len(parts) == 0 {
		return nil, nil
	}
	data, err := message(parts)
	if err != nil {
		return nil, err
	}
	return r.within(data, parts)
}

// within compresses user data if that is wanted, and refuses what is too long.
func (r *Recipe) within(data []byte, parts []Part) ([]byte, error) {
	limit := r.Limit
	if limit == 0 {
		limit = DiskLimit
	}
	small, err := compress(data)
	if err != nil {
		return nil, err
	}
	if r.Gzip {
		data = small
	}
	if len(data) <= limit {
		return data, nil
	}
	longest := slices.MaxFunc(parts, func(a, b Part) int { return len(a.Content) - len(b.Content) })
	what := "compressed "
	out := "fetch something of it at boot instead"
	if !r.Gzip {
		what = ""
		if len(small) <= limit {
			out = fmt.Sprintf("write gzip: true, with which it has %d", len(small))
		}
	}
	return nil, fmt.Errorf("the %suser data has %d bytes and may have %d; its longest part, %q, has %d; %s", what, len(data), limit, longest.Name, len(longest.Content), out)
}
