package payload

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/big"
	"slices"

	"github.com/twmb/avro"

	"github.com/k2-platform/faultline/internal/confluent"
)

// scalar says what is in the slot, whatever its type.
func (s avroSlot) scalar() (scalar, error) {
	n := s.inner.Node
	switch n.Type {
	case "null":
		return scalar{is: nothing}, nil
	case "boolean":
		return scalar{is: truth, truth: s.data[0] != 0}, nil
	case "int", "long":
		v, _ := binary.Varint(s.data)
		return scalar{is: number, number: new(big.Rat).SetInt64(v), unit: unitOf(n.LogicalType)}, nil
	case "float":
		return floating(float64(math.Float32frombits(binary.LittleEndian.Uint32(s.data))))
	case "double":
		return floating(math.Float64frombits(binary.LittleEndian.Uint64(s.data)))
	case "enum":
		i, _ := binary.Varint(s.data)
		if i < 0 || i >= int64(len(n.Symbols)) {
			return scalar{}, fmt.Errorf("the enum has no symbol %d", i)
		}
		return scalar{is: text, text: n.Symbols[i]}, nil
	case "string":
		_, at := binary.Varint(s.data)
		return scalar{is: text, text: string(s.data[at:])}, nil
	case "bytes", "fixed":
		data := s.data
		if n.Type == "bytes" {
			_, at := binary.Varint(data)
			data = data[at:]
		}
		if n.LogicalType == "decimal" {
			if len(data) > mostDigits {
				return scalar{}, fmt.Errorf("a decimal of %d bytes is too large", len(data))
			}
			return scalar{is: number, number: avro.RatFromBytes(data, n.Scale)}, nil
		}
		return scalar{is: blob, blob: data}, nil
	}
	return scalar{}, fmt.Errorf("%s can only change places with its own type", n.Type)
}

// avro encodes v as a value of a type that is no union.
func (v scalar) avro(to *confluent.Type) ([]byte, error) {
	n := to.Node
	switch n.Type {
	case "null":
		if v.is == nothing {
			return nil, nil
		}
	case "boolean":
		if v.is == truth {
			return []byte{map[bool]byte{true: 1}[v.truth]}, nil
		}
	case "int", "long":
		bits := map[string]int{"int": 32, "long": 64}[n.Type]
		i, err := v.integer(bits, unitOf(n.LogicalType))
		return binary.AppendVarint(nil, i), err
	case "float":
		f, err := v.float()
		return binary.LittleEndian.AppendUint32(nil, math.Float32bits(float32(f))), err
	case "double":
		f, err := v.float()
		return binary.LittleEndian.AppendUint64(nil, math.Float64bits(f)), err
	case "enum":
		if i := slices.Index(n.Symbols, v.text); v.is == text && i >= 0 {
			return binary.AppendVarint(nil, int64(i)), nil
		}
	case "string":
		t, err := v.string()
		return avroString(t), err
	case "bytes", "fixed":
		return v.avroBytes(n)
	}
	return nil, v.misfit(n.Type)
}

func (v scalar) avroBytes(n *avro.SchemaNode) ([]byte, error) {
	var data []byte
	switch {
	case n.LogicalType == "decimal":
		unscaled, err := v.unscaled(n.Scale, n.Precision)
		if err != nil {
			return nil, err
		}
		data = twosComplement(unscaled)
	case v.is == blob:
		data = v.blob
	case v.is == text:
		data = []byte(v.text)
	default:
		return nil, v.misfit(n.Type)
	}
	if n.Type == "bytes" {
		return append(binary.AppendVarint(nil, int64(len(data))), data...), nil
	}
	if n.LogicalType == "decimal" && len(data) < n.Size {
		sign := byte(0)
		if data[0]&0x80 != 0 {
			sign = 0xff
		}
		data = append(slices.Repeat([]byte{sign}, n.Size-len(data)), data...)
	}
	if len(data) != n.Size {
		return nil, fmt.Errorf("%d bytes are not the %d of its type", len(data), n.Size)
	}
	return data, nil
}

// twosComplement gives the fewest bytes, big-endian, as Avro's decimal has them.
func twosComplement(i *big.Int) []byte {
	size := i.BitLen()/8 + 1
	if i.Sign() >= 0 {
		return i.FillBytes(make([]byte, size))
	}
	size = new(big.Int).Not(i).BitLen()/8 + 1
	whole := new(big.Int).Lsh(big.NewInt(1), uint(size)*8)
	return whole.Add(whole, i).FillBytes(make([]byte, size))
}
