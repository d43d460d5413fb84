package events

import (
	"time"

	"github.com/k2-platform/faultline/spec"
)

// Event is a fact about one experiment. It is never refused.
//
//sumtype:decl
type Event interface{ isEvent() }

// ExperimentScheduled says that a document was accepted.
type ExperimentScheduled struct {
	Document spec.Document `json:"document"`
	By       string        `json:"by"`
	IKnow    bool          `json:"i_know,omitempty"` // its risk was acknowledged
}

// ExperimentDenied says that an experiment may not run here, and why.
type ExperimentDenied struct {
	By      string   `json:"by"`
	Reasons []string `json:"reasons"`
}

// CommandRefused says that a command changed nothing, and why.
type CommandRefused struct {
	Command string `json:"command"` // id of the command
	Type    string `json:"type"`
	By      string `json:"by,omitempty"`
	Why     string `json:"why"`
}

// BaselineStarted says that readings are being taken.
type BaselineStarted struct {
	// Books is where the record accounting begins: records taken so far.
	Books *BookMark `json:"books,omitempty"`
}

// BaselineEstablished holds what was normal before injection.
type BaselineEstablished struct {
	Metrics map[string]Distribution `json:"metrics"`
	Windows int                     `json:"windows"`
	Broken  int                     `json:"broken"` // windows that broke their own steady state
}

// FaultInjectionRequested asks the agent that owns the target to break it.
type FaultInjectionRequested struct {
	Step    spec.StepID   `json:"step"`
	Fault   spec.Fault    `json:"fault"`
	MaxLife spec.Duration `json:"max_life"` // undone then, whoever is alive
}

// FaultInjected says that the fault was seen on its target.
type FaultInjected struct {
	Step    spec.StepID `json:"step"`
	Receipt string      `json:"receipt"`
	SeenAt  time.Time   `json:"seen_at"`
}

// FaultInjectionFailed says that the fault is not there.
type FaultInjectionFailed struct {
	Step spec.StepID `json:"step"`
	Why  string      `json:"why"`
}

// RequestRefused says that an agent did not do what it was asked for, who
// asked, and why not.
type RequestRefused struct {
	Agent string `json:"agent"`
	What  string `json:"what"`
	From  string `json:"from"` // who asked, as the request says
	Why   string `json:"why"`
}

// RollbackTriggered says that a rule ended the experiment early.
type RollbackTriggered struct {
	Rule     string             `json:"rule"`
	Answer   Answer             `json:"answer"` // holds, or unknown for longer than its grace
	Values   map[string]float64 `json:"values,omitempty"`
	ReadAt   time.Time          `json:"read_at"`
	Observed uint64             `json:"observed"` // number of the tick
}

// RollbackRequested asks the agent to undo one step's fault.
type RollbackRequested struct {
	Step   spec.StepID `json:"step"`
	Cause  Cause       `json:"cause"`
	Reason string      `json:"reason,omitempty"`
}

// FaultRolledBack says that the fault was seen gone.
type FaultRolledBack struct {
	Step   spec.StepID `json:"step"`
	Cause  Cause       `json:"cause"`
	SeenAt time.Time   `json:"seen_at"`
	// Why is more about the cause: the rule that fired, the halt's reason.
	Why string `json:"why,omitempty"`
	// Stays is what it leaves on the target, which breaks nothing: a schema id
	// that is used up.
	Stays []string `json:"stays,omitempty"`
}

// RollbackStuck says that a fault could not be undone, and what to run by
// hand.
type RollbackStuck struct {
	Step   spec.StepID `json:"step"`
	Why    string      `json:"why"`
	Manual string      `json:"manual"`
}

// ClaimJudged is the answer to one claim of the document.
type ClaimJudged struct {
	Claim  Claim              `json:"claim"`
	Rule   string             `json:"rule"`
	Answer Answer             `json:"answer"`
	At     time.Time          `json:"at"`
	Values map[string]float64 `json:"values,omitempty"`
	Detail string             `json:"detail,omitempty"`
}

// Claim says which part of the document was judged.
type Claim string

// The claims.
const (
	ClaimImpact    Claim = "expected_impact"
	ClaimMaintains Claim = "maintains"
	ClaimRecovery  Claim = "recovery"
)

// RecoveryMeasured says how the target came back. Times are absent where it
// did not.
type RecoveryMeasured struct {
	Recovered     bool           `json:"recovered"`
	FromInjection *spec.Duration `json:"from_injection,omitempty"` // self-healing counts
	FromRollback  *spec.Duration `json:"from_rollback,omitempty"`
	Why           string         `json:"why,omitempty"`
	Impact        UserImpact     `json:"user_impact"`
}

// UserImpact is what clients of the system saw between injection and recovery.
type UserImpact struct {
	MinAvailability *float64 `json:"min_availability,omitempty"` // share, 0 to 1
	MaxErrorRate    *float64 `json:"max_error_rate,omitempty"`   // share, 0 to 1
	MaxResponseTime *float64 `json:"max_response_time,omitempty"`
	MaxDataAge      *float64 `json:"max_data_age,omitempty"` // seconds
	// MaxIngestionGap is the longest time between two acknowledgements, in seconds.
	MaxIngestionGap *float64 `json:"max_ingestion_gap,omitempty"`
}

