package main

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"perfmon/xapi/xapitest"
)

// action is what a line does. It may have to be followed up later, by what
// after returns.
type action struct {
	do    func(sim *simulation) error
	after []followUp
}

type followUp struct {
	delay time.Duration
	text  string
	do    func(sim *simulation) error
}

var errWords = errors.New("see xapisim --help for how this line is written")

// parseAction reads the words after the time.
func parseAction(w []string, step int) (action, error) {
	p := &words{rest: w, step: step}
	a, err := p.action()
	if err == nil && p.err == nil && len(p.rest) > 0 {
		err = fmt.Errorf("unexpected %q", strings.Join(p.rest, " "))
	}
	return a, errors.Join(err, p.err)
}

// words are taken one by one; the first that is wrong or missing stays in
// err.
type words struct {
	rest []string
	step int
	err  error
}

func (p *words) next() string {
	if len(p.rest) == 0 {
		p.fail(errWords)
		return ""
	}
	w := p.rest[0]
	p.rest = p.rest[1:]
	return w
}

func (p *words) fail(err error) {
	if p.err == nil {
		p.err = err
	}
}

func (p *words) expect(word string) {
	if got := p.next(); got != word {
		p.fail(fmt.Errorf("%q expected, not %q", word, got))
	}
}

func (p *words) time() time.Duration {
	d, err := parseTime(p.next(), p.step)
	if err != nil {
		p.fail(err)
	}
	return d
}

func (p *words) number() float64 {
	word := p.next()
	f, err := strconv.ParseFloat(word, 64)
	if err != nil {
		p.fail(fmt.Errorf("%q is no number", word))
	}
	return f
}

// object reads "vm NAME", "sr NAME" or "host".
func (p *words) object() object {
	switch class := p.next(); class {
	case "host":
		return object{class: class}
	case "vm", "sr":
		return object{class: class, name: p.next()}
	default:
		p.fail(fmt.Errorf("vm, sr or host expected, not %q", class))
		return object{}
	}
}

// list reads "a,b", or "none".
func (p *words) list() []string {
	if word := p.next(); word != "none" {
		return strings.Split(word, ",")
	}
	return nil
}

func (p *words) vm() object {
	p.expect("vm")
	return object{class: "vm", name: p.next()}
}

func (p *words) action() (action, error) {
	switch verb := p.next(); verb {
	case "force":
		o, column, value := p.object(), p.next(), p.number()
		p.expect("for")
		d := p.time()
		return action{do: func(sim *simulation) error {
			return sim.force(o, column, value, d)
		}}, nil
	case "config":
		return p.config()
	case "defaults":
		p.expect("pool")
		text := strings.Join(p.rest, " ")
		if p.rest = nil; text == "" {
			p.fail(errWords)
		}
		return action{do: func(sim *simulation) error { return sim.defaults(text) }}, nil
	case "tags":
		o, tags := p.object(), p.list()
		return action{do: func(sim *simulation) error {
			return sim.change(o, func(uuid string) error { return sim.s.SetTags(o.class, uuid, tags...) })
		}}, nil
	case "operations":
		o, operations := p.object(), p.list()
		if o.class == "sr" {
			return action{}, errWords
		}
		return action{do: func(sim *simulation) error {
			return sim.change(o, func(uuid string) error { return sim.s.SetOperations(o.class, uuid, operations...) })
		}}, nil
	case "use":
		o, fraction := p.object(), p.number()
		if o.class != "sr" || math.IsNaN(fraction) || fraction < 0 || fraction > 1 {
			return action{}, errWords
		}
		return action{do: func(sim *simulation) error { return sim.use(o, fraction) }}, nil
	case "stop":
		o := p.vm()
		return action{do: func(sim *simulation) error {
			return sim.with(o, sim.s.StopVM)
		}}, nil
	case "start":
		o := p.vm()
		return action{do: func(sim *simulation) error {
			return sim.with(o, func(uuid string) { sim.s.StartVM(uuid, sim.o.seed) })
		}}, nil
	case "touch":
		o, n := p.object(), p.number()
		return action{do: func(sim *simulation) error {
			return sim.with(o, func(uuid string) {
				for range int(n) {
					sim.s.Touch(o.class, uuid)
				}
			})
		}}, nil
	case "rrdd":
		p.expect("down")
		p.expect("for")
		return action{do: func(sim *simulation) error { return sim.s.SetRRDD(false) }, after: []followUp{
			{p.time(), "rrdd is up again", func(sim *simulation) error { return sim.s.SetRRDD(true) }}}}, nil
	case "stall":
		p.expect("for")
		return action{do: func(sim *simulation) error { sim.s.StallRows(true); return nil }, after: []followUp{
			{p.time(), "rows go on", func(sim *simulation) error { sim.s.StallRows(false); return nil }}}}, nil
	case "restart":
		p.expect("down")
		down := p.time()
		p.expect("booting")
		return action{do: func(sim *simulation) error { return sim.s.StopToolstack() }, after: []followUp{
			{down, "the toolstack is booting", func(sim *simulation) error { return sim.s.StartToolstack(true) }},
			{down + p.time(), "the toolstack is up again", func(sim *simulation) error { sim.s.SetEmergency(); return nil }}}}, nil
	case "sessions":
		p.expect("end")
		return action{do: func(sim *simulation) error { sim.s.EndSessions(); return nil }}, nil
	case "events":
		p.expect("lost")
		return action{do: func(sim *simulation) error { sim.s.LoseEvents(); return nil }}, nil
	case "fault":
		return p.fault()
	case "faults":
		p.expect("clear")
		return action{do: func(sim *simulation) error { sim.s.ClearFaults(); return nil }}, nil
	default:
		return action{}, fmt.Errorf("unknown word %q", verb)
	}
}

// fault reads KIND REQUEST and settings.
func (p *words) fault() (action, error) {
	kind, request := p.next(), p.next()
	var f xapitest.Fault
	var ok bool
	if f.Kind, ok = xapitest.ParseFaultKind(kind); !ok {
		return action{}, fmt.Errorf("unknown kind of fault %q", kind)
	}
	if strings.HasPrefix(request, "/") {
		f.Path = request
	} else {
		f.Method = request
	}
	for len(p.rest) > 0 {
		word := p.next()
		key, value, _ := strings.Cut(word, "=")
		number := map[string]*int{"code": &f.Code, "at": &f.At, "count": &f.Count, "skip": &f.Skip}[key]
		switch {
		case number != nil:
			n, err := strconv.Atoi(value)
			if err != nil || n < 0 {
				return action{}, fmt.Errorf("%q is no number", word)
			}
			*number = n
		case key == "text":
			f.Text = value
		case key == "endpoint":
			f.Endpoint = xapitest.Endpoint(value)
		case key == "failure":
			f.Failure = strings.Split(value, ",")
		default:
			return action{}, fmt.Errorf("unknown setting %q", word)
		}
	}
	switch {
	case f.Kind == xapitest.RPCFailure && len(f.Failure) == 0:
		return action{}, errors.New("the fault failure needs failure=CODE")
	case f.Kind == xapitest.Status && f.Code < 400:
		return action{}, errors.New("the fault status needs code=N, 400 or more")
	}
	return action{do: func(sim *simulation) error { sim.s.Install(f); return nil }}, nil
}
