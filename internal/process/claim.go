package process

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"golang.org/x/sys/unix"
)

// ErrClaimed says that another process holds a claim.
var ErrClaimed = errors.New("it is claimed already")

const longestHolder = 500

// Claim locks the file at path for the calling process and writes who that is
// into it. The kernel frees it when the process ends, however that comes
// about. One that another holds is ErrClaimed, with what that one wrote.
func Claim(path, holder string) (release func() error, err error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600) //nolint:gosec // the operator names the folder
	if err != nil {
		return nil, fmt.Errorf("claiming: %w", err)
	}
	err = unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
	if errors.Is(err, unix.EWOULDBLOCK) {
		err = fmt.Errorf("%w by %s", ErrClaimed, Holder(path))
	}
	if err != nil {
		return nil, fmt.Errorf("claiming %s: %w", path, errors.Join(err, f.Close()))
	}
	// On a full disk the claim is as good without a name.
	if f.Truncate(0) == nil {
		_, _ = f.WriteAt([]byte(holder+"\n"), 0)
	}
	return f.Close, nil
}

// Holder is what the process wrote that last had a claim; it may have ended.
func Holder(path string) string {
	text, err := os.ReadFile(path) //nolint:gosec // the operator names the folder
	if err != nil || len(text) == 0 {
		return "somebody unknown"
	}
	return strings.TrimSpace(string(text[:min(len(text), longestHolder)]))
}
