package sparkaudit

import (
	"embed"
	"fmt"

	"github.com/k2-platform/faultline/internal/spark"
)

//go:embed checks/*.sql
var files embed.FS

// check is one file of checks, and how its answer is told.
type check struct {
	file string
	name string
	// wants says whether it is run.
	wants bool
	// without says what is missing where it is not run and should be: its answer
	// is unknown then. Empty: it is left out.
	without string
	// tell makes rows of what the engine found. Those that say no check and no
	// window get the check's.
	tell func(Options, []found) ([]Row, error)
}

// checks are all there are, in the order of their rows.
func (o Options) checks() []check {
	return []check{
		{file: "key_unique", name: "key_unique", wants: true, tell: tellKeys},
		{file: "window_sums", name: "window_sums", wants: o.Produced != nil, without: "what was produced is not known: it is the log's side of the sums", tell: tellSums},
		{file: "sequence_gaps", name: "sequence_" + o.Columns.Sequence, wants: o.Columns.Sequence != "", tell: tellSequences},
		{file: "stored_stays", name: "stored_stays", wants: o.Before != 0, tell: tellStays},
		{file: "unresolved_dead_letters", name: "unresolved_dead_letters", wants: o.DeadLetters, tell: tellLetters},
	}
}

// job is the SQL of the checks that o wants.
func (o Options) job() (spark.Job, error) {
	job := spark.Job{Snapshots: o.snapshots(), Views: o.views()}
	for _, c := range o.checks() {
		if !c.wants {
			continue
		}
		sql, err := files.ReadFile("checks/" + c.file + ".sql")
		if err != nil {
			return spark.Job{}, fmt.Errorf("reading check %s: %w", c.name, err)
		}
		job.Queries = append(job.Queries, spark.Query{Name: c.name, SQL: string(sql)})
	}
	return job, nil
}
