package payload_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/k2-platform/faultline/faults/kafkaproxy/payload"
	"github.com/k2-platform/faultline/faults/kafkaproxy/rule"
)

func TestJSONIsCorruptedInPlace(t *testing.T) {
	c := serve(t).corrupter()
	wrong := func(f string) rule.Corrupt { return rule.Corrupt{Do: rule.WrongType, Fields: []string{f}} }
	shift := func(f string) rule.Corrupt {
		return rule.Corrupt{Do: rule.TimestampShift, Fields: []string{f}, By: time.Hour}
	}
	for name, tc := range map[string]struct {
		in  string
		how rule.Corrupt
		out string // "": nothing changes
	}{
		"swap":               {`{ "z": 1.50, "price": 1e2,"quantity" :3.0 }`, swap("price", "quantity"), `{ "z": 1.50, "price": 3.0,"quantity" :1e2 }`},
		"swap the other way": {`{"a":1,"b":[2]}`, swap("b", "a"), `{"a":[2],"b":1}`},
		"swap equal":         {`{"a":1,"b":1}`, swap("a", "b"), ""},
		"swap with itself":   {`{"a":1}`, swap("a", "a"), ""},
		"swap nested":        {`{"a":{"b":{"c":"x"}},"d":null}`, swap("a.b.c", "d"), `{"a":{"b":{"c":null}},"d":"x"}`},
		"swap of a twin key": {`{"a":1,"a":2,"b":3}`, swap("a", "b"), `{"a":1,"a":3,"b":2}`},
		"keys with escapes":  {`{"a\u0062":[{"x":"}\\\""},1 ] , "b" : -1.5e3 }`, swap("ab", "b"), `{"a\u0062":-1.5e3 , "b" : [{"x":"}\\\""},1 ] }`},
		"number to text":     {`{"a": 1.50}`, wrong("a"), `{"a": "1.50"}`},
		"text to number":     {`{"a":"1.50"}`, wrong("a"), `{"a":1.50}`},
		"text to 0":          {`{"a":"x\"y"}`, wrong("a"), `{"a":0}`},
		"no number of JSON":  {`{"a":"007"}`, wrong("a"), `{"a":0}`},
		"true to text":       {`{"a":true}`, wrong("a"), `{"a":"true"}`},
		"object to text":     {`{"a":{"b":1}}`, wrong("a"), `{"a":"wrong type"}`},
		"time":               {`{"t":"2026-05-01T23:30:00Z"}`, shift("t"), `{"t":"2026-05-02T00:30:00Z"}`},
		"time with a zone":   {`{"t":"2026-05-01T12:00:00.500-05:00"}`, shift("t"), `{"t":"2026-05-01T13:00:00.500-05:00"}`},
		"time in ms":         {`{"t":1700000000000}`, shift("t"), `{"t":1700003600000}`},
		"time in µs":         {`{"t":1700000000000000}`, shift("t"), `{"t":1700003600000000}`},
		"new field":          {`{"a":1} `, rule.Corrupt{Do: rule.NewField}, `{"a":1,"extra_field":1} `},
		"new field of none":  {`{ }`, rule.Corrupt{Do: rule.NewField, Fields: []string{"venue"}}, `{ "venue":1}`},
	} {
		t.Run(name, func(t *testing.T) {
			for _, framed := range []bool{false, true} {
				in, want := []byte(tc.in), tc.out
				if framed {
					in = frame(tradeJSON, in)
				}
				out, changed, err := corrupt(t, c, in, tc.how)
				require.NoError(t, err)
				require.Equal(t, tc.out != "", changed)
				if tc.out == "" {
					want = tc.in
				}
				if framed {
					want = string(frame(tradeJSON, []byte(want)))
				}
				require.Equal(t, want, string(out))
			}
		})
	}
}

func TestJSONThatHasNoRoom(t *testing.T) {
	c := payload.New(nil, "", 1)
	for name, tc := range map[string]struct {
		in   string
		how  rule.Corrupt
		want string
	}{
		"no such field":   {`{"a":1}`, swap("a", "b"), "finding field b: the value has no such field"},
		"no object":       {`[1]`, swap("a", "b"), "no such field"},
		"no object there": {`{"a":1}`, swap("a.b", "b"), "finding field a.b"},
		"no time":         {`{"a":true}`, rule.Corrupt{Do: rule.TimestampShift, Fields: []string{"a"}, By: 1}, "no time"},
		"no new field":    {`[1]`, rule.Corrupt{Do: rule.NewField}, "no object"},
		"not new":         {`{"a":1}`, rule.Corrupt{Do: rule.NewField, Fields: []string{"a"}}, "already"},
		"no JSON":         {`{`, rule.Corrupt{Do: rule.NewField, Format: rule.JSON}, "no JSON"},
	} {
		t.Run(name, func(t *testing.T) {
			_, changed, err := corrupt(t, c, []byte(tc.in), tc.how)
			require.ErrorContains(t, err, tc.want)
			require.False(t, changed)
		})
	}
}
