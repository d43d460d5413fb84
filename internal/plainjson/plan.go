package plainjson

import (
	"encoding"
	"encoding/json"
	"reflect"
	"slices"
	"strings"
)

// plan reads one value into v, which is zero and can be set, or has the cursor
// say that it is not plain.
type plan func(c *cursor, v reflect.Value)

// odd is the plan of types that are left to encoding/json.
func odd(c *cursor, _ reflect.Value) { c.ok = false }

// planOf is for a type that lies in others; one that lies in itself is odd.
func planOf(t reflect.Type, in []reflect.Type) plan {
	switch {
	case slices.Contains(in, t) || t == reflect.TypeFor[json.Number]():
		return odd
	case reflect.PointerTo(t).Implements(reflect.TypeFor[json.Unmarshaler]()):
		return ownJSON
	case reflect.PointerTo(t).Implements(reflect.TypeFor[encoding.TextUnmarshaler]()):
		return ownText
	}
	in = append(slices.Clip(in), t)
	switch t.Kind() { //nolint:exhaustive // all others are odd
	case reflect.String:
		return func(c *cursor, v reflect.Value) { v.SetString(c.text()) }
	case reflect.Bool:
		return func(c *cursor, v reflect.Value) { v.SetBool(c.boolean()) }
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return integer
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return unsigned
	case reflect.Float32, reflect.Float64:
		return float
	case reflect.Pointer:
		return pointerTo(t.Elem(), in)
	case reflect.Slice:
		return sliceOf(t, in)
	case reflect.Map:
		return mapOf(t, in)
	case reflect.Struct:
		return structOf(t, in)
	}
	return odd
}

func integer(c *cursor, v reflect.Value) {
	n := c.integer()
	if v.OverflowInt(n) {
		c.ok = false
		return
	}
	v.SetInt(n)
}

func unsigned(c *cursor, v reflect.Value) {
	n := c.unsigned()
	if v.OverflowUint(n) {
		c.ok = false
		return
	}
	v.SetUint(n)
}

func float(c *cursor, v reflect.Value) { v.SetFloat(c.float(v.Type().Bits())) }

// ownJSON is for types that read strings themselves, as time.Time does.
func ownJSON(c *cursor, v reflect.Value) {
	literal := c.plainString()
	if !c.ok {
		return
	}
	u, ok := reflect.TypeAssert[json.Unmarshaler](v.Addr())
	c.ok = ok && u.UnmarshalJSON(literal) == nil
}

func ownText(c *cursor, v reflect.Value) {
	text := c.text()
	if !c.ok {
		return
	}
	u, ok := reflect.TypeAssert[encoding.TextUnmarshaler](v.Addr())
	c.ok = ok && u.UnmarshalText([]byte(text)) == nil
}

func pointerTo(t reflect.Type, in []reflect.Type) plan {
	elem := planOf(t, in)
	return func(c *cursor, v reflect.Value) {
		if c.take("null") {
			return
		}
		p := reflect.New(t)
		elem(c, p.Elem())
		v.Set(p)
	}
}

func sliceOf(t reflect.Type, in []reflect.Type) plan {
	if t.Elem().Kind() == reflect.Uint8 { // it is base64
		return odd
	}
	elem := planOf(t.Elem(), in)
	return func(c *cursor, v reflect.Value) {
		if c.take("null") {
			return
		}
		v.Set(reflect.MakeSlice(t, 0, 0))
		c.list('[', ']', func() {
			n := v.Len()
			v.Grow(1)
			v.SetLen(n + 1)
			elem(c, v.Index(n))
		})
	}
}

func mapOf(t reflect.Type, in []reflect.Type) plan {
	if t.Key().Kind() != reflect.String || reflect.PointerTo(t.Key()).Implements(reflect.TypeFor[encoding.TextUnmarshaler]()) {
		return odd
	}
	elem := planOf(t.Elem(), in)
	return func(c *cursor, v reflect.Value) {
		if c.take("null") {
			return
		}
		v.Set(reflect.MakeMap(t))
		key, value := reflect.New(t.Key()).Elem(), reflect.New(t.Elem()).Elem()
		c.list('{', '}', func() {
			key.SetString(c.text())
			c.word(":")
			value.SetZero()
			elem(c, value)
			v.SetMapIndex(key, value)
		})
	}
}

// field is one of a struct's, with the text that it begins with.
type field struct {
	begin string
	index int
	read  plan
}

func structOf(t reflect.Type, in []reflect.Type) plan {
	fields, ok := fieldsOf(t, in)
	if !ok {
		return odd
	}
	return func(c *cursor, v reflect.Value) {
		next := 0
		c.list('{', '}', func() {
			for next < len(fields) && !c.take(fields[next].begin) {
				next++ // it was left out
			}
			if next == len(fields) {
				c.ok = false
				return
			}
			fields[next].read(c, v.Field(fields[next].index))
			next++
		})
	}
}

// fieldsOf is false where encoding/json has rules of its own: for embedded
// fields, for names that come twice, for numbers in strings.
func fieldsOf(t reflect.Type, in []reflect.Type) (fields []field, plain bool) {
	var names []string
	for i := range t.NumField() {
		f := t.Field(i)
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		if f.Tag.Get("json") == "-" || !f.IsExported() && !f.Anonymous {
			continue
		}
		if name == "" {
			name = f.Name
		}
		odd := strings.ContainsFunc(name, func(r rune) bool {
			return r != '_' && (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z')
		})
		if odd || f.Anonymous || slices.Contains(strings.Split(options, ","), "string") || slices.Contains(names, name) {
			return nil, false
		}
		names = append(names, name)
		fields = append(fields, field{`"` + name + `":`, i, planOf(f.Type, in)})
	}
	return fields, true
}
