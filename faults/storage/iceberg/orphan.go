package iceberg

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
)

// Orphan makes a version of a table that nobody committed: what raw would be
// without its newest snapshot. All else stays as it is, numbers to the last digit.
func Orphan(raw []byte) ([]byte, error) {
	m, err := Parse(raw)
	if err != nil {
		return nil, err
	}
	head, ok := m.Head()
	if !ok {
		return nil, fmt.Errorf("taking the newest snapshot out: there is none")
	}
	if raw, err = plain(raw); err != nil {
		return nil, err
	}
	var all map[string]any
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	if err := d.Decode(&all); err != nil {
		return nil, fmt.Errorf("reading metadata: %w", err)
	}
	gone := json.Number(fmt.Sprint(head.ID))
	for _, list := range []string{"snapshots", "snapshot-log", "statistics", "partition-statistics"} {
		if entries, ok := all[list].([]any); ok {
			all[list] = slices.DeleteFunc(entries, func(e any) bool { return of(e) == gone })
		}
	}
	refs, _ := all["refs"].(map[string]any)
	for name, ref := range refs {
		if of(ref) == gone && name != "main" {
			delete(refs, name)
		}
	}
	if head.Parent == nil {
		delete(all, "current-snapshot-id")
		delete(refs, "main")
	} else {
		parent := json.Number(fmt.Sprint(*head.Parent))
		all["current-snapshot-id"] = parent
		if main, ok := refs["main"].(map[string]any); ok {
			main["snapshot-id"] = parent
		}
	}
	return json.Marshal(all)
}

// of is the snapshot that an entry of a list is of.
func of(entry any) any {
	fields, _ := entry.(map[string]any)
	return fields["snapshot-id"]
}
