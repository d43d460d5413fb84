package checkpoint

import (
	"debug/elf"
	"errors"
	"fmt"
)

// Build tells this program from every other one that was ever linked, by the
// build id that the linker put into it.
func Build() (string, error) {
	const note = ".note.go.buildid"
	f, err := elf.Open("/proc/self/exe")
	if err != nil {
		return "", fmt.Errorf("finding this program's build id: %w", err)
	}
	defer f.Close() //nolint:errcheck // it was only read
	section := f.Section(note)
	if section == nil {
		return "", errors.New("finding this program's build id: it was linked without one; leave out -ldflags=-buildid=")
	}
	id, err := section.Data()
	if err != nil {
		return "", fmt.Errorf("finding this program's build id: %w", err)
	}
	return string(id), nil
}
