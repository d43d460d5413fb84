package main

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/spf13/pflag"
)

// cpuLimited is the one target of the sandbox that takes a limit of processor time.
const cpuLimited = "query"

// cpuLimit is a flag such as query=50%, in processors.
type cpuLimit float64

func (c *cpuLimit) String() string {
	if *c == 0 {
		return ""
	}
	return fmt.Sprintf("%s=%.0f%%", cpuLimited, 100*float64(*c))
}

// Type is what help calls the value.
func (c *cpuLimit) Type() string { return "target=share" }

// Set reads the flag.
func (c *cpuLimit) Set(text string) error {
	const least, most = 10, 6400 // percent
	name, share, ok := strings.Cut(text, "=")
	if !ok || name != cpuLimited {
		return fmt.Errorf("write %s=50%%: no other target takes a limit", cpuLimited)
	}
	number, isPercent := strings.CutSuffix(share, "%")
	n, err := strconv.ParseUint(number, 10, 16)
	if err != nil || !isPercent || n < least || n > most {
		return fmt.Errorf("write whole percents of one processor, such as 50%%, from %d%% to %d%%", least, most)
	}
	*c = cpuLimit(float64(n) / 100)
	return nil
}

// groupFlag is how the supervisor has a service run in a control group.
func groupFlag(flags *pflag.FlagSet, group *string) {
	flags.StringVar(group, "control-group", "", "folder of the control group to run in")
}
