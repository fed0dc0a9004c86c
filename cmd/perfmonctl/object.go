package main

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"perfmon/cmd/internal/verbs"
	"perfmon/monitor/config"
	"perfmon/xapi"
)

const objectHelp = `OBJECT is vm:, host: or sr: and the object's uuid, the beginning of its uuid or
its name; without the class, whichever has it. "host" alone is this host.`

var (
	wholeUUID = regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$`)
	partUUID  = regexp.MustCompile(`^[0-9a-f-]{4,}$`)
)

// sought is what a word says of an object.
type sought struct {
	classes []string // among which
	what    string   // a uuid, its beginning, or a name
	this    bool     // this host
}

// parseObject reads OBJECT.
func parseObject(word string) (sought, error) {
	class, what, ok := strings.Cut(word, ":")
	switch {
	case word == config.ClassHost:
		return sought{classes: []string{config.ClassHost}, this: true}, nil
	case word == "":
		return sought{}, errors.New("OBJECT is empty: want vm:, host: or sr: and a uuid or a name")
	case !ok || !slices.Contains(classes, class):
		return sought{classes: classes, what: word}, nil
	case what == "":
		return sought{}, fmt.Errorf("OBJECT %q names no object: want its uuid or its name behind the colon", word)
	}
	return sought{classes: []string{class}, what: what}, nil
}

// find asks the toolstack for the one object. Errors have their exit code, and
// way puts the way out into those of the toolstack.
func (s sought) find(ctx context.Context, c *xapi.Client, way func(error) error) (xapi.Object, error) {
	object, err := s.search(ctx, c)
	var coded *verbs.Error
	if err == nil || errors.As(err, &coded) {
		return object, err
	}
	return object, verbs.Failed(way(err))
}

func (s sought) search(ctx context.Context, c *xapi.Client) (xapi.Object, error) {
	if uuid := strings.ToLower(s.what); wholeUUID.MatchString(uuid) {
		return s.byUUID(ctx, c, uuid)
	}
	var matches []xapi.Object
	for _, class := range s.classes {
		list, err := c.Objects(ctx, class)
		if err != nil {
			return xapi.Object{}, err
		}
		for _, object := range list {
			if s.matches(object) {
				matches = append(matches, object)
			}
		}
	}
	switch len(matches) {
	case 0:
		return xapi.Object{}, verbs.Refused(fmt.Errorf("no %s has the name %q, and none a uuid that begins so; xe %s-list shows them", strings.Join(s.classes, " or "), s.what, s.classes[0]))
	case 1:
		return matches[0], nil
	}
	return xapi.Object{}, verbs.Refused(ambiguous(s.what, matches))
}

func (s sought) matches(o xapi.Object) bool {
	part := strings.ToLower(s.what)
	return o.Name == s.what || partUUID.MatchString(part) && strings.HasPrefix(o.UUID, part)
}

func (s sought) byUUID(ctx context.Context, c *xapi.Client, uuid string) (xapi.Object, error) {
	var missing error
	for _, class := range s.classes {
		object, err := c.Object(ctx, class, uuid)
		if !errors.Is(err, xapi.ErrNoObject) {
			return object, err
		}
		missing = errors.Join(missing, err)
	}
	if len(s.classes) > 1 {
		missing = fmt.Errorf("no %s has the uuid %s, or it is of a template or a snapshot", strings.Join(s.classes, " or "), uuid)
	}
	return xapi.Object{}, verbs.Refused(missing)
}

// maxListed bounds what is listed of objects that a word could mean.
const maxListed = 20

func ambiguous(what string, matches []xapi.Object) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%q can be %d objects; say which:", what, len(matches))
	for i, o := range matches {
		if i == maxListed {
			fmt.Fprintf(&b, "\n  and %d more", len(matches)-i)
			break
		}
		fmt.Fprintf(&b, "\n  %s:%s %q", o.Class, o.UUID, o.Name)
	}
	return errors.New(b.String())
}
