package xapi

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
)

// sampleEvents is a whole reply to event.from, with fields that are passed
// over.
const sampleEvents = `{"jsonrpc":"2.0","result":{
 "valid_ref_counts":{"vm":"2","host":1,"pbd":"0","task":"44"},
 "events":[
  {"id":"7","timestamp":"0.0","class":"vm","operation":"add","ref":"OpaqueRef:v","snapshot":{
    "uuid":"v","name_label":"web","name_description":"","power_state":"Running","resident_on":"OpaqueRef:h",
    "memory_target":"1073741824","is_a_template":false,"is_a_snapshot":false,"is_control_domain":false,
    "allowed_operations":["hard_shutdown","pause"],"other_config":{"perfmon":"<config/>","PERFMON":"<shouted/>","mac_seed":"x"}}},
  {"id":"8","timestamp":"0.0","class":"VM","operation":"add","ref":"OpaqueRef:t","snapshot":{"uuid":"t","is_a_template":true,"other_config":{}}},
  {"id":"9","timestamp":"0.0","class":"host","operation":"add","ref":"OpaqueRef:h","snapshot":{"uuid":"h","name_label":"one","enabled":true,"other_config":{}}},
  {"id":"10","timestamp":"0.0","class":"sr","operation":"mod","ref":"OpaqueRef:s","snapshot":{"uuid":"s","type":"nfs","content_type":"user",
    "shared":true,"physical_size":"1000","physical_utilisation":"-1","other_config":{}}},
  {"id":"11","timestamp":"0.0","class":"pbd","operation":"del","ref":"OpaqueRef:p"},
  {"id":"12","timestamp":"0.0","class":"pool","operation":"add","ref":"OpaqueRef:o","snapshot":{"uuid":"o","master":"OpaqueRef:h"}},
  {"id":"13","timestamp":"0.0","class":"task","operation":"add","ref":"OpaqueRef:k","snapshot":{"uuid":"k"}}],
 "token":"00000000000000081931,00000000000000000123"},"id":7}`

// decodeAll runs a reply through the decoder and the records.
func decodeAll(r io.Reader, to *records, limit int64) (got batch, problems []string, err error) {
	err = decodeReply(&replyReader{r: r, limit: limit}, 7, func(r *replyReader, dec *json.Decoder) (err error) {
		got, err = decodeEvents(r, dec, func(e *event) {
			if _, err := to.apply(e); err != nil {
				problems = append(problems, err.Error())
			}
		})
		return err
	})
	return got, problems, err
}

func TestDecodeEvents(t *testing.T) {
	want := newRecords()
	want.vms["OpaqueRef:v"] = vmRecord{UUID: "v", Name: "web", OtherConfig: otherConfig{perfmon: "<config/>"}, ResidentOn: "OpaqueRef:h", PowerState: "Running"}
	want.vms["OpaqueRef:t"] = vmRecord{Template: true}
	want.hosts["OpaqueRef:h"] = hostRecord{UUID: "h", Name: "one", Enabled: true}
	want.srs["OpaqueRef:s"] = srRecord{UUID: "s", Type: "nfs", ContentType: "user", Shared: true, PhysicalSize: 1000, PhysicalUtilisation: -1}
	want.pools["OpaqueRef:o"] = poolRecord{UUID: "o", Master: "OpaqueRef:h"}

	for _, r := range []io.Reader{strings.NewReader(sampleEvents), iotest.OneByteReader(strings.NewReader(sampleEvents))} {
		to := newRecords()
		to.pbds["OpaqueRef:p"] = pbdRecord{Host: "x"}
		got, problems, err := decodeAll(r, to, 1<<20)
		if err != nil || problems != nil {
			t.Fatal(err, problems)
		}
		if d := cmp.Diff(want, to, cmp.AllowUnexported(records{}, otherConfig{})); d != "" {
			t.Error(d)
		}
		if got.Token != "00000000000000081931,00000000000000000123" {
			t.Errorf("token %q", got.Token)
		}
		if !to.agree(got.Counts) {
			t.Errorf("counts %v do not agree", got.Counts)
		}
	}
}

