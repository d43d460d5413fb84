package registry

import (
	"fmt"
	"slices"

	"github.com/twmb/avro"
)

// levels are the compatibility levels that the API takes.
func levels() []string {
	return []string{"NONE", "BACKWARD", "BACKWARD_TRANSITIVE", "FORWARD", "FORWARD_TRANSITIVE", "FULL", "FULL_TRANSITIVE"}
}

// incompatible says why next may not follow the earlier versions (oldest
// first); nil means that it may.
func incompatible(level, next string, earlier []string) error {
	if level == "NONE" || len(earlier) == 0 {
		return nil
	}
	n, err := avro.Parse(next)
	if err != nil {
		return fmt.Errorf("parsing the new schema: %w", err)
	}
	if !slices.Contains([]string{"BACKWARD_TRANSITIVE", "FORWARD_TRANSITIVE", "FULL_TRANSITIVE"}, level) {
		earlier = earlier[len(earlier)-1:]
	}
	for _, e := range slices.Backward(earlier) {
		old, err := avro.Parse(e)
		if err != nil {
			return fmt.Errorf("parsing an earlier schema: %w", err)
		}
		if err := compare(level, n, old); err != nil {
			return err
		}
	}
	return nil
}

// compare checks one pair: backward means that the new schema reads old data.
func compare(level string, next, old *avro.Schema) error {
	backward := level[0] == 'B' || level == "FULL" || level == "FULL_TRANSITIVE"
	forward := level[0] == 'F'
	if backward {
		if err := avro.CheckCompatibility(old, next); err != nil {
			return fmt.Errorf("the new schema cannot read data of the earlier one: %w", err)
		}
	}
	if forward {
		if err := avro.CheckCompatibility(next, old); err != nil {
			return fmt.Errorf("the earlier schema cannot read data of the new one: %w", err)
		}
	}
	return nil
}
