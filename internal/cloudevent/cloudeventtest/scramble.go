// Package cloudeventtest makes data for the tests of codecs.
package cloudeventtest

import (
	"math"
	"reflect"
	"time"

	"pgregory.net/rapid"
)

// Scramble gives a copy of a value in which any number, text and time may be
// another, however senseless: negative, infinite, or of no calendar. Its shape
// stays, but that a pointer may be nil. It takes what a codec writes: structs of
// exported fields, and no interfaces.
func Scramble[T any](t *rapid.T, v T) T {
	in := reflect.New(reflect.TypeOf(v)).Elem()
	in.Set(reflect.ValueOf(v))
	out, _ := reflect.TypeAssert[T](scramble(t, in))
	return out
}

func scramble(t *rapid.T, v reflect.Value) reflect.Value {
	out := reflect.New(v.Type()).Elem()
	out.Set(v)
	if v.Type() == reflect.TypeFor[time.Time]() {
		if other := rapid.SampledFrom([]int64{math.MaxInt64, 0, 1, -1, 1 << 32, 1 << 40}).Draw(t, "time"); other != math.MaxInt64 {
			out.Set(reflect.ValueOf(time.Unix(other, 7).UTC()))
		}
		return out
	}
	switch v.Kind() { //nolint:exhaustive // the others are scalars
	case reflect.Struct:
		for i := range v.NumField() {
			out.Field(i).Set(scramble(t, v.Field(i)))
		}
	case reflect.Pointer:
		if rapid.IntRange(0, 9).Draw(t, "nil") == 0 {
			out.SetZero()
		} else if !v.IsNil() {
			out.Set(reflect.New(v.Type().Elem()))
			out.Elem().Set(scramble(t, v.Elem()))
		}
	case reflect.Slice:
		if !v.IsNil() {
			out.Set(reflect.MakeSlice(v.Type(), v.Len(), v.Len()))
		}
		for i := range v.Len() {
			out.Index(i).Set(scramble(t, v.Index(i)))
		}
	case reflect.Map:
		if !v.IsNil() {
			out.Set(reflect.MakeMap(v.Type()))
		}
		for _, k := range v.MapKeys() {
			out.SetMapIndex(k, scramble(t, v.MapIndex(k)))
		}
	default:
		scalar(t, out)
	}
	return out
}

// scalar changes one value in two.
func scalar(t *rapid.T, v reflect.Value) {
	if rapid.Bool().Draw(t, "same") {
		return
	}
	switch {
	case v.CanInt():
		v.SetInt(rapid.Int64().Draw(t, "int"))
	case v.CanUint():
		v.SetUint(rapid.Uint64().Draw(t, "uint"))
	case v.CanFloat():
		v.SetFloat(rapid.SampledFrom([]float64{0, -1, 0.1, math.MaxFloat64, math.Inf(1), math.NaN()}).Draw(t, "float"))
	case v.Kind() == reflect.String:
		v.SetString(rapid.String().Draw(t, "text"))
	case v.Kind() == reflect.Bool:
		v.SetBool(!v.Bool())
	}
}