func TestApply(t *testing.T) {
	r := newRecords()
	f := func(operation, snapshot string, wantChanged bool, wantConfig string) {
		t.Helper()
		changed, err := r.apply(&event{Class: "vm", Operation: operation, Ref: "V", Snapshot: json.RawMessage(snapshot)})
		if err != nil {
			t.Error(err)
		}
		if changed != wantChanged {
			t.Errorf("%s %s: changed %v", operation, snapshot, changed)
		}
		if got := r.vms["V"].OtherConfig.perfmon; got != wantConfig {
			t.Errorf("%s %s: config %q, want %q", operation, snapshot, got, wantConfig)
		}
	}
	f("add", `{"uuid":"v","other_config":{"perfmon":"a"}}`, true, "a")
	f("mod", `{"uuid":"v","other_config":{"perfmon":"a","x":"y"},"allowed_operations":["start"]}`, false, "a")
	f("mod", `{"uuid":"v","other_config":{"perfmon":"b"}}`, true, "b")
	f("mod", ``, false, "b")
	f("mod", `null`, false, "b")
	f("mod", `{"uuid":"v","other_config":{"Perfmon":"c"}}`, true, "")
	f("mod", `{"uuid":"v","other_config":null}`, false, "")
	f("mod", `{"uuid":"v","other_config":{},"tags":["b","a"]}`, true, "")
	f("mod", `{"uuid":"v","tags":["a","b","a"]}`, false, "")
	f("mod", `{"uuid":"v","tags":["a","b"],"current_operations":{"OpaqueRef:1":"pool_migrate"}}`, true, "")
	f("mod", `{"uuid":"v","tags":["a","b"],"current_operations":{"OpaqueRef:2":"pool_migrate"}}`, false, "")
	f("mod", `{"uuid":"v","tags":[],"current_operations":{}}`, true, "")
	f("mod", `{"uuid":"v","tags":null,"current_operations":null}`, false, "")
	f("mod", `{"uuid":"v","other_config":{"perfmon-state":"1"}}`, true, "")
	f("mod", `{"uuid":"v","other_config":{"perfmon-state":"1","perfmon-defaults":""}}`, false, "")
	f("del", ``, true, "")
	f("del", ``, false, "")
	if len(r.vms) != 0 {
		t.Errorf("%d VMs left", len(r.vms))
	}

	f("add", `{"uuid":"v","other_config":{"perfmon":"a"}}`, true, "a")
	for _, bad := range []string{
		`[]`, `{"uuid":7}`, `{"other_config":[]}`, `{"other_config":{"perfmon":{}}}`, `{"is_a_template":"false"}`,
		`{"tags":"a"}`, `{"tags":[1]}`, `{"current_operations":["snapshot"]}`, `{"other_config":{"perfmon-state":1}}`,
	} {
		changed, err := r.apply(&event{Class: "vm", Operation: "mod", Ref: "V", Snapshot: json.RawMessage(bad)})
		if err == nil || changed || r.vms["V"].OtherConfig.perfmon != "a" {
			t.Errorf("%s: changed %v, error %v, %+v", bad, changed, err, r.vms["V"])
		}
	}
	_, err := r.apply(&event{Class: "sr", Operation: "add", Ref: "S", Snapshot: json.RawMessage(`{"physical_size":"much"}`)})
	if err == nil || len(r.srs) != 0 {
		t.Errorf("a size that is no number: %v, %v", err, r.srs)
	}
}

func TestOddEvents(t *testing.T) {
	ok := func(result string, wantProblems int, wantVMs int) {
		t.Helper()
		to := newRecords()
		got, problems, err := decodeAll(strings.NewReader(`{"result":`+result+`}`), to, 1<<20)
		if err != nil || len(problems) != wantProblems || len(to.vms) != wantVMs || got.Token != "t" {
			t.Errorf("%s: %+v, %q, %v, %d VMs", result, got, problems, err, len(to.vms))
		}
	}
	good := `{"class":"vm","operation":"add","ref":"V","snapshot":{"uuid":"v"}}`
	ok(`{"token":"t","events":[]}`, 0, 0)
	ok(`{"token":"t","events":[null,7,"x",[],{},`+good+`]}`, 0, 1)
	ok(`{"token":"t","events":[{"class":7,"ref":"W"},{"class":"vm","operation":[],"ref":"X"},`+good+`]}`, 0, 1)
	ok(`{"token":"t","events":[{"class":"vm","operation":"add","ref":"W","snapshot":[]},`+good+`]}`, 1, 1)
	ok(`{"token":"t","events":[`+good+`,{"class":"vm","operation":"mod","ref":"W"},{"ref":"X"}]}`, 0, 1)
	ok(`{"events":[`+good+`],"valid_ref_counts":["?"],"token":"t","more":[{}]}`, 0, 1)

	bad := func(result string) {
		t.Helper()
		got, _, err := decodeAll(strings.NewReader(`{"result":`+result+`}`), newRecords(), 1<<20)
		var reply *ReplyError
		if !errors.As(err, &reply) {
			t.Errorf("%s: %+v, %v", result, got, err)
		}
	}
	bad(`[]`)
	bad(`"x"`)
	bad(`{"events":{}}`)
	bad(`{"events":[` + good)
	bad(`{"events":[` + good + `,]}`)
	bad(`{"token":7}`)
}

