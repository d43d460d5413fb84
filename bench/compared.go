package main

import (
	"cmp"
	"fmt"
	"slices"
	"time"
)

const (
	passingShare  = 0.9 // of direct throughput
	decodingShare = 0.5
)

// compare is a figure's lines of the table, one for each way. Each round is
// compared with the same round of another way.
func (b *bench) compare(f figure, ways []*way, all []taken) {
	direct := all[0]
	peer := slices.IndexFunc(ways, func(w *way) bool { return w.name == toxiproxy })
	for i, w := range ways {
		got, target, met := all[i], "", false
		measured, against := got.text(direct)
		if i == 0 {
			b.peer(f.name+", "+w.name, measured)
			continue
		}
		switch {
		case w.name == passing && f.flow != nil:
			target, met = "≥ 90 % of direct", median(got.shares(direct)) >= passingShare
		case w.name == passing:
			target, met = "≤ 150 µs added at p50", median(got.added(direct, 0.5)) <= addedP50
		case (w.name == idle || w.name == decoding) && f.flow != nil:
			target, met = "≥ 50 % of direct", median(got.shares(direct)) >= decodingShare
		}
		if w.name == passing && peer >= 0 {
			ahead, how := got.ahead(all[peer])
			target, met, against = target+", ahead of Toxiproxy", met && ahead, against+"; "+how
		}
		b.add(f.name+", "+w.name, target, measured+"; "+against, met)
	}
}

// text says what was measured, and how it compares with a direct connection.
func (t taken) text(direct taken) (measured, against string) {
	if len(t.flows) > 0 {
		rates := make([]float64, len(t.flows))
		for i, f := range t.flows {
			rates[i] = f.rate()
		}
		size := float64(t.flows[0].size) / 1e6
		measured = fmt.Sprintf("%.1f MB/s (%.1f–%.1f), %.0f records/s", median(rates)*size, slices.Min(rates)*size, slices.Max(rates)*size, median(rates))
		s := t.shares(direct)
		return measured, fmt.Sprintf("%.0f %% of direct (%.0f–%.0f %%)", median(s)*100, slices.Min(s)*100, slices.Max(s)*100)
	}
	every := t.every()
	a := t.added(direct, 0.5)
	return fmt.Sprintf("p50 %s, p99 %s (%d samples)", micros(every.median()), micros(every.at(0.99)), len(every)),
		fmt.Sprintf("%s added at p50 (%s–%s)", micros(median(a)), micros(slices.Min(a)), micros(slices.Max(a)))
}

// every is those of all rounds.
func (t taken) every() (out spread) {
	for _, l := range t.latencies {
		out = append(out, l...)
	}
	return out
}

// shares are throughputs as shares of another's, round by round.
func (t taken) shares(of taken) []float64 {
	out := make([]float64, len(t.flows))
	for i, f := range t.flows {
		out[i] = f.rate() / of.flows[i].rate()
	}
	return out
}

// added are how much longer a share of the calls took than those of another
// way, round by round.
func (t taken) added(to taken, share float64) []time.Duration {
	out := make([]time.Duration, len(t.latencies))
	for i, l := range t.latencies {
		out[i] = l.at(share) - to.latencies[i].at(share)
	}
	return out
}

// ahead says whether this is no worse than another way, and how it compares.
func (t taken) ahead(of taken) (bool, string) {
	if len(t.flows) > 0 {
		s := median(t.shares(of))
		return s >= 1, fmt.Sprintf("%.0f %% of Toxiproxy", s*100)
	}
	p50, p99 := median(t.added(of, 0.5)), t.every().at(0.99)-of.every().at(0.99) // of one round, too few are beyond it
	return p50 <= 0 && p99 <= 0, fmt.Sprintf("against Toxiproxy %s at p50, %s at p99", signed(p50), signed(p99))
}

func median[T cmp.Ordered](all []T) T { return slices.Sorted(slices.Values(all))[len(all)/2] }

func micros(d time.Duration) string { return fmt.Sprintf("%.0f µs", float64(d)/1e3) }

func signed(d time.Duration) string { return fmt.Sprintf("%+.0f µs", float64(d)/1e3) }
