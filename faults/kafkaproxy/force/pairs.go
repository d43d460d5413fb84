package force

import (
	"github.com/k2-platform/faultline/faults/kafkaproxy/record"
)

// pairing finds pairs of fetched records, in whichever batches of a partition,
// whose values change places. Pairs are made once all batches were seen, and
// carried out the second time through them.
type pairing struct {
	found []found
	at    map[place]int    // index into found
	in    map[int]struct{} // batches that hold one
}

type found struct {
	place
	value []byte
}

type place struct{ batch, index int }

func (p *pairing) add(batch int, b *record.Batch, hits []int) {
	if p.at == nil {
		p.at, p.in = map[place]int{}, map[int]struct{}{}
	}
	for _, i := range hits {
		at := place{batch, i}
		p.at[at] = len(p.found)
		p.in[batch] = struct{}{}
		p.found = append(p.found, found{at, b.Records[i].Value})
	}
}

func (p *pairing) any() bool { return len(p.found) > 0 }

// other is the partner of one; false where it has none.
func (p *pairing) other(at place) (found, bool) {
	i, ok := p.at[at]
	if !ok || i^1 >= len(p.found) {
		return found{}, false
	}
	return p.found[i^1], true
}

// swap gives records of the batch the values of their partners.
func (h *hand) swap() bool {
	changed := false
	for i := range h.batch.Records {
		at := place{h.at, i}
		if _, met := h.pairs.at[at]; !met {
			continue
		}
		partner, ok := h.pairs.other(at)
		if !ok {
			h.active.tally.skipped(1, "no second record of the partition in the response to change values with")
			continue
		}
		r := &h.batch.Records[i]
		before := record.Hash(r)
		r.Value = partner.value
		if record.Hash(r) == before {
			h.active.tally.skipped(1, "two values that change places are the same")
			continue
		}
		h.mark(i, before)
		changed = true
	}
	return changed
}
