package confluent

import (
	"fmt"

	"google.golang.org/protobuf/proto"
)

// Decode reads a message into m: ErrForged. google.golang.org/protobuf v1.36.12
// panics where the key of a map's entry comes a second time as another type; that
// is an error here, like whatever else it panics at.
func Decode(body []byte, m proto.Message) (err error) {
	defer func() {
		if why := recover(); why != nil {
			err = fmt.Errorf("%w: %v", ErrForged, why)
		}
	}()
	if err := (proto.UnmarshalOptions{AllowPartial: true}).Unmarshal(body, m); err != nil {
		return fmt.Errorf("%w: %w", ErrForged, err)
	}
	return nil
}
