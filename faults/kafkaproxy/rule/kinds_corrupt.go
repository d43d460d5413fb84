package rule

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/k2-platform/faultline/faults"
	"github.com/k2-platform/faultline/faults/params"
)

// priceValueSwap is the methodology's name of a swap of two fields.
const (
	priceValueSwap  = "price_value_swap"
	priceValueField = "price,quantity"
)

// corruption is a row of the types.
type corruption struct {
	name   string
	do     Corruption
	fields [2]int // how many, least and most
	reads  bool   // the value is decoded
	takes  []string
}

func corruptions() []corruption {
	return []corruption{
		{name: "field_swap", do: FieldSwap, fields: [2]int{2, 2}, reads: true},
		{name: priceValueSwap, do: FieldSwap, fields: [2]int{2, 2}, reads: true},
		{name: "bit_flip", do: BitFlip, takes: []string{"bit", "crc"}},
		{name: "truncate", do: Truncate},
		{name: "wrong_schema_id", do: WrongSchemaID, takes: []string{"registry"}},
		{name: "null_value", do: NullValue},
		{name: "wrong_type", do: WrongType, fields: [2]int{1, 1}, reads: true},
		{name: "timestamp_shift", do: TimestampShift, fields: [2]int{0, 1}, reads: true, takes: []string{"by"}},
		{name: "new_field", do: NewField, reads: true},
	}
}

func corruptKind() kind {
	return kind{
		name: "kafka.corrupt", summary: "the inside of records is changed on their way", risk: faults.Dangerous, serves: true,
		ways:  ofRecords("fetch", nil),
		lacks: map[string]string{"api": "records are in produce and fetch alone: write direction: produce or direction: fetch"},
		own: []faults.Parameter{
			params.New("type", "what is changed: "+sentence(typeNames()), "", corruptionOf),
			params.New("fields", "the fields that it is about, by comma; dots lead into nested ones", "", params.List(field)),
			params.New("by", "of timestamp_shift: by how much, such as 5m or -1h", "", shift),
			params.New("bit", "of bit_flip: which, counted from the front; drawn where it is not written", "", number),
			params.New("crc", "of bit_flip: valid, or broken: the batch keeps the checksum that it had", "", params.Word("valid", "broken")),
			params.New("format", "how values are encoded: "+sentence(formats()), "", params.Word(formats()...)),
			params.New("registry", "URL of the schema registry; that of the proxy where it is not written", "", address),
		},
		fits: corruptFits,
		fill: func(v params.Values, r *Rule) { r.Corrupt = corrupt(v) },
	}
}

func corrupt(v params.Values) *Corrupt {
	c := &Corrupt{
		Do: params.Read(v, "type", corruptionOf).do, Fields: params.Read(v, "fields", params.List(field)), By: params.Read(v, "by", shift),
		Bit: -1, BrokenCRC: v.Text("crc") == "broken", Format: Format(params.Read(v, "format", params.Word(formats()...))), Registry: v.Text("registry"),
	}
	if v.Has("bit") {
		c.Bit = int(params.Read(v, "bit", number))
	}
	if v.Text("type") == priceValueSwap && c.Fields == nil {
		c.Fields = strings.Split(priceValueField, ",")
	}
	return c
}

func corruptFits(v params.Values) error {
	if err := params.Missing(v, "type", "type: one of "+sentence(typeNames())); err != nil {
		return err
	}
	t, fields := params.Read(v, "type", corruptionOf), corrupt(v).Fields
	var problems []error
	if n := len(fields); n < t.fields[0] || n > t.fields[1] {
		problems = append(problems, fmt.Errorf("type %s and %d fields: %s", t.name, n, t.wants()))
	}
	if len(fields) == 2 && fields[0] == fields[1] {
		problems = append(problems, fmt.Errorf("a swap of %s with itself changes nothing: write two fields", fields[0]))
	}
	if t.do == TimestampShift {
		problems = append(problems, params.Missing(v, "by", "by: -1h"))
	}
	reads := t.reads && (t.do != TimestampShift || len(fields) > 0) // a record's own time needs no decoding
	for _, name := range []string{"by", "bit", "crc", "format", "registry"} {
		taken := slices.Contains(t.takes, name) || reads && (name == "format" || name == "registry")
		if v.Has(name) && !taken {
			problems = append(problems, fmt.Errorf("%s means nothing to type %s: leave it out", name, t.name))
		}
	}
	if reads && v.Text("format") == "raw" {
		problems = append(problems, fmt.Errorf("type %s needs to read the value: write format: avro, json or protobuf, or leave it out", t.name))
	}
	return errors.Join(problems...)
}

func (c corruption) wants() string {
	switch c.fields {
	case [2]int{2, 2}:
		return "write fields: price,quantity, the two that change their values"
	case [2]int{1, 1}:
		return "write fields: price, the one whose type changes"
	case [2]int{0, 1}:
		return "write one field, or none for the record's own time"
	}
	return "it is about no field: leave fields out"
}

func corruptionOf(text string) (corruption, error) {
	i, err := params.Word(typeNames()...)(text)
	return corruptions()[i], err
}

func typeNames() []string {
	var out []string
	for _, c := range corruptions() {
		out = append(out, c.name)
	}
	return out
}

// formats are in the order of Format.
func formats() []string { return []string{"auto", "avro", "json", "protobuf", "raw"} }

func field(text string) (string, error) {
	if slices.Contains(strings.Split(text, "."), "") {
		return "", fmt.Errorf("field %s: write its name, with dots between the levels of nested ones", strconv.Quote(text))
	}
	return text, nil
}

func address(text string) (string, error) {
	u, err := url.Parse(text)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" || u.RawQuery != "" || u.Fragment != "" {
		return "", errors.New("it is no URL of a registry: write one such as http://127.0.0.1:8081")
	}
	return text, nil
}

// shift is a duration that may lead back in time.
func shift(text string) (time.Duration, error) {
	d, err := time.ParseDuration(text)
	if err != nil {
		return 0, fmt.Errorf("duration %q: write a number and a unit, such as 5m, or -1h for the past", text)
	}
	if d.Abs() < time.Millisecond {
		return 0, fmt.Errorf("%s: a record's time is in milliseconds; write 1ms or more, or -1ms or less", d)
	}
	return d, nil
}
