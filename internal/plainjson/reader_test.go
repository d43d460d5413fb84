package plainjson_test

import (
	"encoding/json"
	"reflect"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/k2-platform/faultline/internal/plainjson"
)

type name string

// level reads itself from text, and not every one.
type level int

func (*level) UnmarshalText(text []byte) error { return new(time.Time).UnmarshalText(text) }

type inner struct {
	Name  name    `json:"name"`
	Share float64 `json:"share,omitempty"`
}

// everything has a field of each kind that is plain.
type everything struct {
	Text   string             `json:"text"`
	Yes    bool               `json:"yes,omitempty"`
	Small  int8               `json:"small"`
	Whole  int64              `json:"whole"`
	Count  uint16             `json:"count"`
	Half   float32            `json:"half"`
	At     time.Time          `json:"at"`
	Maybe  *inner             `json:"maybe,omitempty"`
	List   []inner            `json:"list"`
	Lists  *[]name            `json:"lists,omitempty"`
	Values map[string]float64 `json:"values,omitempty"`
	Byname map[name]*inner    `json:"byname,omitempty"`
	hidden int                //nolint:unused // nobody fills it
	Left   int                `json:"-"`
	Plain  string
}

// agree checks that what is read is as encoding/json reads it, and says
// whether it was.
func agree[T any](t require, r plainjson.Reader, data []byte) bool {
	t.Helper()
	var got, want T
	if !r.Read(data, &got) {
		return false
	}
	if err := json.Unmarshal(data, &want); err != nil {
		t.Fatalf("%q was read, and encoding/json says: %v", data, err)
	}
	if !reflect.DeepEqual(got, want) {
		t.Fatalf("%q was read as %#v, and by encoding/json as %#v", data, got, want)
	}
	return true
}

type require interface {
	Helper()
	Fatalf(format string, args ...any)
}

// texts are read, or left to encoding/json.
func texts() map[string]bool {
	return map[string]bool{
		`{}`:                      true,
		`{"text":"a","whole":-7}`: true,
		`{"text":"é €"}`:          true,
		`{"text":"\u003c\n\"\\\/\t\r\b\f\u00e9"}`: true,
		`{"text":"\ud83d\ude00"}`:                 false, // a pair
		`{"text":"\ud83d"}`:                       false,
		"{\"text\":\"\xff\"}":                     false,
		"{\"text\":\"\n\"}":                       false,
		`{"text":"\x"}`:                           false,
		`{"text":"\u00g0"}`:                       false,
		`{"text":"\u00"}`:                         false,
		`{"text":"\"}`:                            false,
		`{"text":null}`:                           false,
		`{"text": "a"}`:                           false,
		`{"whole":1,"text":"a"}`:                  false, // another order
		`{"text":"a","text":"b"}`:                 false,
		`{"TEXT":"a"}`:                            false,
		`{"unknown":1}`:                           false,
		`{"yes":true}`:                            true,
		`{"yes":truE}`:                            false,
		`{"small":127}`:                           true,
		`{"small":128}`:                           false,
		`{"small":-128,"whole":0}`:                true,
		`{"whole":-0}`:                            true,
		`{"whole":01}`:                            false,
		`{"whole":1.0}`:                           false,
		`{"whole":1e2}`:                           false,
		`{"whole":+1}`:                            false,
		`{"whole":9223372036854775808}`:           false,
		`{"whole":}`:                              false,
		`{"count":65535}`:                         true,
		`{"count":65536}`:                         false,
		`{"count":-1}`:                            false,
		`{"half":1.5e-3}`:                         true,
		`{"half":-0.0E+2}`:                        true,
		`{"half":1e39}`:                           false,
		`{"half":1.}`:                             false,
		`{"half":.5}`:                             false,
		`{"half":0x1p-2}`:                         false,
		`{"half":Inf}`:                            false,
		`{"half":1_000}`:                          false,
		`{"at":"2026-01-02T03:04:05.000000006+01:00"}`: true,
		`{"at":"yesterday"}`:                           false,
		`{"at":"2026-01-02T03:04:05\u005a"}`:           false,
		`{"at":7}`:                                     false,
		`{"maybe":null}`:                               true,
		`{"maybe":{"name":"n","share":0}}`:             true,
		`{"maybe":7}`:                                  false,
		`{"list":null}`:                                true,
		`{"list":[]}`:                                  true,
		`{"list":[{},{"share":1},{"name":"b"}]}`:       true,
		`{"list":[{},]}`:                               false,
		`{"list":[,{}]}`:                               false,
		`{"list":[{}`:                                  false,
		`{"list":{}}`:                                  false,
		`{"lists":null}`:                               true,
		`{"lists":["a",""]}`:                           true,
		`{"lists":[null]}`:                             false,
		`{"values":null}`:                              true,
		`{"values":{}}`:                                true,
		`{"values":{"a":1,"b\u003c":2,"a":3}}`:         true,
		`{"values":{"a"}}`:                             false,
		`{"byname":{"a":{"name":"x"},"b":null,"a":{"share":2}}}`: true,
		`{"hidden":1}`:  false,
		`{"-":1}`:       false,
		`{"Plain":"p"}`: true,
		`{"text":"a"} `: false,
		`{"text":"a"}}`: false,
		`{"text":"a",}`: false,
		`null`:          false,
		`[]`:            false,
		``:              false,
	}
}

