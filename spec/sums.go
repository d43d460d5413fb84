package spec

import (
	"cmp"
	"time"
)

// DefaultWindow is how long windows are where nothing else is said.
const DefaultWindow = Duration(time.Minute)

// Windows says what of a flow is summed up over windows of time, on both sides.
// All of it are columns of the mapping.
type Windows struct {
	// By are the columns by whose values the records of a window are told apart,
	// such as exchange and symbol.
	By []string `yaml:"by" json:"by,omitempty"`
	// Time is what windows are made by; "" = the moment of the books.
	Time string `yaml:"time" json:"time,omitempty"`
	// Every is how long a window is; 0 = DefaultWindow.
	Every Duration `yaml:"every" json:"every,omitempty"`
	// Price and Quantity are decimals, which are summed, and so is their product.
	Price    string `yaml:"price" json:"price"`
	Quantity string `yaml:"quantity" json:"quantity"`
}

// Sequence is a column of the mapping whose whole numbers follow on each other,
// within each value of the columns Per.
type Sequence struct {
	Column string   `yaml:"column" json:"column"`
	Per    []string `yaml:"per" json:"per,omitempty"`
}

// WindowTime is the column that windows are made by; "" where there is none.
func (b Books) WindowTime() string {
	if b.Windows == nil {
		return b.Moment
	}
	return cmp.Or(b.Windows.Time, b.Moment)
}
