// Package plainjson reads JSON as encoding/json writes it, several times as
// quickly: without spaces, and with the fields in the order of the struct.
// Everything else it leaves to encoding/json. No I/O.
package plainjson

import "reflect"

// Reader knows how to read some types. It does not change, so that several
// goroutines may use it at a time. The zero value reads nothing.
type Reader struct{ plans map[reflect.Type]plan }

// New makes a Reader of the types that the values have.
func New(values ...any) Reader {
	r := Reader{map[reflect.Type]plan{}}
	for _, v := range values {
		t := reflect.TypeOf(v)
		r.plans[t] = planOf(t, nil)
	}
	return r
}

// Read decodes data into the zero value that into points to. What it reads, it
// reads as json.Unmarshal does. False is no error: data or the type is not
// plain, or not valid, and what into points to is of no use then.
func (r Reader) Read(data []byte, into any) bool {
	v := reflect.ValueOf(into)
	if v.Kind() != reflect.Pointer || v.IsNil() {
		return false
	}
	read, known := r.plans[v.Type().Elem()]
	if !known {
		return false
	}
	c := cursor{rest: data, ok: true}
	read(&c, v.Elem())
	return c.ok && len(c.rest) == 0
}
