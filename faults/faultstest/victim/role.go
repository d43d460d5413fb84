package victim

import (
	"context"
	"fmt"
	"io"
	"os"

	"github.com/k2-platform/faultline/faults/cpu"
	"github.com/k2-platform/faultline/faults/memory"
	"github.com/k2-platform/faultline/faults/network"
)

// Role is what TestMain of a package does first whose tests call drivers
// themselves: the test binary is then also each process that the light binary
// is for a driver. It returns where it is none of them.
func Role() {
	if len(os.Args) < 2 {
		return
	}
	roles := map[string]func(io.Reader) error{
		cpu.Command:    cpu.Burn,
		memory.Command: memory.Hold,
		network.KeeperCommand: func(io.Reader) error {
			return network.Keep(context.Background(), os.Stdin, os.Stdout)
		},
	}
	do, ok := roles[os.Args[1]]
	if !ok {
		return
	}
	if err := do(os.Stdin); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}
