package inside

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/k2-platform/faultline/faults"
)

// Percent is a parameter that takes more than 0 and at most so many percent.
func Percent(name, summary, otherwise string, most float64) faults.Parameter {
	return faults.Parameter{Name: name, Summary: summary, Default: otherwise, Check: func(text string) error {
		_, err := percent(text, most)
		return err
	}}
}

// Share is what a fault says for a parameter of Percent, or its default, as a
// number from 0 to 1. The value was checked.
func Share(with map[string]string, p faults.Parameter) float64 {
	text := with[p.Name]
	if text == "" {
		text = p.Default
	}
	share, err := percent(text, 100)
	if err != nil {
		return 0
	}
	return share
}

func percent(text string, most float64) (float64, error) {
	number, ok := strings.CutSuffix(text, "%")
	n, err := strconv.ParseFloat(strings.TrimSpace(number), 64)
	if !ok || err != nil || math.IsNaN(n) || n <= 0 || n > most {
		return 0, fmt.Errorf("%q: write a percentage above 0%% and up to %g%%, such as %g%%", text, most, math.Floor(most*0.9))
	}
	return n / 100, nil
}
