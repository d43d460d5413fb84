package frame_test

import (
	"math/rand/v2"
	"reflect"
	"strings"

	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/k2-platform/faultline/faults/kafkaproxy/frame"
)

// draw gives the same numbers for the same seed.
func draw(seed uint64) *rand.Rand {
	return rand.New(rand.NewPCG(seed, 1)) //nolint:gosec // a test that can be repeated, no secret
}

// filled is a response to key with something in each field.
func filled(key, version int16, r *rand.Rand) kmsg.Response {
	m := kmsg.ResponseForKey(key)
	m.SetVersion(version)
	fill(reflect.ValueOf(m).Elem(), r)
	m.SetVersion(version)
	return m
}

func fill(v reflect.Value, r *rand.Rand) {
	switch v.Kind() { //nolint:exhaustive // the kinds that kmsg has
	case reflect.Struct:
		if t, ok := reflect.TypeAssert[*kmsg.Tags](v.Addr()); ok {
			if r.IntN(4) == 0 {
				t.Set(uint32(10+r.IntN(300)), randomBytes(r, 200))
			}
			return
		}
		for _, f := range v.Fields() {
			fill(f, r)
		}
	case reflect.Slice:
		if v.Type().Elem().Kind() == reflect.Uint8 {
			v.SetBytes(randomBytes(r, 300))
			return
		}
		n := r.IntN(4)
		if n == 0 {
			return // null, where that is allowed
		}
		v.Set(reflect.MakeSlice(v.Type(), n, n))
		for i := range n {
			fill(v.Index(i), r)
		}
	case reflect.Array:
		for i := range v.Len() {
			fill(v.Index(i), r)
		}
	case reflect.Pointer:
		if r.IntN(3) > 0 {
			v.Set(reflect.New(v.Type().Elem()))
			fill(v.Elem(), r)
		}
	case reflect.String:
		v.SetString(strings.Repeat("k", r.IntN(3)*r.IntN(90)))
	case reflect.Bool:
		v.SetBool(r.IntN(2) == 0)
	case reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		v.SetInt(int64(int8(r.Uint32())))
	case reflect.Uint8, reflect.Uint16, reflect.Uint32:
		v.SetUint(uint64(r.Uint32N(256)))
	case reflect.Float64:
		v.SetFloat(r.Float64())
	default:
		panic("a field of kind " + v.Kind().String())
	}
}

func randomBytes(r *rand.Rand, most int) []byte {
	b := make([]byte, r.IntN(most))
	for i := range b {
		b[i] = byte(r.Uint32())
	}
	return b
}

// told is the address that tests tell for a broker.
func told(node int32, a frame.Address) frame.Address {
	return frame.Address{Host: "proxy." + strings.Repeat("x", int(node%150)) + a.Host, Port: a.Port + 1000}
}

// readdress changes each address of a message by kmsg's own fields.
func readdress(v reflect.Value) (changed int) {
	switch v.Kind() { //nolint:exhaustive // the kinds that kmsg has
	case reflect.Pointer:
		if !v.IsNil() {
			return readdress(v.Elem())
		}
	case reflect.Slice:
		for i := range v.Len() {
			changed += readdress(v.Index(i))
		}
	case reflect.Struct:
		if host := v.FieldByName("Host"); host.IsValid() {
			node, port := v.FieldByName("NodeID"), v.FieldByName("Port")
			if host.String() != "" && node.Int() >= 0 {
				now := told(int32(node.Int()), frame.Address{Host: host.String(), Port: int32(port.Int())})
				host.SetString(now.Host)
				port.SetInt(int64(now.Port))
				changed++
			}
		}
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				changed += readdress(v.Field(i))
			}
		}
	}
	return changed
}
