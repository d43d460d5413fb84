package feed

import (
	"math"
	"math/rand/v2"
	"time"
)

// The figures are measured on the recorded ASX week of BHP and RIO: two thirds
// of the trades share their millisecond with the one before; of the others half
// wait over 3.5 s; four in five leave the price alone, and the rest move it by
// one to four ticks of half a cent; volumes are log-normal with a median near 65;
// 4.3 % of all rows repeat an earlier row exactly.
const (
	tick          = 500_000 // 0.005 in units of 10^-8
	unit          = 100_000_000
	sameInstant   = 0.66
	samePrice     = 0.80
	exactRepeat   = 0.052 // of those that may: a company's trade before must share the instant
	medianVolume  = 65
	volumeSpread  = 1.75
	medianWaitMS  = 2200
	waitSpread    = 1.7
	longestWaitMS = 60_000
)

// instrument is one generated company.
type instrument struct {
	symbol string
	weight float64 // cumulative share of all trades
	price  int64
	row    int64
	last   Trade
}

// generator makes trades that no market ever saw but every pipeline could.
type generator struct {
	random      *rand.Rand
	at          time.Time
	instruments []*instrument
}

func newGenerator(seed uint64) *generator {
	return &generator{
		random: rand.New(rand.NewPCG(seed, 0x5eed)), //nolint:gosec // repeatability is wanted, not secrecy
		at:     time.Date(2014, 3, 10, 10, 0, 0, 0, time.UTC),
		instruments: []*instrument{
			{symbol: "RIO", weight: 0.541, price: 65 * unit},
			{symbol: "BHP", weight: 0.998, price: 36 * unit},
			{symbol: "DVN", weight: 0.9993, price: 65 * unit / 100},
			{symbol: "MWR", weight: 1, price: 115 * unit / 100},
		},
	}
}

// Next makes the next trade. It has no error and no end.
func (g *generator) Next() (Trade, error) {
	in := g.pick()
	in.row++
	if in.last.ID != "" && g.random.Float64() < exactRepeat && in.last.Time.Equal(g.at) {
		return g.issue(in, in.last), nil
	}
	if g.random.Float64() >= sameInstant {
		g.pass()
	}
	g.move(in)
	volume := max(1, int64(medianVolume*math.Exp(g.random.NormFloat64()*volumeSpread)))
	t := Trade{Symbol: in.symbol, Time: g.at, Price: in.price, Volume: min(volume, 500_000) * unit, Qualifiers: "0"}
	switch p := g.random.Float64(); {
	case p < 0.07:
		t.Qualifiers = "25"
	case p < 0.11:
		t.Qualifiers = "2"
	}
	if g.random.Float64() < 0.001 {
		t.Venue = "X"
	}
	return g.issue(in, t), nil
}

// issue gives a trade its place and remembers it for an exact repeat.
func (g *generator) issue(in *instrument, t Trade) Trade {
	t.Row = in.row
	t.ID = identify(in.symbol, in.row, 1)
	in.last = t
	return t
}

func (g *generator) pick() *instrument {
	p := g.random.Float64()
	for _, in := range g.instruments {
		if p < in.weight {
			return in
		}
	}
	return g.instruments[0]
}

// pass moves the market's clock on, and from the close to the next open.
func (g *generator) pass() {
	wait := min(medianWaitMS*math.Exp(g.random.NormFloat64()*waitSpread), longestWaitMS)
	g.at = g.at.Add(time.Duration(1+wait) * time.Millisecond)
	if g.at.Hour() < 16 {
		return
	}
	days := 1
	if g.at.Weekday() == time.Friday {
		days = 3
	}
	y, m, d := g.at.Date()
	g.at = time.Date(y, m, d+days, 10, 0, 0, 0, time.UTC)
}

// move lets the price walk in ticks and keeps it positive.
func (g *generator) move(in *instrument) {
	if g.random.Float64() < samePrice {
		return
	}
	ticks := []int64{1, 1, 1, 2, 2, 2, 2, 3, 4}[g.random.IntN(9)]
	if g.random.IntN(2) == 0 {
		ticks = -ticks
	}
	if next := in.price + ticks*tick; next > 0 {
		in.price = next
	}
}

// Close has nothing to release.
func (g *generator) Close() error { return nil }