func TestWhatIsPlainIsReadAsByEncodingJSON(t *testing.T) {
	r := plainjson.New(everything{})
	for text, plain := range texts() {
		if got := agree[everything](t, r, []byte(text)); got != plain {
			t.Errorf("%s: plain is %t, want %t", text, got, plain)
		}
	}
}

func TestWhatEncodingJSONWritesIsPlain(t *testing.T) {
	r := plainjson.New(everything{})
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.OneOf(rapid.String(), rapid.StringMatching(`[<>&"\\/a-z\n\x00é]*`))
		in := rapid.Custom(func(t *rapid.T) inner {
			return inner{name(text.Draw(t, "name")), rapid.Float64().Draw(t, "share")}
		})
		v := everything{
			Text: text.Draw(t, "text"), Yes: rapid.Bool().Draw(t, "yes"), Small: rapid.Int8().Draw(t, "small"),
			Whole: rapid.Int64().Draw(t, "whole"), Count: rapid.Uint16().Draw(t, "count"), Half: rapid.Float32().Draw(t, "half"),
			At:   time.Unix(rapid.Int64Range(0, 4e9).Draw(t, "at"), rapid.Int64Range(0, 1e9-1).Draw(t, "ns")).UTC(),
			List: rapid.SliceOf(in).Draw(t, "list"), Values: rapid.MapOf(text, rapid.Float64()).Draw(t, "values"),
		}
		if rapid.Bool().Draw(t, "more") {
			one := in.Draw(t, "maybe")
			v.Maybe, v.Lists, v.Byname = &one, &[]name{"a"}, map[name]*inner{"x": &one, "none": nil}
		}
		data, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		// What lies outside of the basic plane is written as it is; only its
		// escapes are odd, and encoding/json makes none.
		if !agree[everything](t, r, data) {
			t.Fatalf("%s is not plain", data)
		}
	})
}

// TestOddTypesAreLeftAlone: where encoding/json has rules of its own.
// twoOfAName is a pointer to a struct that vet would refuse if it was written.
func twoOfAName() any {
	field := func(name string) reflect.StructField {
		return reflect.StructField{Name: name, Type: reflect.TypeFor[int](), Tag: `json:"a"`}
	}
	return reflect.New(reflect.StructOf([]reflect.StructField{field("A"), field("B")})).Interface()
}

func TestOddTypesAreLeftAlone(t *testing.T) {
	type embeds struct{ inner }
	type tree struct{ Below []tree }
	for text, into := range map[string]any{
		`{"Below":[{}]}`: &tree{},
		`{"name":"a"}`:   &embeds{},
		`{"a":"1"}`: &struct {
			A int `json:"a,string"`
		}{},
		`{"a":1}`: twoOfAName(),
		`"AAAA"`:  &[]byte{},
		`[1]`:     &[1]int{},
		`{"a":3}`: &struct {
			A any `json:"a"`
		}{},
		`{"1":1}`:      &map[int]int{},
		`{"a":2}`:      &map[level]int{},
		`"7"`:          new(json.Number),
		`{}`:           everything{},
		`{} `:          nil,
		`{"text":"a"}`: (*everything)(nil),
		`"no level"`:   new(level),
	} {
		r := plainjson.New(everything{})
		if p := reflect.TypeOf(into); p != nil && p.Kind() == reflect.Pointer {
			r = plainjson.New(reflect.Zero(p.Elem()).Interface())
		}
		if r.Read([]byte(text), into) {
			t.Errorf("%s was read into a %T", text, into)
		}
	}
}

func TestAnUnknownTypeIsLeftAlone(t *testing.T) {
	if plainjson.New(everything{}).Read([]byte(`{}`), new(inner)) || (plainjson.Reader{}).Read([]byte(`{}`), new(everything)) {
		t.Error("a type was read that nobody named")
	}
}

func TestManyGoroutinesReadAtATime(t *testing.T) {
	r := plainjson.New(everything{})
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for text, plain := range texts() {
				if agree[everything](t, r, []byte(text)) != plain {
					t.Errorf("%s was read otherwise", text)
				}
			}
		})
	}
	all.Wait()
}

func FuzzRead(f *testing.F) {
	for text := range texts() {
		f.Add([]byte(text))
	}
	r := plainjson.New(everything{})
	f.Fuzz(func(t *testing.T, data []byte) { agree[everything](t, r, data) })
}
