package mapping

import (
	"context"
	"errors"
	"fmt"

	"github.com/k2-platform/faultline/internal/confluent"
)

// plan is how the records of one schema are read, or why they cannot be.
type plan struct {
	id     int
	err    error
	avro   *avroNode
	proto  *protoPlans
	absent [][]byte // by column: the form of what is not there
}

// mostPlans is how many schemas are kept ready.
const mostPlans = 1024

// plan gives how records of a schema are read; one that was read before is ready.
func (m *Mapping) plan(ctx context.Context, id int) (*plan, error) {
	if p := m.last.Load(); p != nil && p.id == id {
		return p, p.err
	}
	m.mu.Lock()
	p := m.plans[id]
	m.mu.Unlock()
	if p == nil {
		s, err := m.schemas.Schema(ctx, id)
		switch {
		case err == nil:
		case errors.Is(err, ErrUnknownSchema), errors.Is(err, ErrRegistryAway):
			return nil, err
		case ctx.Err() != nil:
			return nil, ctx.Err()
		default:
			return nil, fmt.Errorf("%w: %w", ErrRegistryAway, err)
		}
		p = m.planFor(id, s)
		m.mu.Lock()
		if len(m.plans) >= mostPlans {
			clear(m.plans)
		}
		m.plans[id] = p
		m.mu.Unlock()
	}
	m.last.Store(p)
	return p, p.err
}

func (m *Mapping) planFor(id int, s *confluent.Schema) *plan {
	p := &plan{id: id}
	if p.err = usable(m.format, s); p.err != nil {
		return p
	}
	p.absent = make([][]byte, len(m.targets))
	if s.Avro != nil {
		p.avro, p.err = planAvro(m.targets, s.Avro, p.absent)
	} else {
		p.proto = &protoPlans{targets: m.targets, file: s.Proto, of: map[string]*protoPlan{}}
	}
	return p
}
