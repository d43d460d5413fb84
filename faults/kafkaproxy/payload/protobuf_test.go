package payload_test

import (
	"os"
	"testing"
	"time"

	"github.com/bufbuild/protocompile"
	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/dynamicpb"

	"github.com/k2-platform/faultline/faults/kafkaproxy/rule"
)

func protoTrade(tb testing.TB) protoreflect.MessageDescriptor {
	tb.Helper()
	files := map[string]string{}
	for _, name := range []string{"trade.proto", "venue.proto"} {
		text, err := os.ReadFile("testdata/" + name)
		require.NoError(tb, err)
		files[name] = string(text)
	}
	c := protocompile.Compiler{Resolver: protocompile.WithStandardImports(&protocompile.SourceResolver{
		Accessor: protocompile.SourceAccessorFromMap(files),
	})}
	compiled, err := c.Compile(tb.Context(), "trade.proto")
	require.NoError(tb, err)
	return compiled[0].Messages().ByName("Trade")
}

// The second message of its file: one index, 1.
func protoFrame(body []byte) []byte { return frame(tradeProto, append([]byte{2, 2}, body...)) }

func encodedProto(tb testing.TB, json string) []byte {
	tb.Helper()
	m := dynamicpb.NewMessage(protoTrade(tb))
	require.NoError(tb, protojson.Unmarshal([]byte(json), m))
	b, err := proto.MarshalOptions{Deterministic: true}.Marshal(m)
	require.NoError(tb, err)
	return protoFrame(b)
}

func requireProto(tb testing.TB, want string, framed []byte) {
	tb.Helper()
	m := dynamicpb.NewMessage(protoTrade(tb))
	require.NoError(tb, proto.Unmarshal(framed[7:], m))
	got, err := protojson.Marshal(m)
	require.NoError(tb, err)
	require.JSONEq(tb, want, string(got))
}

func TestProtobufFieldsAreCorrupted(t *testing.T) {
	c := serve(t).corrupter()
	shift := func(field string, by time.Duration) rule.Corrupt {
		return rule.Corrupt{Do: rule.TimestampShift, Fields: []string{field}, By: by}
	}
	for name, tc := range map[string]struct {
		in  string
		how rule.Corrupt
		out string // "": nothing changes
	}{
		"price and quantity":       {`{"price":1.5,"quantity":2}`, swap("price", "quantity"), `{"price":2,"quantity":1.5}`},
		"equal":                    {`{"price":2,"quantity":2}`, swap("price", "quantity"), ""},
		"both not there":           {`{"id":"x"}`, swap("price", "quantity"), ""},
		"one of them not there":    {`{"price":1.5}`, swap("price", "quantity"), `{"quantity":1.5}`},
		"in a message":             {`{"price":1.5,"venue":{"code":"X","fee":2}}`, swap("price", "venue.fee"), `{"price":2,"venue":{"code":"X","fee":1.5}}`},
		"double and int":           {`{"price":3,"lots":"12"}`, swap("price", "lots"), `{"price":12,"lots":"3"}`},
		"long and short":           {`{"small":3,"lots":"12"}`, swap("small", "lots"), `{"small":12,"lots":"3"}`},
		"text and number":          {`{"id":"42","lots":"12"}`, swap("id", "lots"), `{"id":"12","lots":"42"}`},
		"enum and text":            {`{"id":"SELL"}`, swap("id", "side"), `{"id":"BUY","side":"SELL"}`},
		"text and optional text":   {`{"id":"a","note":"b"}`, swap("id", "note"), `{"id":"b","note":"a"}`},
		"maps":                     {`{"vendor":{"a":"b"},"labels":{"c":"d"}}`, swap("vendor", "labels"), `{"vendor":{"c":"d"},"labels":{"a":"b"}}`},
		"map and none":             {`{"vendor":{"a":"b"}}`, swap("vendor", "labels"), `{"labels":{"a":"b"}}`},
		"Timestamp":                {`{"at":"2026-05-01T12:00:00.5Z"}`, shift("at", time.Hour), `{"at":"2026-05-01T13:00:00.500Z"}`},
		"time in ms":               {`{"atMs":"1700000000000"}`, shift("at_ms", time.Second), `{"atMs":"1700000001000"}`},
		"time as text":             {`{"seen":"2026-05-01T12:00:00Z"}`, shift("seen", -time.Hour), `{"seen":"2026-05-01T11:00:00Z"}`},
		"number of a wrong type":   {`{"id":"a","lots":"12"}`, rule.Corrupt{Do: rule.WrongType, Fields: []string{"lots"}}, `{"id":"a"}`},
		"text of a wrong type":     {`{"id":"a","lots":"12"}`, rule.Corrupt{Do: rule.WrongType, Fields: []string{"id"}}, `{"lots":"12"}`},
		"message of a wrong type":  {`{"id":"a","venue":{"code":"X"}}`, rule.Corrupt{Do: rule.WrongType, Fields: []string{"venue"}}, `{"id":"a"}`},
		"numbers of a wrong type":  {`{"id":"a","levels":["1","2"]}`, rule.Corrupt{Do: rule.WrongType, Fields: []string{"levels"}}, `{"id":"a"}`},
		"inside, of a wrong type":  {`{"venue":{"code":"X","fee":1}}`, rule.Corrupt{Do: rule.WrongType, Fields: []string{"venue.fee"}}, `{"venue":{"code":"X"}}`},
		"a new field is not known": {`{"id":"a"}`, rule.Corrupt{Do: rule.NewField}, `{"id":"a"}`},
	} {
		t.Run(name, func(t *testing.T) {
			in := encodedProto(t, tc.in)
			out, changed, err := corrupt(t, c, in, tc.how)
			require.NoError(t, err)
			require.Equal(t, tc.out != "", changed)
			require.Equal(t, in[:7], out[:7])
			if tc.out != "" {
				requireProto(t, tc.out, out)
			}
		})
	}
}

