package topic

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/k2-platform/faultline/faults"
	"github.com/k2-platform/faultline/ledger"
	"github.com/k2-platform/faultline/spec"
)

// PoisonHeader is the header of every poison record. Its value is the id of
// the receipt: by it accounting tells such a record from those of the platform.
const PoisonHeader = "faultline-poison"

const (
	undoMark   = "mark"   // file that says that poison is produced
	undoDose   = "dose"   // what is produced, as JSON
	undoCannot = "cannot" // what rollback cannot do, for people
	markPrefix = "faultline-poison-"
	cannot     = "records that were produced stay in the topic: rollback stops producing, and takes none back"
)

// Poison produces records to a topic that its consumers cannot take. They stay
// there: undone is it once no more come.
//
// They are produced inside the process that injected, and end with it; a mark,
// a file of its own in Dir, is how another process stops that, and sees it.
type Poison struct {
	Dir string // of marks; "" = the system's folder for temporary files
}

var _ faults.Driver = Poison{}

// Describe tells people about the fault.
func (Poison) Describe() faults.Kind {
	return faults.Kind{
		Name: "topic.poison", Risk: faults.Dangerous, Serves: true, Breaks: []spec.TargetKind{spec.TopicKind},
		Summary: "produces records that consumers cannot take; rollback takes none back", Parameters: doseParameters(),
		Together: func(with map[string]string) error {
			_, err := readDose(with)
			return err
		},
	}
}

// Plan names a mark that nobody has, and reads a record of the topic where one
// is to be cut short.
func (p Poison) Plan(ctx context.Context, f spec.Fault, t spec.Target) (faults.Receipt, error) {
	r, err := p.plan(ctx, f, t)
	return faults.Planned(p.Describe().Name, f, r, err)
}

func (p Poison) plan(ctx context.Context, f spec.Fault, t spec.Target) (faults.Receipt, error) {
	if err := p.Describe().Check(f, t); err != nil {
		return faults.Receipt{}, err
	}
	d, err := readDose(f.With)
	if err != nil {
		return faults.Receipt{}, err
	}
	r, k, err := begin(ctx, f, t)
	if err != nil {
		return faults.Receipt{}, err
	}
	defer k.Close()
	if err := d.draw(ctx, k, t.Topic); err != nil {
		return faults.Receipt{}, err
	}
	dir := p.Dir
	if dir == "" {
		dir = os.TempDir()
	}
	if dir, err = filepath.Abs(dir); err != nil {
		return faults.Receipt{}, err
	}
	r.Undo[undoMark], r.Undo[undoCannot] = filepath.Join(dir, markPrefix+rand.Text()), cannot
	return r, put(r.Undo, undoDose, d)
}

// Inject returns once the first record is stored; the others follow.
func (p Poison) Inject(ctx context.Context, r faults.Receipt) error {
	err := ctx.Err()
	if err == nil && ledger.Boottime() > r.Expires {
		err = fmt.Errorf("%w: its deadline has passed", faults.ErrRefused)
	}
	if err == nil {
		err = inject(ctx, r)
	}
	if err != nil {
		return fmt.Errorf("injecting %s into %s: %w", r.Kind, r.Target, err)
	}
	return faults.Await(ctx, p, r, faults.Present)
}

func inject(ctx context.Context, r faults.Receipt) error {
	m, err := markOf(r)
	if err != nil {
		return err
	}
	var d dose
	if err := take(r.Undo, undoDose, &d); err != nil {
		return fmt.Errorf("reading receipt %s: %w", r.ID, err)
	}
	k, err := of(ctx, r)
	if err != nil {
		return err
	}
	k.Close()
	held, err := m.hold()
	if err != nil || held == nil {
		return err // nil: it is produced already
	}
	maker, err := newMaker(r, d, held)
	if err != nil {
		return errors.Join(err, held.close())
	}
	go maker.run() //nolint:gosec // it outlives the injection: its mark and its deadline end it
	return nil
}

// Rollback has the producer end, whichever process it is in, and waits for
// that. It needs no Kafka.
func (p Poison) Rollback(ctx context.Context, r faults.Receipt) error {
	m, err := markOf(r)
	if err == nil {
		err = m.end(ctx)
	}
	if err != nil {
		return fmt.Errorf("rolling back %s on %s: %w", r.Kind, r.Target, err)
	}
	return nil
}

// Probe looks for the producer, and whether a record of it was stored.
func (p Poison) Probe(_ context.Context, r faults.Receipt) (faults.Presence, error) {
	m, err := markOf(r)
	if err != nil {
		return faults.Unseen, fmt.Errorf("probing %s on %s: %w", r.Kind, r.Target, err)
	}
	made, err := m.look()
	switch {
	case errors.Is(err, errNobody):
		return faults.Absent, nil
	case err != nil:
		return faults.Unseen, fmt.Errorf("probing %s on %s: %w", r.Kind, r.Target, err)
	case made == 0:
		return faults.Unseen, nil // it is about to
	}
	return faults.Present, nil
}
