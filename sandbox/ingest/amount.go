package ingest

import (
	"encoding/json"
	"fmt"
	"math/big"

	"github.com/k2-platform/faultline/sandbox/trade"
)

// Amount is a price or quantity in units of 10^-8. In JSON it is a decimal
// number as text with all its digits, as the table of trades has it.
type Amount int64

// MarshalJSON writes such as "36.66700000".
func (a Amount) MarshalJSON() ([]byte, error) {
	return []byte(`"` + trade.Decimal(int64(a)).FloatString(trade.Scale) + `"`), nil
}

// UnmarshalJSON reads what MarshalJSON writes, and any decimal number that has
// no more digits, as text or as a JSON number.
func (a *Amount) UnmarshalJSON(text []byte) error {
	var s json.Number
	if err := json.Unmarshal(text, &s); err != nil {
		return fmt.Errorf("reading an amount: %w", err)
	}
	r, ok := new(big.Rat).SetString(s.String())
	if !ok {
		return fmt.Errorf("reading an amount: %s is no decimal number", text)
	}
	n := trade.Unscaled(r)
	if !n.IsInt64() || trade.Decimal(n.Int64()).Cmp(r) != 0 {
		return fmt.Errorf("reading an amount: %s has more than %d decimals, or is out of range", text, trade.Scale)
	}
	*a = Amount(n.Int64())
	return nil
}
