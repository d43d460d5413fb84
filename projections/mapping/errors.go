package mapping

import (
	"errors"

	"github.com/k2-platform/faultline/internal/confluent"
)

// Why a record has no forms. All but ErrRegistryAway and ErrUnknownSchema stay
// as they are, however often the record is read.
var (
	// ErrNull says that the value is null: it has no fields.
	ErrNull = errors.New("the value is null")
	// ErrNotFramed says that the value does not begin as Confluent's framing does.
	ErrNotFramed = errors.New("it is not in Confluent's framing: it does not begin with a zero byte and a schema id")
	// ErrUnknownSchema says that the registry does not know the id in the frame.
	ErrUnknownSchema = confluent.ErrNoSchema
	// ErrRegistryAway says that the registry gave no answer, and may give one later.
	ErrRegistryAway = confluent.ErrAway
	// ErrBrokenSchema says that the schema in the registry is none, or of another format.
	ErrBrokenSchema = errors.New("its schema cannot be used")
	// ErrTruncated says that the value ends early.
	ErrTruncated = confluent.ErrEndsEarly
	// ErrForged says that no writer of the schema writes such a value.
	ErrForged = confluent.ErrForged
	// ErrNoField says that the record, or its schema, lacks a field that must be there.
	ErrNoField = errors.New("there is no such field")
	// ErrUnfit says that a field is of another type than its column takes.
	ErrUnfit = errors.New("the field does not fit its column")
)

// unfit says why a field does not fit.
func unfit(why string) error { return &whyUnfit{why} }

type whyUnfit struct{ why string }

func (e *whyUnfit) Error() string { return ErrUnfit.Error() + ": " + e.why }
func (*whyUnfit) Unwrap() error   { return ErrUnfit }
