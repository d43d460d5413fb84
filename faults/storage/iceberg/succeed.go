package iceberg

import (
	"encoding/json"
	"errors"
	"fmt"
)

// watermarkKey is where a writer that keeps its offsets in the table has
// them: for each topic and partition the next that the table lacks.
const watermarkKey = "faultline.watermark"

// ErrLost says that a version of a table lacks rows of another.
var ErrLost = errors.New("rows are not in the table")

// Succeeds says that no row of was is missing from m: m has grown out of it,
// or writers that keep their offsets in the table have written again all that
// m did not grow out of. Else ErrLost, with what is missing.
func (m Metadata) Succeeds(was Metadata) error {
	if m.UUID != was.UUID {
		return fmt.Errorf("%w: it is another table, %s and not %s", ErrLost, m.UUID, was.UUID)
	}
	has := map[int64]bool{}
	for _, s := range m.Lineage() {
		has[s.ID] = true
		if s.Parent != nil {
			has[*s.Parent] = true // it may have expired
		}
	}
	now := m.mark()
	for _, s := range was.Lineage() {
		if has[s.ID] {
			return nil
		}
		if s.Summary["operation"] == "replace" {
			continue // the same rows in other files
		}
		text, ok := s.Summary[watermarkKey]
		if !ok {
			return fmt.Errorf("%w: those of snapshot %d", ErrLost, s.ID)
		}
		if !now.covers(markOf(text)) {
			return fmt.Errorf("%w: those of snapshot %d, up to offsets %s; its writer has not come so far again", ErrLost, s.ID, text)
		}
	}
	return nil
}

type mark map[string]map[string]int64

func markOf(text string) mark {
	var m mark
	if json.Unmarshal([]byte(text), &m) != nil {
		return nil
	}
	return m
}

// mark is that of the newest snapshot that has one.
func (m Metadata) mark() mark {
	for _, s := range m.Lineage() {
		if text, ok := s.Summary[watermarkKey]; ok {
			return markOf(text)
		}
	}
	return nil
}

// covers says that m is nowhere behind other, which says something.
func (m mark) covers(other mark) bool {
	for topic, partitions := range other {
		for p, next := range partitions {
			if m[topic][p] < next {
				return false
			}
		}
	}
	return len(other) > 0
}
