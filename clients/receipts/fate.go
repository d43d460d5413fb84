package receipts

// State is what became of one record.
type State string

// The states. The zero value is none of them; a record whose fate nobody knows
// is Unknown: the producer died before the answer, or was told nothing that
// says whether it was written.
const (
	Unknown State = "unknown"
	Pending State = "pending" // taken, and not answered yet
	Acked   State = "acked"
	Dropped State = "dropped" // never sent: the producer had no room for it
	Failed  State = "failed"  // never written: it could not be encoded, or Kafka refused it
	Shed    State = "shed"    // never sent: refused on purpose, to save memory for instance
)

// Fate is what a book keeps of a record. A producer's own type of receipt has
// it embedded, beside natural key and columns.
type Fate struct {
	Seq       int64 `json:"seq"` // from 1 on, without a hole
	State     State `json:"state"`
	Partition int32 `json:"partition"` // -1 unless acked
	Offset    int64 `json:"offset"`    // -1 unless acked
}

// Acknowledge notes where Kafka has the record.
func (f *Fate) Acknowledge(partition int32, offset int64) {
	f.State, f.Partition, f.Offset = Acked, partition, offset
}

func (f *Fate) fate() *Fate { return f }

// Receipt is a pointer to a type that has Fate embedded.
type Receipt[R any] interface {
	*R
	fate() *Fate
}

// Position counts receipts by state since the first start.
type Position struct {
	Taken   int64 `json:"taken"` // the highest number
	Acked   int64 `json:"acked"`
	Dropped int64 `json:"dropped"`
	Failed  int64 `json:"failed"`
	Shed    int64 `json:"shed"`
	Pending int64 `json:"pending"`
	Unknown int64 `json:"unknown"`
}

func (p *Position) count(s State, by int64) {
	switch s {
	case Unknown:
		p.Unknown += by
	case Pending:
		p.Pending += by
	case Acked:
		p.Acked += by
	case Dropped:
		p.Dropped += by
	case Failed:
		p.Failed += by
	case Shed:
		p.Shed += by
	}
}