func TestEventSizeIsLimited(t *testing.T) {
	reply := func(size int) io.Reader {
		return io.MultiReader(strings.NewReader(`{"result":{"events":[{"class":"vm","ref":"`),
			io.LimitReader(endless('x'), int64(size)), strings.NewReader(`"}],"token":"t"}}`))
	}
	if _, _, err := decodeAll(reply(2*maxEventBytes), newRecords(), maxEventsBytes); !errors.Is(err, ErrTooLarge) {
		t.Errorf("twice the limit: %v", err)
	}

	// What follows the events is not one of them.
	rest := io.MultiReader(strings.NewReader(`{"result":{"events":[{}],"more":"`),
		io.LimitReader(endless('x'), maxEventBytes), strings.NewReader(`","token":"t"}}`))
	if _, _, err := decodeAll(rest, newRecords(), maxEventsBytes); err != nil {
		t.Errorf("long rest: %v", err)
	}

	// A whole reply may be far larger than one event.
	var many strings.Builder
	one := `{"class":"vm","ref":"` + strings.Repeat("x", maxEventBytes/4) + `"},`
	for range 6 {
		many.WriteString(one)
	}
	text := `{"result":{"events":[` + many.String() + `{}],"token":"t"}}`
	if _, _, err := decodeAll(strings.NewReader(text), newRecords(), maxEventsBytes); err != nil {
		t.Errorf("many events: %v", err)
	}
	if _, _, err := decodeAll(strings.NewReader(text), newRecords(), maxEventBytes); !errors.Is(err, ErrTooLarge) {
		t.Errorf("more than a reply may have: %v", err)
	}
}

type endless byte

func (e endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = byte(e)
	}
	return len(p), nil
}

func FuzzDecodeEvents(f *testing.F) {
	f.Add(sampleEvents)
	f.Add(`{"result":{"token":"t","events":[null,7,{"class":"sr","ref":"S","snapshot":{"physical_size":"x"}}]}}`)
	f.Add(`{"result":null,"error":["EVENTS_LOST"]}`)
	f.Fuzz(func(t *testing.T, reply string) {
		whole, byByte := newRecords(), newRecords()
		a, problemsA, errA := decodeAll(strings.NewReader(reply), whole, 1<<20)
		b, problemsB, errB := decodeAll(iotest.OneByteReader(strings.NewReader(reply)), byByte, 1<<20)
		if (errA == nil) != (errB == nil) || !cmp.Equal(problemsA, problemsB) {
			t.Errorf("whole: %v %q, byte by byte: %v %q", errA, problemsA, errB, problemsB)
		}
		if errA == nil && (!cmp.Equal(a, b) || !cmp.Equal(whole, byByte, cmp.AllowUnexported(records{}, otherConfig{}))) {
			t.Error("other records byte by byte")
		}
		for _, h := range whole.hosts {
			_, _ = buildInventory(whole, h.UUID)
		}
	})
}

// A full read of a pool of 1000 VMs with records of 9 KB.
func BenchmarkDecodeEvents(b *testing.B) {
	var text strings.Builder
	text.WriteString(`{"result":{"events":[`)
	for i := range 1000 {
		fmt.Fprintf(&text, `{"class":"vm","operation":"add","ref":"OpaqueRef:%d","snapshot":{"uuid":"%d","other_config":{"perfmon":"<config/>","a":"b"},`, i, i)
		for n := range 200 {
			fmt.Fprintf(&text, `"some_field_of_a_record_%d":["value","%d"],`, n, n)
		}
		text.WriteString(`"name_label":"vm"}},`)
	}
	text.WriteString(`{}],"token":"t"}}`)
	b.SetBytes(int64(text.Len()))
	b.ReportAllocs()
	for b.Loop() {
		if _, _, err := decodeAll(strings.NewReader(text.String()), newRecords(), maxEventsBytes); err != nil {
			b.Fatal(err)
		}
	}
}
