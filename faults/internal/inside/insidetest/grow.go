package insidetest

import (
	"context"
	"os"
	"strconv"
	"time"

	"golang.org/x/sys/unix"

	"github.com/k2-platform/faultline/internal/pause"
)

// perMillisecond is how quickly a target takes memory: by some 600 MB a second.
const perMillisecond = 1 << 20

// grow has as many bytes as a file says, until ctx ends.
func grow(ctx context.Context, file string) error {
	var has []byte
	for pause.For(ctx, 2*time.Millisecond) {
		text, err := os.ReadFile(file) //nolint:gosec // of the test
		if err != nil {
			continue
		}
		want, err := strconv.Atoi(string(text))
		if err != nil || want == len(has) {
			continue
		}
		if has != nil {
			if err := unix.Munmap(has); err != nil {
				return err
			}
			has = nil
		}
		if want == 0 {
			continue
		}
		if has, err = unix.Mmap(-1, 0, want, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANON); err != nil {
			return err
		}
		for i := 0; i < len(has); i += os.Getpagesize() {
			has[i] = 1
			if i%perMillisecond == 0 {
				pause.For(ctx, time.Millisecond)
			}
		}
	}
	return nil
}
