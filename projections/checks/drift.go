package checks

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/k2-platform/faultline/internal/lake"
)

// Drift expects the table to have the columns of the mapping, of its types, and
// none that nobody compares; and the records to be written with schemas that
// the registry knows, the latest among them.
type Drift struct {
	// Mapped are the columns that the mapping names.
	Mapped []Column
	// Unmapped are columns that the table is known to have and the mapping leaves
	// out on purpose.
	Unmapped []string
	// Wider lets the table have any other columns, too.
	Wider bool
}

// Name implements Check.
func (Drift) Name() string { return "schema_drift" }

// Run implements Check.
func (d Drift) Run(ctx context.Context, in Input) ([]Result, error) {
	a, err := in.anatomy(ctx)
	if err != nil {
		return nil, err
	}
	var wrong examples
	d.columns(&wrong, a.Columns)
	seen := fmt.Sprintf("%s has the %d columns of the mapping", in.Name, len(d.Mapped))
	if in.Registry != nil {
		said, err := d.schemas(ctx, &wrong, in.Registry)
		if err != nil {
			return nil, err
		}
		seen += "; " + said
	}
	return []Result{wrong.result(seen)}, nil
}

func (d Drift) columns(wrong *examples, has []lake.AnatomyColumn) {
	is := map[string]string{}
	for _, c := range has {
		is[c.Name] = c.Type
	}
	mapped := map[string]bool{}
	for _, c := range d.Mapped {
		mapped[c.Name] = true
		switch kind, ok := is[c.Name]; {
		case !ok:
			wrong.add("column %s is in the mapping and not in the table", c.Name)
		case !alike(kind, c.Type):
			wrong.add("column %s is %s in the table and %s in the mapping", c.Name, kind, c.Type)
		}
	}
	for _, c := range has {
		if !d.Wider && !mapped[c.Name] && !slices.Contains(d.Unmapped, c.Name) {
			wrong.add("column %s is in the table and not in the mapping: nothing compares it", c.Name)
		}
	}
}

// alike compares types as Iceberg writes them, whatever their spaces; a mapping
// may leave the type open.
func alike(a, b string) bool {
	bare := func(t string) string { return strings.ReplaceAll(strings.ToLower(t), " ", "") }
	return b == "" || bare(a) == bare(b)
}

func (d Drift) schemas(ctx context.Context, wrong *examples, r Registry) (string, error) {
	versions, err := r.Versions(ctx)
	if err != nil {
		return "", fmt.Errorf("asking the registry for the schemas: %w", err)
	}
	used, err := r.Used(ctx)
	if err != nil {
		return "", fmt.Errorf("counting the schemas of the records: %w", err)
	}
	ids := slices.Sorted(maps.Keys(used))
	for _, id := range ids {
		if !slices.Contains(versions, id) {
			wrong.add("%d records name schema %d, which the subject does not have", used[id], id)
		}
	}
	if n := len(versions); n > 0 && len(ids) > 0 && !slices.Contains(ids, versions[n-1]) {
		wrong.add("schema %d is the registry's latest, and the records are written with %v", versions[n-1], ids)
	}
	return fmt.Sprintf("the records are written with schemas %v of %v", ids, versions), nil
}