// BookMark is a place in the flow of records, and the snapshot of the trade
// table at that moment (0 where there was none).
type BookMark struct {
	Taken    int64 `json:"taken"`
	Snapshot int64 `json:"snapshot"`
	// Tag names the snapshot in the table's catalog, so that it stays readable.
	Tag string `json:"tag,omitempty"`
	// Untagged is why the snapshot was to have a tag and has none: it may expire.
	Untagged string `json:"untagged,omitempty"`
}

// BooksClosed is the account of every record of the experiment's window.
// What could not be read leaves Balanced false and says so in Why.
type BooksClosed struct {
	From         BookMark `json:"from"`
	To           BookMark `json:"to"`
	During       int64    `json:"during_snapshot"`
	Taken        int64    `json:"taken"`
	Stored       int64    `json:"stored"`
	DeadLettered int64    `json:"dead_lettered"`
	Dropped      int64    `json:"dropped"`
	Shed         int64    `json:"shed,omitempty"` // refused on purpose to save the service: not lost
	LostAcked    int64    `json:"lost_acked"`
	Lost         int64    `json:"lost"`
	StoredTwice  int64    `json:"stored_twice"`
	Altered      int64    `json:"altered,omitempty"`       // stored otherwise than they were sent
	Changed      int64    `json:"changed,omitempty"`       // that faults changed on their way, by the ground truth
	Detected     int64    `json:"detected,omitempty"`      // of those, among the dead letters
	FalseRejects int64    `json:"false_rejects,omitempty"` // dead letters that no fault had touched
	LossFraction float64  `json:"loss_fraction"`
	Balanced     bool     `json:"balanced"`
	Examples     []string `json:"examples,omitempty"` // keys of records that went missing
	Why          string   `json:"why,omitempty"`
	// Truth is of experiments whose faults touch records. Without all of it the
	// books do not balance.
	Truth *GroundTruth `json:"ground_truth,omitempty"`
	// Ledger has every record of the window in one class. It is of platforms whose
	// books have a mapping; where it is not complete the books do not balance.
	Ledger *RecordLedger `json:"ledger,omitempty"`
	// Checks are of the table itself. One that is violated refutes, one that is
	// unknown leaves the verdict open.
	Checks []IntegrityCheck `json:"checks,omitempty"`
}

// RecordLedger says what became of the records between two snapshots of the
// table. The zero value is not complete.
type RecordLedger struct {
	Records int64 `json:"records"` // of the log
	Rows    int64 `json:"rows"`
	Letters int64 `json:"letters"` // records with a dead letter
	// Classes counts records by the name of their class.
	Classes  map[string]int64 `json:"classes,omitempty"`
	Unknown  int64            `json:"unknown,omitempty"` // in no class
	Reasons  map[string]int64 `json:"reasons,omitempty"` // of dead letters, by record
	Examples []LedgerRecord   `json:"examples,omitempty"`
	Complete bool             `json:"complete"`      // all was read, and the sums come out even
	Why      string           `json:"why,omitempty"` // not complete
	// Pages is nil where single records were not written anywhere.
	Pages *LedgerPages `json:"pages,omitempty"`
}

// LedgerPages is what was written to chaos.record-ledger when the books were
// closed: all records that are not stored once, as they were sent and in time,
// and all dead letters of the window.
type LedgerPages struct {
	Closing string `json:"closing"` // that the pages bear
	Pages   uint64 `json:"pages"`
	Records int64  `json:"records"`
	Letters int64  `json:"letters"`
}

// GroundTruth is what the log has of the records that faults touched on
// purpose. The zero value is not complete.
type GroundTruth struct {
	Receipts int64  `json:"receipts"` // faults that were lifted and told how many entries they have
	Written  int64  `json:"written"`  // entries that they told of
	Entries  int64  `json:"entries"`  // that were found, each once
	Complete bool   `json:"complete"`
	Why      string `json:"why,omitempty"` // not complete
}

// Concluded is the one verdict of an experiment.
type Concluded struct {
	Verdict Verdict  `json:"verdict"`
	Aborted bool     `json:"aborted,omitempty"`
	Reasons []string `json:"reasons"`
}

// ExperimentKept says that its publisher spoke.
type ExperimentKept struct {
	By string `json:"by"`
}

// NoteAdded attaches a finding or an improvement to the experiment.
type NoteAdded struct {
	Kind   NoteKind `json:"kind"`
	Text   string   `json:"text"`
	By     string   `json:"by"`
	Event  uint64   `json:"event,omitempty"` // version of the batch it speaks of
	Column string   `json:"column,omitempty"`
}

// NoteKind is what a note is.
type NoteKind string

// The two kinds of note.
const (
	Finding     NoteKind = "finding"
	Improvement NoteKind = "improvement"
)

func (ExperimentScheduled) isEvent()     {}
func (ExperimentDenied) isEvent()        {}
func (CommandRefused) isEvent()          {}
func (BaselineStarted) isEvent()         {}
func (BaselineEstablished) isEvent()     {}
func (FaultInjectionRequested) isEvent() {}
func (FaultInjected) isEvent()           {}
func (FaultInjectionFailed) isEvent()    {}
func (RequestRefused) isEvent()          {}
func (RollbackTriggered) isEvent()       {}
func (RollbackRequested) isEvent()       {}
func (FaultRolledBack) isEvent()         {}
func (RollbackStuck) isEvent()           {}
func (ClaimJudged) isEvent()             {}
func (RecoveryMeasured) isEvent()        {}
func (BooksClosed) isEvent()             {}
func (Concluded) isEvent()               {}
func (ExperimentKept) isEvent()          {}
func (NoteAdded) isEvent()               {}
