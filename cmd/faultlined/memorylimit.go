package main

import (
	"fmt"
	"strconv"
	"strings"
)

// limited is the one target of the sandbox that takes a memory limit.
const limited = "ingestion"

// memoryLimit is a flag such as ingestion=256MiB, in bytes.
type memoryLimit int64

func (m *memoryLimit) String() string {
	if *m == 0 {
		return ""
	}
	return fmt.Sprintf("%s=%dMiB", limited, *m>>20)
}

// Type is what help calls the value.
func (m *memoryLimit) Type() string { return "target=size" }

// Set reads the flag.
func (m *memoryLimit) Set(text string) error {
	const least = 64 // MiB, of which the service itself takes some
	name, size, ok := strings.Cut(text, "=")
	if !ok || name != limited {
		return fmt.Errorf("write %s=256MiB: no other target takes a limit", limited)
	}
	number, unit := strings.TrimSuffix(size, "MiB"), int64(1)
	if whole, ok := strings.CutSuffix(size, "GiB"); ok {
		number, unit = whole, 1024
	}
	n, err := strconv.ParseInt(number, 10, 32)
	if err != nil || number == size || n*unit < least {
		return fmt.Errorf("write whole MiB or GiB, such as 256MiB, from %dMiB on", least)
	}
	*m = memoryLimit(n * unit << 20)
	return nil
}
