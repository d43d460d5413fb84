package audit

import (
	"cmp"
	"errors"
	"runtime"
)

// Window says which records are accounted for.
type Window struct {
	Log []Range `json:"log"`
	// Snapshot of the table, 0 for the one of now. After leaves out the rows that
	// an earlier one has.
	Snapshot int64 `json:"snapshot"`
	After    int64 `json:"after,omitempty"`
	// Deadline is a snapshot: rows that came after it are late. 0: none is.
	Deadline int64 `json:"deadline,omitempty"`
	// Moments cut log and table by the time of their records; nil: all are of the window.
	Moments *Moments `json:"moments,omitempty"`
	// Sink is the next offset of each partition that the sink has not committed:
	// what stands behind it, and is not stored, is in flight and not lost. nil: it
	// is past all.
	Sink map[int32]int64 `json:"sink,omitempty"`
	// Alone says that log and table hold the records of the window and no
	// others. Where it is false a row that nobody produced is passed over, as it
	// may be of another window, and the report says that none was looked for.
	Alone bool `json:"alone"`
}

// Config is one audit. Log, Table and Formers are needed.
type Config struct {
	Log     Log
	Table   Table
	Formers func() Former
	// Columns are the names of the forms: those of the key, which are Keys, first.
	Columns []string
	Keys    int
	Window  Window

	Letters  []Letters // nil: there are no dead letters
	Receipts Receipts  // nil: the log alone says what was produced
	Truth    Truth     // nil: no fault touched a record

	Workers  int   // that read at once; default one for each processor
	Group    int64 // records that are looked at again at once; default 300,000
	Slice    int64 // offsets that one worker takes at once; default 1,000,000
	Power    int   // of two, of the buckets: more are fewer records looked at again; default 16
	Examples int   // named of each class; default 10
	Out      Out   // is told of single records and dead letters; nil: nobody is
	Store    Store // keeps how far the audit is; nil: nothing does
}

// Defaults of Config.
const (
	defaultGroup    = 300_000
	defaultSlice    = 1_000_000
	defaultExamples = 10
	// defaultPower is 1.5 MiB for each side and worker.
	defaultPower = 16
	mostPower    = 22
)

func (c Config) withDefaults() Config {
	c.Workers = cmp.Or(max(c.Workers, 0), runtime.GOMAXPROCS(0))
	c.Group = cmp.Or(max(c.Group, 0), defaultGroup)
	c.Slice = cmp.Or(max(c.Slice, 0), defaultSlice)
	c.Power = min(cmp.Or(max(c.Power, 0), defaultPower), mostPower)
	c.Examples = cmp.Or(max(c.Examples, 0), defaultExamples)
	return c
}

// Validate joins all that is missing.
func (c Config) Validate() error {
	var problems []error
	if c.Log == nil || c.Table == nil || c.Formers == nil {
		problems = append(problems, errors.New("an audit needs a log, a table, and a mapping of one to the other"))
	}
	if c.Keys < 1 || c.Keys > len(c.Columns) {
		problems = append(problems, errors.New("an audit needs the columns of the natural key, which tell one record from another"))
	}
	return errors.Join(problems...)
}
