package feed

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// parseRow reads Date, Time, Price, Volume, Qualifiers, Venue, BuyerID.
// Odd prices pass: judging a trade is the sink's business.
func parseRow(fields []string) (Trade, error) {
	at, err := time.Parse("01/02/2006 15:04:05.999", fields[0]+" "+fields[1])
	if err != nil {
		return Trade{}, fmt.Errorf("parsing time: %w", err)
	}
	price, err := parseDecimal(fields[2])
	if err != nil {
		return Trade{}, fmt.Errorf("parsing price: %w", err)
	}
	volume, err := parseDecimal(fields[3])
	if err != nil {
		return Trade{}, fmt.Errorf("parsing volume: %w", err)
	}
	// The csv reader reuses its buffer per row, but strings are copies of it
	// as a whole: clone so that a short venue does not keep the row alive.
	return Trade{
		Time: at, Price: price, Volume: volume, Qualifiers: strings.Clone(fields[4]),
		Venue: strings.Clone(fields[5]), Buyer: strings.Clone(fields[6]),
	}, nil
}

// parseDecimal reads a plain decimal into units of 10^-8 without passing
// through a float, which would change prices.
func parseDecimal(s string) (int64, error) {
	whole, frac, _ := strings.Cut(s, ".")
	if len(frac) > 8 {
		return 0, fmt.Errorf("%q has more than 8 decimals", s)
	}
	n, err := strconv.ParseInt(whole+frac+strings.Repeat("0", 8-len(frac)), 10, 64)
	if err != nil {
		return 0, fmt.Errorf("%q is not a decimal number in range: %w", s, err)
	}
	return n, nil
}

// symbolOf names the companies whose recordings the platform ships by id; any
// other file is named after its symbol.
func symbolOf(file string) string {
	switch file {
	case "3153":
		return "MWR"
	case "7078":
		return "BHP"
	case "7181":
		return "DVN"
	case "7458":
		return "RIO"
	}
	return file
}