func TestProtobufFieldsThatDoNotFit(t *testing.T) {
	c := serve(t).corrupter()
	for name, tc := range map[string]struct {
		in   string
		how  rule.Corrupt
		want string
	}{
		"no number":         {`{"id":"a"}`, swap("id", "lots"), "is no number"},
		"too large":         {`{"lots":"4294967296"}`, swap("lots", "small"), "is no uint32"},
		"decimals":          {`{"price":1.5}`, swap("price", "lots"), "is no integer"},
		"a list":            {`{"conditions":["a"]}`, swap("conditions", "id"), "its own type"},
		"a message":         {`{"id":"a","venue":{}}`, swap("venue", "id"), "its own type"},
		"no such field":     {`{"id":"a"}`, swap("amount", "id"), "amount: the value has no such field"},
		"no message there":  {`{"price":1}`, swap("venue.fee", "price"), "no message that is there"},
		"no time":           {`{"price":1}`, rule.Corrupt{Do: rule.TimestampShift, Fields: []string{"price"}, By: 1}, "no time"},
		"no time there":     {`{"price":1}`, rule.Corrupt{Do: rule.TimestampShift, Fields: []string{"at"}, By: 1}, "no Timestamp"},
		"several times":     {`{"levels":["1"]}`, rule.Corrupt{Do: rule.TimestampShift, Fields: []string{"levels"}, By: 1}, "several values"},
		"a message of none": {`{}`, rule.Corrupt{Do: rule.TimestampShift, Fields: []string{"venue"}, By: 1}, "no Timestamp"},
	} {
		t.Run(name, func(t *testing.T) {
			_, changed, err := corrupt(t, c, encodedProto(t, tc.in), tc.how)
			require.ErrorContains(t, err, tc.want)
			require.False(t, changed)
		})
	}
}

func TestANewFieldOfProtobufHasAFreeNumber(t *testing.T) {
	in := encodedProto(t, `{"id":"a"}`)
	out, _, err := corrupt(t, serve(t).corrupter(), in, rule.Corrupt{Do: rule.NewField})
	require.NoError(t, err)
	number, kind, _ := protowire.ConsumeTag(out[len(in):])
	require.EqualValues(t, 50, number, "40 to 49 are reserved")
	require.Equal(t, protowire.BytesType, kind)
}

func TestThePlaceOfAProtobufMessage(t *testing.T) {
	c := serve(t).corrupter()
	for name, tc := range map[string]struct {
		place []byte
		err   string
	}{
		"short for the first": {place: []byte{0}},
		"the first":           {place: []byte{2, 0}},
		"no such message":     {place: []byte{2, 20}, err: "schema lacks"},
		"below one":           {place: []byte{6, 2, 0, 0}, err: "schema lacks"},
		"negative":            {place: []byte{1}, err: "schema lacks"},
		"ends early":          {place: []byte{4, 2}, err: "place of the message"},
		"nothing":             {err: "place of the message"},
	} {
		t.Run(name, func(t *testing.T) {
			body := []byte{0x0a, 1, 'x'}
			if tc.err != "" {
				body = nil
			}
			_, changed, err := corrupt(t, c, frame(tradeProto, append(tc.place, body...)),
				rule.Corrupt{Do: rule.WrongType, Fields: []string{"id"}})
			require.Equal(t, tc.err == "", changed)
			if tc.err != "" {
				require.ErrorContains(t, err, tc.err)
			}
		})
	}
}

// TestAMapsKeyOfTwoTypes is of a message at which google.golang.org/protobuf
// v1.36.12 panics: the key of a map's entry comes again, as another type.
func TestAMapsKeyOfTwoTypes(t *testing.T) {
	c := serve(t).corrupter()
	value := protoFrame([]byte{0x6a, 5, 0x0a, 1, 'k', 0x08, '0'})
	_, changed, err := corrupt(t, c, value, swap("price", "quantity"))
	require.ErrorContains(t, err, "reading the Protobuf message")
	require.False(t, changed)
}
